"""Coming and leaving: records and files from a source into a workspace, and out of it into open files.

Client side: nothing here needs the server's libraries. One file per source; each yields the records of
`entities.transfer` and opens files, and `importing` does the rest, the same for all.
"""

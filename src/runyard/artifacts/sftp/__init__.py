"""A directory of another machine, reached by SFTP, as a datastore. Needs the extra `runyard[sftp]` (asyncssh)."""

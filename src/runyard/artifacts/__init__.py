"""Datastores: files kept with runs and models, behind one contract.

contracts.py      what a datastore promises
paths.py, uris.py the only places where text from outside becomes a path or a location
opening.py        a datastore from its URL
local/            a directory, durable and safe against links
cloud/            S3, Azure Blob and Google Cloud Storage through obstore, which the extra `runyard[cloud]` brings
"""

"""A directory as a datastore."""

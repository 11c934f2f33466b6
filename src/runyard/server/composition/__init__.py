"""Concrete classes, chosen and joined to routes, one file per group of nouns.

foundation.py   what all others stand on: settings, database, datastore, secrets, who may do what
tracking.py     experiments, runs, points, models, traces, and their files
tables.py       runs as rows: tables, their keys and groups
events.py       what has changed, told as it happens
reporting.py    what runs tell while they run: journals, signs of life, alerts
data.py         datastores of users, datasets, secrets
workspaces.py   workspaces and resource groups
people.py       who people are, what they may do, what they did
measures.py     what the server tells about itself

Groups know the foundation, and of other groups what their arguments name. `server/app.py` joins them.
"""

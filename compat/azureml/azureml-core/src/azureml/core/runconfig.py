"""Arrives with a later release of Runyard."""

from azureml.core._later import JOBS, not_yet

raise not_yet("azureml.core.runconfig", JOBS)

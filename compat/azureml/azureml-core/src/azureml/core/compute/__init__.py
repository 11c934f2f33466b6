"""Arrives with a later release of Runyard."""

from runyard.client.azureml_later import JOBS, not_yet

raise not_yet("azureml.core.compute", JOBS)

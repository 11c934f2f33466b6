"""Arrives with a later release of Runyard."""

from azureml.core._later import SERVING, not_yet

raise not_yet("azureml.core.webservice", SERVING)

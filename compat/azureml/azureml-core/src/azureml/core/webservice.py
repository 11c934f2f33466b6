"""Arrives with a later release of Runyard."""

from runyard.client.azureml_later import SERVING, not_yet

raise not_yet("azureml.core.webservice", SERVING)

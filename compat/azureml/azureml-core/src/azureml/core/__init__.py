"""Runyard under the names of Azure ML's SDK v1. This is not the genuine package."""

import azureml
from runyard.client.azureml_names import check
from runyard.version import AZUREML_VERSION as VERSION

__all__ = ["VERSION"]

check(azureml)

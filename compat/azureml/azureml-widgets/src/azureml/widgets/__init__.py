"""Runyard's RunDetails, which watches a run in a notebook. This is not the genuine package."""

import azureml.core

from runyard.sdk.run_widget import RunDetails

__all__ = ["RunDetails"]

VERSION = azureml.core.VERSION

"""Imported before all else: nothing of Runyard's works in a mixture with the genuine SDK."""

import azureml

from runyard.client.azureml_names import check

check(azureml)

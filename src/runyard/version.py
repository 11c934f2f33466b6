"""The release of Runyard, the MLflow release whose REST API it speaks, and the version of Azure ML's names for it."""

__version__ = "0.1.0"
MLFLOW_API_VERSION = "3.18.0"
# Above every 1.x of the genuine SDK, so that no installer prefers or upgrades to that one unasked; see docs/decisions.
AZUREML_VERSION = f"1.999.0+runyard.{__version__.replace('+', '.')}"

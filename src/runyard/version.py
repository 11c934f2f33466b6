"""The release of Runyard, and the MLflow release whose REST API it speaks."""

__version__ = "0.1.0"
MLFLOW_API_VERSION = "3.18.0"

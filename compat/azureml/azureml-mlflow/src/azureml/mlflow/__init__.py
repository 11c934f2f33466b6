"""MLflow with a Runyard workspace, under the names of azureml-mlflow. This is not the genuine package."""

import azureml.mlflow._unmixed  # noqa: F401
from azureml.mlflow.runs import get_portal_url, register_model
from azureml.mlflow.stores import azureml_artifacts_builder, azureml_store_builder

from runyard.version import AZUREML_VERSION as VERSION

__all__ = [
    "VERSION",
    "azureml_artifacts_builder",
    "azureml_store_builder",
    "get_portal_url",
    "register_model",
]

"""Runyard under the names of Azure ML's SDK v1. This is not the genuine package."""

import azureml.core._unmixed  # noqa: F401
from azureml.core.dataset import Dataset
from azureml.core.datastore import Datastore
from azureml.core.experiment import Experiment
from azureml.core.keyvault import Keyvault
from azureml.core.model import Model
from azureml.core.run import Run, get_run
from azureml.core.workspace import Workspace

from runyard.client.azureml_later import JOBS, SERVING, absent
from runyard.version import AZUREML_VERSION as VERSION

__all__ = [
    "VERSION",
    "Dataset",
    "Datastore",
    "Experiment",
    "Keyvault",
    "Model",
    "Run",
    "Workspace",
    "get_run",
]

_JOBS = (
    "ComputeTarget",
    "ContainerRegistry",
    "Environment",
    "RunConfiguration",
    "ScriptRun",
    "ScriptRunConfig",
)

__getattr__ = absent(
    "azureml.core", {**dict.fromkeys(_JOBS, JOBS), **dict.fromkeys(("Image", "Webservice"), SERVING)}
)

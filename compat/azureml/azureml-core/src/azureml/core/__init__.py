"""Runyard under the names of Azure ML's SDK v1. This is not the genuine package."""

import azureml.core._unmixed  # noqa: F401
from azureml.core.compute_target import ComputeTarget
from azureml.core.dataset import Dataset
from azureml.core.datastore import Datastore
from azureml.core.environment import ContainerRegistry, Environment
from azureml.core.experiment import Experiment
from azureml.core.keyvault import Keyvault
from azureml.core.model import Model
from azureml.core.run import Run, get_run
from azureml.core.runconfig import RunConfiguration
from azureml.core.script_run import ScriptRun
from azureml.core.script_run_config import ScriptRunConfig
from azureml.core.workspace import Workspace

from runyard.client.azureml_later import SERVING, absent
from runyard.version import AZUREML_VERSION as VERSION

__all__ = [
    "VERSION",
    "ComputeTarget",
    "ContainerRegistry",
    "Dataset",
    "Datastore",
    "Environment",
    "Experiment",
    "Keyvault",
    "Model",
    "Run",
    "RunConfiguration",
    "ScriptRun",
    "ScriptRunConfig",
    "Workspace",
    "get_run",
]

__getattr__ = absent("azureml.core", dict.fromkeys(("Image", "Webservice"), SERVING))

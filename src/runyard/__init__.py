"""Runyard: a self-hosted machine-learning workspace.

    from runyard import Workspace, Experiment

The names below are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from runyard.version import __version__

if TYPE_CHECKING:
    from runyard.errors import RunyardError
    from runyard.sdk.compute_kinds import AmlCompute, LocalCompute, RayCompute, RemoteCompute, SlurmCompute
    from runyard.sdk.compute_target import ComputeTarget
    from runyard.sdk.conda_dependencies import CondaDependencies
    from runyard.sdk.dataset import Dataset
    from runyard.sdk.datastore import Datastore
    from runyard.sdk.environment import Environment
    from runyard.sdk.experiment import Experiment
    from runyard.sdk.keyvault import Keyvault
    from runyard.sdk.model import Model
    from runyard.sdk.run import Run, get_run
    from runyard.sdk.run_configuration import (
        DockerConfiguration,
        MpiConfiguration,
        PyTorchConfiguration,
        ResourceConfiguration,
        RunConfiguration,
        TensorflowConfiguration,
    )
    from runyard.sdk.run_widget import RunDetails
    from runyard.sdk.script_run import ScriptRun
    from runyard.sdk.script_run_config import ScriptRunConfig
    from runyard.sdk.workspace import Workspace

__all__ = [
    "AmlCompute",
    "ComputeTarget",
    "CondaDependencies",
    "Dataset",
    "Datastore",
    "DockerConfiguration",
    "Environment",
    "Experiment",
    "Keyvault",
    "LocalCompute",
    "Model",
    "MpiConfiguration",
    "PyTorchConfiguration",
    "RayCompute",
    "RemoteCompute",
    "ResourceConfiguration",
    "Run",
    "RunConfiguration",
    "RunDetails",
    "RunyardError",
    "ScriptRun",
    "ScriptRunConfig",
    "SlurmCompute",
    "TensorflowConfiguration",
    "Workspace",
    "__version__",
    "get_run",
]

_HOMES = {
    "AmlCompute": "runyard.sdk.compute_kinds",
    "ComputeTarget": "runyard.sdk.compute_target",
    "CondaDependencies": "runyard.sdk.conda_dependencies",
    "Dataset": "runyard.sdk.dataset",
    "Datastore": "runyard.sdk.datastore",
    "DockerConfiguration": "runyard.sdk.run_configuration",
    "Environment": "runyard.sdk.environment",
    "Experiment": "runyard.sdk.experiment",
    "Keyvault": "runyard.sdk.keyvault",
    "LocalCompute": "runyard.sdk.compute_kinds",
    "Model": "runyard.sdk.model",
    "MpiConfiguration": "runyard.sdk.run_configuration",
    "PyTorchConfiguration": "runyard.sdk.run_configuration",
    "RayCompute": "runyard.sdk.compute_kinds",
    "RemoteCompute": "runyard.sdk.compute_kinds",
    "ResourceConfiguration": "runyard.sdk.run_configuration",
    "Run": "runyard.sdk.run",
    "RunConfiguration": "runyard.sdk.run_configuration",
    "RunDetails": "runyard.sdk.run_widget",
    "RunyardError": "runyard.errors",
    "ScriptRun": "runyard.sdk.script_run",
    "ScriptRunConfig": "runyard.sdk.script_run_config",
    "SlurmCompute": "runyard.sdk.compute_kinds",
    "TensorflowConfiguration": "runyard.sdk.run_configuration",
    "Workspace": "runyard.sdk.workspace",
    "get_run": "runyard.sdk.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'runyard' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)

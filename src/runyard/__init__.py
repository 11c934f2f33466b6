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
    from runyard.sdk.dataset import Dataset
    from runyard.sdk.datastore import Datastore
    from runyard.sdk.experiment import Experiment
    from runyard.sdk.keyvault import Keyvault
    from runyard.sdk.model import Model
    from runyard.sdk.run import Run, get_run
    from runyard.sdk.run_widget import RunDetails
    from runyard.sdk.workspace import Workspace

__all__ = [
    "Dataset",
    "Datastore",
    "Experiment",
    "Keyvault",
    "Model",
    "Run",
    "RunDetails",
    "RunyardError",
    "Workspace",
    "__version__",
    "get_run",
]

_HOMES = {
    "Dataset": "runyard.sdk.dataset",
    "Datastore": "runyard.sdk.datastore",
    "Experiment": "runyard.sdk.experiment",
    "Keyvault": "runyard.sdk.keyvault",
    "Model": "runyard.sdk.model",
    "Run": "runyard.sdk.run",
    "RunDetails": "runyard.sdk.run_widget",
    "RunyardError": "runyard.errors",
    "Workspace": "runyard.sdk.workspace",
    "get_run": "runyard.sdk.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'runyard' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)

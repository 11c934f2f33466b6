"""Runyard: a self-hosted machine-learning workspace.

    from runyard import Workspace, Experiment

The names below are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from runyard.version import __version__

if TYPE_CHECKING:
    from runyard.sdk.experiment import Experiment
    from runyard.sdk.run import Run, get_run
    from runyard.sdk.workspace import Workspace

__all__ = ["Experiment", "Run", "Workspace", "__version__", "get_run"]

_HOMES = {
    "Experiment": "runyard.sdk.experiment",
    "Run": "runyard.sdk.run",
    "Workspace": "runyard.sdk.workspace",
    "get_run": "runyard.sdk.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'runyard' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)

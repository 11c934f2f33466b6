"""What the journal needs to know of MLflow's fluent API. None of it is public there: all of it may be absent."""

from __future__ import annotations

import atexit
import functools
import importlib
import sys
from collections.abc import Callable
from typing import Any

FLUENT = "mlflow.tracking.fluent"
LOGGING = frozenset({"log_metric", "log_metrics"})
DEFAULT_WORKSPACE = "default"


def asked_to_log() -> bool:
    """Whether the caller of the store's `get_run` is `mlflow.log_metric(…, run_id=…)`.

    MLflow 3 reads the whole run there, for each point, to see which models and datasets it has: this process knows.
    """
    try:
        frame = sys._getframe(4)
    except ValueError:
        return False
    return frame.f_code.co_name in LOGGING and frame.f_globals.get("__name__") == FLUENT


def active_experiment_id() -> str | None:
    """The experiment that `mlflow.set_experiment` chose."""
    found: Any = getattr(importlib.import_module(FLUENT), "_active_experiment_id", None)
    return str(found) if found else None


def chosen_workspace() -> str | None:
    """The workspace that `mlflow.set_workspace` of MLflow 3 chose, for tracking URIs that name none. 2 µs."""
    ask = _workspace_getter()
    found = None if ask is None else ask()
    return None if found in (None, DEFAULT_WORKSPACE) else str(found)


@functools.cache
def _workspace_getter() -> Callable[[], str | None] | None:
    try:
        found = importlib.import_module("mlflow.utils.workspace_context").get_request_workspace
    except ImportError:
        return None
    getter: Callable[[], str | None] = found
    return getter


def end_runs_first() -> None:
    """MLflow ends the active run at exit: the journal, though opened later, is to be drained after that."""
    end = getattr(importlib.import_module(FLUENT), "_safe_end_run", None)
    if end is not None:
        atexit.unregister(end)
        atexit.register(end)

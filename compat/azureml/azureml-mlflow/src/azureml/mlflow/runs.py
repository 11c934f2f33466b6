"""Runs of either kind: of the SDK and of MLflow. One of MLflow is looked for where MLflow's tracking URI leads now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azureml.core.run import Run
from azureml.core.workspace import Workspace

import mlflow
from runyard.client import renewal
from runyard.client.addresses import parse_tracking_uri
from runyard.sdk.portal import run_url


def get_portal_url(run: Any) -> str:
    """The page of a run.

    Raises: InvalidInput, where MLflow's tracking URI is not that of a workspace.
    """
    if isinstance(run, Run):
        return run.get_portal_url()
    address = parse_tracking_uri(mlflow.get_tracking_uri())
    workspace = address.workspace or "default"
    return run_url(address.server, workspace, run.info.experiment_id, run.info.run_id)


def register_model(
    run: Any, name: str, path: str, tags: Mapping[str, str] | None = None, **kwargs: Any
) -> Any:
    """Register files of a run as a model.

    Args:
        path: of the file or folder in the run's artifacts.
        kwargs: as `Run.register_model` takes them.
    Returns: the SDK's Model.
    """
    found = run if isinstance(run, Run) else Run.get(_workspace(), run.info.run_id)
    return found.register_model(model_name=name, model_path=path, tags=tags, **kwargs)


def _workspace() -> Workspace:
    address = parse_tracking_uri(mlflow.get_tracking_uri())
    token = renewal.source_of(address).current()
    return Workspace.get(address.workspace or "default", auth=token, server=address.server)

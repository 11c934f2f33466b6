"""Runs of either kind: of the SDK and of MLflow."""

from __future__ import annotations

from typing import Any

import mlflow
from runyard.client.addresses import parse_tracking_uri
from runyard.sdk.portal import run_url


def get_portal_url(run: Any) -> str:
    """The page of a run. One of MLflow is looked for where MLflow's tracking URI leads now.

    Raises: InvalidInput, where that is not a workspace.
    """
    if hasattr(run, "get_portal_url"):
        return str(run.get_portal_url())
    address = parse_tracking_uri(mlflow.get_tracking_uri())
    workspace = address.workspace or "default"
    return run_url(address.server, workspace, run.info.experiment_id, run.info.run_id)

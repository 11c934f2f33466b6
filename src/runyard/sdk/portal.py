"""Addresses of pages: what people open in a browser. Studio serves them."""

from __future__ import annotations

from urllib.parse import quote


def workspace_url(server: str, workspace: str) -> str:
    """The page of a workspace."""
    return f"{server}/workspaces/{quote(workspace, safe='')}"


def experiment_url(server: str, workspace: str, experiment_id: str) -> str:
    """The page of an experiment."""
    return f"{workspace_url(server, workspace)}/experiments/{quote(experiment_id, safe='')}"


def run_url(server: str, workspace: str, experiment_id: str, run_id: str) -> str:
    """The page of a run."""
    return f"{experiment_url(server, workspace, experiment_id)}/runs/{quote(run_id, safe='')}"

"""MLflow's own REST stores, pointed at a workspace; that of runs with a journal in front."""

from __future__ import annotations

import importlib
from typing import Any

from mlflow.store.model_registry.rest_store import RestStore as RegistryStore
from mlflow.store.tracking.rest_store import RestStore

from runyard.mlflow_plugin.host_credentials import address_of, host_credentials
from runyard.mlflow_plugin.journaling import JournalStore
from runyard.mlflow_plugin.journals import journal_of
from runyard.mlflow_plugin.registry import JournalRegistryStore


def tracking_store(store_uri: str) -> RestStore:
    """Experiments, runs, logged models and traces.

    Raises: MlflowException.
    """
    journal = journal_of(store_uri)
    return (
        RestStore(host_credentials(store_uri))
        if journal is None
        else JournalStore(journal, address_of(store_uri))
    )


def model_registry_store(store_uri: str) -> RegistryStore:
    """Registered models.

    Raises: MlflowException.
    """
    journal = journal_of(store_uri)
    return (
        RegistryStore(host_credentials(store_uri))
        if journal is None
        else JournalRegistryStore(journal, address_of(store_uri))
    )


def workspace_store(workspace_uri: str) -> Any:
    """The workspaces of the server; MLflow 2 has no such store and does not ask."""
    module = importlib.import_module("mlflow.store.workspace.rest_store")
    return module.RestWorkspaceStore(host_credentials(workspace_uri).at_server)

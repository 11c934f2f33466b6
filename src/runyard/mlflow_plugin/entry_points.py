"""What MLflow finds by its entry points. MLflow itself is imported by the call only: it loads these while it loads."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow.store.artifact.artifact_repo import ArtifactRepository
    from mlflow.store.model_registry.rest_store import RestStore as RegistryStore
    from mlflow.store.tracking.rest_store import RestStore


def tracking_store(store_uri: str, artifact_uri: str | None = None) -> RestStore:
    """`mlflow.tracking_store`. The store never uses artifact_uri: the server knows where artifacts are."""
    return _of("stores").tracking_store(store_uri)


def model_registry_store(store_uri: str, tracking_uri: str | None = None) -> RegistryStore:
    """`mlflow.model_registry_store`."""
    return _of("stores").model_registry_store(store_uri)


def workspace_store(workspace_uri: str) -> Any:
    """`mlflow.workspace_provider`: the workspaces of the server, for MLflow 3 clients that ask for them."""
    return _of("stores").workspace_store(workspace_uri)


def artifact_repository(
    artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
) -> ArtifactRepository:
    """`mlflow.artifact_repository`, for runyard:// and azureml:// URIs, and for the server's mlflow-artifacts: URIs."""
    return _of("artifacts").artifact_repository(artifact_uri, tracking_uri, registry_uri)


def project_backend() -> Any:
    """`mlflow.project_backend`: projects on compute targets."""
    return _of("project_backend").backend()


def _of(module: str) -> Any:
    return importlib.import_module(f"runyard.mlflow_plugin.{module}")

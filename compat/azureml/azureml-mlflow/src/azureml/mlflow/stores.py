"""What MLflow calls for tracking URIs that begin with azureml:// and adbazureml://, and for the project backend azureml.

MLflow loads this module while it loads itself, so nothing here imports MLflow, and `mlflow.azureml` is put in place.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import azureml
from azureml.mlflow import mlflow_azureml

from runyard.client.azureml_names import check
from runyard.mlflow_plugin import entry_points

if TYPE_CHECKING:
    from mlflow.store.artifact.artifact_repo import ArtifactRepository
    from mlflow.store.model_registry.rest_store import RestStore as RegistryStore
    from mlflow.store.tracking.rest_store import RestStore


def azureml_store_builder(store_uri: str, artifact_uri: str | None = None) -> RestStore:
    """The tracking store of a workspace.

    Raises: MixedInstallation, MlflowException.
    """
    check(azureml)
    return entry_points.tracking_store(store_uri, artifact_uri)


def azureml_registry_builder(store_uri: str, tracking_uri: str | None = None) -> RegistryStore:
    """The model registry of a workspace.

    Raises: MixedInstallation, MlflowException.
    """
    check(azureml)
    return entry_points.model_registry_store(store_uri, tracking_uri)


def azureml_artifacts_builder(
    artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
) -> ArtifactRepository:
    """The files that an artifact URI names.

    Raises: MixedInstallation, MlflowException.
    """
    check(azureml)
    return entry_points.artifact_repository(artifact_uri, tracking_uri, registry_uri)


def azureml_project_backend() -> Any:
    """Projects on compute targets.

    Raises: MixedInstallation.
    """
    check(azureml)
    return entry_points.project_backend()


def _put_in_place() -> None:
    """`import mlflow.azureml` finds a module that MLflow 2 and later do not have."""
    sys.modules.setdefault("mlflow.azureml", mlflow_azureml)
    if (mlflow := sys.modules.get("mlflow")) is not None:
        mlflow.azureml = mlflow_azureml  # type: ignore[attr-defined]


_put_in_place()

"""Which repository an artifact URI means."""

from __future__ import annotations

import importlib
from urllib.parse import urlsplit

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository
from mlflow.tracking._tracking_service.utils import get_tracking_uri

from runyard.client.journal.offline_names import model_of, run_of, trace_of
from runyard.mlflow_plugin.host_credentials import host_credentials, is_ours
from runyard.mlflow_plugin.journaled_artifacts import JournaledArtifacts
from runyard.mlflow_plugin.journals import journal_at
from runyard.mlflow_plugin.offline_artifacts import OfflineArtifacts
from runyard.mlflow_plugin.trace_artifacts import TraceArtifacts
from runyard.mlflow_plugin.workspace_artifacts import FILES, WorkspaceArtifacts, places


def artifact_repository(
    artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
) -> ArtifactRepository:
    """The repository of an artifact URI.

    - `mlflow-artifacts:/PATH` below one of our tracking URIs: the workspace's files; below any other tracking URI, or
      with a host of its own: MLflow's repository, as if this plugin was not there.
    - `azureml://experiments/E/runs/ID/artifacts/PATH`, as Azure ML wrote them, and the same with runyard:// and with
      models, as they are written while no server is in reach: the artifacts of the run or model.
    - `runyard://host/workspaces/NAME/api/2.0/mlflow-artifacts/artifacts/PATH`: these files.

    Raises: MlflowException.
    """
    tracking_uri = tracking_uri or get_tracking_uri()
    parts = urlsplit(artifact_uri)
    if parts.scheme == "mlflow-artifacts":
        if parts.netloc or not is_ours(tracking_uri):
            return _stock(artifact_uri, tracking_uri, registry_uri)
        return _files(tracking_uri, parts.path, tracking_uri, registry_uri)
    if parts.netloc == "experiments":
        return _of_record(artifact_uri, tracking_uri, registry_uri)
    base, found, path = artifact_uri.partition("?")[0].partition(FILES)
    if not found:
        raise MlflowException(
            f"{base!r} is no place of artifacts; it looks like runyard://HOST/workspaces/NAME{FILES}/PATH.",
            INVALID_PARAMETER_VALUE,
        )
    query = f"?{parts.query}" if parts.query else ""
    return _files(base + query, path, tracking_uri, registry_uri)


def _files(place: str, path: str, tracking_uri: str, registry_uri: str | None) -> ArtifactRepository:
    journal = journal_at(place)
    if journal is None:
        return WorkspaceArtifacts(host_credentials(place), path, tracking_uri, registry_uri)
    return JournaledArtifacts(journal, path, tracking_uri, registry_uri)


def _stock(artifact_uri: str, tracking_uri: str, registry_uri: str | None) -> ArtifactRepository:
    """MLflow's own classes, imported late: they register themselves while this plugin is loaded."""
    stock = importlib.import_module("mlflow.store.artifact.mlflow_artifacts_repo").MlflowArtifactsRepository
    if not is_ours(tracking_uri):
        return stock(artifact_uri, **places(tracking_uri, registry_uri))
    url = stock.resolve_uri(artifact_uri, host_credentials(tracking_uri).host)
    return HttpArtifactRepository(url, **places(tracking_uri, registry_uri))


def _of_record(artifact_uri: str, tracking_uri: str, registry_uri: str | None) -> ArtifactRepository:
    """The artifacts of a run, logged model or trace."""
    trace = trace_of(artifact_uri)
    if trace is not None and is_ours(tracking_uri):
        return TraceArtifacts(journal_at(tracking_uri), artifact_uri, *trace, tracking_uri, registry_uri)
    run, model = run_of(artifact_uri), model_of(artifact_uri)
    if run is None and model is None:
        raise MlflowException(
            f"{artifact_uri!r} is no place of artifacts; it looks like azureml://experiments/E/runs/ID/artifacts/PATH.",
            INVALID_PARAMETER_VALUE,
        )
    kind, (one, path) = ("runs", run) if run is not None else ("models", model or ("", ""))
    journal = journal_at(tracking_uri) if is_ours(tracking_uri) else None
    if journal is not None and OfflineArtifacts.knows(journal, kind, one):
        return OfflineArtifacts(journal, artifact_uri, kind, one, path, tracking_uri, registry_uri)
    if run is not None:
        module = importlib.import_module("mlflow.store.artifact.runs_artifact_repo")
        return module.RunsArtifactRepository(f"runs:/{one}/{path}", **places(tracking_uri, registry_uri))
    module = importlib.import_module("mlflow.store.artifact.models_artifact_repo")
    return module.ModelsArtifactRepository(f"models:/{one}/{path}", **places(tracking_uri, registry_uri))

"""Artifacts: MLflow's own repository for HTTP, pointed at a workspace and with its credentials."""

from __future__ import annotations

import importlib
import inspect
import os
import posixpath
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mlflow.entities import FileInfo
from mlflow.entities.multipart_upload import CreateMultipartUploadResponse, MultipartUploadPart
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository
from mlflow.tracking._tracking_service.utils import get_tracking_uri
from mlflow.utils.rest_utils import augmented_raise_for_status, http_request
from mlflow.utils.uri import validate_path_is_safe

from runyard.mlflow_plugin.host_credentials import HostCredentials, host_credentials, is_ours

if TYPE_CHECKING:
    from requests import Response

FILES = "/api/2.0/mlflow-artifacts/artifacts"
SERVICE = "/mlflow-artifacts"
_RUN = re.compile(r"/[^/]+/runs/(?P<run>[^/]+)/artifacts(?:/(?P<path>.*))?")


def artifact_repository(
    artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
) -> ArtifactRepository:
    """The repository of an artifact URI.

    - `mlflow-artifacts:/PATH` below one of our tracking URIs: the workspace's files; below any other tracking URI, or
      with a host of its own: MLflow's repository, as if this plugin was not there.
    - `azureml://experiments/E/runs/ID/artifacts/PATH`, as Azure ML wrote them: the artifacts of the run.
    - `runyard://host/workspaces/NAME/api/2.0/mlflow-artifacts/artifacts/PATH`: these files.

    Raises: MlflowException.
    """
    tracking_uri = tracking_uri or get_tracking_uri()
    parts = urlsplit(artifact_uri)
    if parts.scheme == "mlflow-artifacts":
        if parts.netloc or not is_ours(tracking_uri):
            return _stock(artifact_uri, tracking_uri, registry_uri)
        return WorkspaceArtifacts(host_credentials(tracking_uri), parts.path, tracking_uri, registry_uri)
    if parts.netloc == "experiments":
        return _of_run(artifact_uri, parts.path, tracking_uri, registry_uri)
    base, found, path = artifact_uri.partition("?")[0].partition(FILES)
    if not found:
        raise MlflowException(
            f"{base!r} is no place of artifacts; it looks like runyard://HOST/workspaces/NAME{FILES}/PATH.",
            INVALID_PARAMETER_VALUE,
        )
    query = f"?{parts.query}" if parts.query else ""
    return WorkspaceArtifacts(host_credentials(base + query), path, tracking_uri, registry_uri)


def _stock(artifact_uri: str, tracking_uri: str, registry_uri: str | None) -> ArtifactRepository:
    """MLflow's own classes, imported late: they register themselves while this plugin is loaded."""
    stock = importlib.import_module("mlflow.store.artifact.mlflow_artifacts_repo").MlflowArtifactsRepository
    if not is_ours(tracking_uri):
        return stock(artifact_uri, **_places(tracking_uri, registry_uri))
    url = stock.resolve_uri(artifact_uri, host_credentials(tracking_uri).host)
    return HttpArtifactRepository(url, **_places(tracking_uri, registry_uri))


def _of_run(artifact_uri: str, path: str, tracking_uri: str, registry_uri: str | None) -> ArtifactRepository:
    found = _RUN.fullmatch(path)
    if found is None:
        raise MlflowException(
            f"{artifact_uri!r} is no place of artifacts; it looks like azureml://experiments/E/runs/ID/artifacts/PATH.",
            INVALID_PARAMETER_VALUE,
        )
    module = importlib.import_module("mlflow.store.artifact.runs_artifact_repo")
    inner = (found["path"] or "").strip("/")
    return module.RunsArtifactRepository(
        f"runs:/{found['run']}/{inner}", **_places(tracking_uri, registry_uri)
    )


def _places(tracking_uri: str | None, registry_uri: str | None) -> dict[str, str | None]:
    """Arguments that MLflow 3 knows and MLflow 2 does not."""
    known = inspect.signature(HttpArtifactRepository).parameters
    return {"tracking_uri": tracking_uri, "registry_uri": registry_uri} if "tracking_uri" in known else {}


class WorkspaceArtifacts(HttpArtifactRepository):  # type: ignore[misc]
    """A folder of a workspace's files.

    MLflow's class asks `get_default_host_creds` for credentials in each of the methods that are overridden here.
    """

    _server_capabilities: dict[str, bool] | None

    def __init__(
        self, credentials: HostCredentials, path: str, tracking_uri: str | None, registry_uri: str | None
    ) -> None:
        self._credentials = credentials
        self._path = path.strip("/")
        uri = f"{credentials.host}{FILES}/{self._path}".rstrip("/")
        super().__init__(uri, **_places(tracking_uri, registry_uri))

    def __repr__(self) -> str:
        return f"WorkspaceArtifacts({self.artifact_uri!r})"  # MLflow 3 would show the tracking URI with its token

    @property
    def _host_creds(self) -> Any:
        return self._credentials(self.artifact_uri)

    def _call(self, service: str, artifact_path: str | None, method: str, **options: Any) -> Response:
        """A request to one of the services beside the files, about a file in the folder."""
        endpoint = "/".join(part for part in (SERVICE, service, self._path, artifact_path) if part)
        root = f"{self._credentials.host}/api/2.0"
        answer: Response = http_request(self._credentials(root), endpoint, method, **options)
        augmented_raise_for_status(answer)
        return answer

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """The files and folders in a folder; nothing for a file."""
        folder = posixpath.join(self._path, path) if path else self._path
        root = f"{self._credentials.host}/api/2.0"
        answer = http_request(self._credentials(root), f"{SERVICE}/artifacts", "GET", params={"path": folder})
        augmented_raise_for_status(answer)
        found = []
        for one in answer.json().get("files", []):
            name = validate_path_is_safe(one["path"])
            size = int(one["file_size"]) if "file_size" in one else None
            found.append(FileInfo(posixpath.join(path, name) if path else name, one["is_dir"], size))
        return sorted(found, key=lambda one: one.path)

    def _fetch_server_capabilities(self) -> dict[str, bool]:
        """Whether files may go directly to the object store; MLflow 3 asks."""
        known: dict[str, bool] | None = self._server_capabilities
        if known is None:
            module = importlib.import_module("mlflow.utils.server_info")
            try:
                answer = module.fetch_server_info(self._credentials())
            except module.ServerInfoRequestError:
                return {}
            known = self._server_capabilities = dict(answer.data or {}) if answer.status_code == 200 else {}
        return known

    def _get_presigned_download_url(self, remote_file_path: str) -> Any:
        module = importlib.import_module("mlflow.entities.presigned_download")
        answer = self._call("presigned", remote_file_path, "GET")
        return module.PresignedDownloadUrlResponse.from_dict(answer.json())

    def create_multipart_upload(
        self, local_file: str, num_parts: int = 1, artifact_path: str | None = None
    ) -> CreateMultipartUploadResponse:
        """Begin an upload in parts."""
        body = {"path": os.path.basename(local_file), "num_parts": num_parts}
        answer = self._call("mpu/create", artifact_path, "POST", json=body)
        return CreateMultipartUploadResponse.from_dict(answer.json())

    def complete_multipart_upload(
        self,
        local_file: str,
        upload_id: str,
        parts: list[MultipartUploadPart] | None = None,
        artifact_path: str | None = None,
    ) -> None:
        """End an upload: the file is there."""
        body = {
            "path": os.path.basename(local_file),
            "upload_id": upload_id,
            "parts": [part.to_dict() for part in parts or ()],
        }
        self._call("mpu/complete", artifact_path, "POST", json=body)

    def abort_multipart_upload(
        self, local_file: str, upload_id: str, artifact_path: str | None = None
    ) -> None:
        """Give an upload up."""
        body = {"path": os.path.basename(local_file), "upload_id": upload_id}
        self._call("mpu/abort", artifact_path, "POST", json=body)

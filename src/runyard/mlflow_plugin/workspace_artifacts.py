"""A folder of a workspace's files: MLflow's own repository for HTTP, with the workspace's credentials."""

from __future__ import annotations

import importlib
import inspect
import os
import posixpath
from typing import TYPE_CHECKING, Any

from mlflow.entities import FileInfo
from mlflow.entities.multipart_upload import CreateMultipartUploadResponse, MultipartUploadPart
from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository
from mlflow.utils.rest_utils import augmented_raise_for_status, http_request
from mlflow.utils.uri import validate_path_is_safe

from runyard.mlflow_plugin.host_credentials import HostCredentials

if TYPE_CHECKING:
    from requests import Response

FILES = "/api/2.0/mlflow-artifacts/artifacts"
SERVICE = "/mlflow-artifacts"


def places(tracking_uri: str | None, registry_uri: str | None) -> dict[str, str | None]:
    """Arguments that MLflow 2 does not know, and MLflow 3 at first only the one of them."""
    known = inspect.signature(HttpArtifactRepository).parameters
    given = {"tracking_uri": tracking_uri, "registry_uri": registry_uri}
    return {name: value for name, value in given.items() if name in known}


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
        super().__init__(uri, **places(tracking_uri, registry_uri))

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

"""Artifacts as MLflow's REST API spells them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from runyard.artifacts.contracts import Entry, SignedRequest
from runyard.errors import InvalidInput
from runyard.wire.mlflow.scalars import Int64


class Nothing(msgspec.Struct):
    """A request without fields."""


class ListProxied(msgspec.Struct):
    path: str = ""


class ListRunArtifacts(msgspec.Struct):
    run_id: str | None = None
    run_uuid: str | None = None
    path: str = ""
    page_token: str | None = None

    def run(self) -> str:
        """The run's id under either name. Raises: InvalidInput."""
        found = self.run_id or self.run_uuid
        if not found:
            raise InvalidInput.missing("run_id")
        return found


class ListModelArtifacts(msgspec.Struct):
    model_id: str
    artifact_directory_path: str = ""
    page_token: str | None = None


class PresignArtifact(msgspec.Struct):
    path: str
    run_id: str | None = None
    model_id: str | None = None
    expiration: Int64 | None = None


class PresignProxied(msgspec.Struct):
    artifact_path: str


class CreateMultipart(msgspec.Struct):
    artifact_path: str
    path: str
    num_parts: Int64 = 1


class MultipartPart(msgspec.Struct):
    part_number: Int64
    etag: str = ""
    url: str = ""


class CompleteMultipart(msgspec.Struct):
    artifact_path: str
    path: str
    upload_id: str
    parts: list[MultipartPart] = []


class AbortMultipart(msgspec.Struct):
    artifact_path: str
    path: str
    upload_id: str


class FileMessage(msgspec.Struct, omit_defaults=True):
    """proto FileInfo; directories have no size, is_dir is always there."""

    path: str
    is_dir: bool
    file_size: int | None = None

    @classmethod
    def of(cls, entry: Entry) -> FileMessage:
        """From a datastore's entry."""
        return cls(entry.name, entry.is_dir, entry.size)


class FileList(msgspec.Struct, omit_defaults=True):
    files: list[FileMessage] = []

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> FileList:
        """An empty directory, a file and what does not exist all become `{}`."""
        return cls([FileMessage.of(entry) for entry in entries])


class RootedFileList(msgspec.Struct, omit_defaults=True):
    root_uri: str
    files: list[FileMessage] = []


class PresignedAnswer(msgspec.Struct, omit_defaults=True):
    presigned_url: str
    headers: Mapping[str, str] = {}
    file_size: int | None = None


class PresignedProxiedAnswer(msgspec.Struct):
    url: str
    headers: Mapping[str, str]
    file_size: int


class PartCredential(msgspec.Struct):
    url: str
    part_number: int
    headers: Mapping[str, str]

    @classmethod
    def of(cls, number: int, request: SignedRequest) -> PartCredential:
        """One part's signed request."""
        return cls(request.url, number, request.headers)


class MultipartAnswer(msgspec.Struct):
    upload_id: str
    credentials: list[PartCredential]


class ServerInfo(msgspec.Struct):
    """What clients ask before they choose how to transfer files."""

    multipart_uploads_enabled: bool
    multipart_downloads_enabled: bool
    presigned_upload_run_id_supported: bool
    presigned_upload_model_id_supported: bool
    model_artifact_presigned_downloads_supported: bool
    store_type: str = "SqlStore"
    workspaces_enabled: bool = True
    trace_archival_enabled: bool = False
    artifact_serving_enabled: bool = True
    artifacts_presigned_only: bool = False
    tracking_auth: str = ""
    features_enabled: dict[str, bool] = msgspec.field(
        default_factory=lambda: {"gateway": False, "scheduled_issue_detection": False}
    )

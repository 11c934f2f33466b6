"""Attachments of traces that were written down: uploaded in the background, to where the server keeps them."""

from __future__ import annotations

import posixpath
from pathlib import Path
from urllib.parse import quote

from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from runyard.entities.trace import ARTIFACT_LOCATION
from runyard.mlflow_plugin.journaled_files import JournaledFiles
from runyard.mlflow_plugin.journals import OpenJournal
from runyard.mlflow_plugin.reach import Away
from runyard.mlflow_plugin.workspace_artifacts import places


class TraceArtifacts(ArtifactRepository):  # type: ignore[misc]
    """A folder of a trace's artifacts: written to the journal, read from the server.

    Args:
        trace_id: whose.
        root: a folder below its artifacts.
    """

    def __init__(
        self,
        journal: OpenJournal | None,
        artifact_uri: str,
        trace_id: str,
        root: str,
        tracking_uri: str | None,
        registry_uri: str | None,
    ) -> None:
        super().__init__(artifact_uri, **places(tracking_uri, registry_uri))
        self._journal = journal
        self._trace_id = trace_id
        self._root = root
        self._tracking_uri = tracking_uri

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Note a file: it is copied, and uploaded later."""
        if self._journal is None:
            self._at_server().log_artifact(local_file, artifact_path)
            return
        files = JournaledFiles(self._journal, f"traces/{self._trace_id}", "", self._root)
        files.add(str(local_file), artifact_path)

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Note all files of a folder."""
        top = Path(local_dir).absolute()
        for file in sorted(one for one in top.rglob("*") if one.is_file()):
            folder = posixpath.join(artifact_path or "", file.parent.relative_to(top).as_posix())
            self.log_artifact(str(file), None if folder in ("", ".") else posixpath.normpath(folder))

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """The files and folders in a folder."""
        found: list[FileInfo] = self._at_server().list_artifacts(path)
        return found

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        self._at_server()._download_file(remote_file_path, local_path)

    def _at_server(self) -> ArtifactRepository:
        """The same folder at the server.

        Raises: MlflowException while not everything is there.
        """
        journal = self._journal
        try:
            if journal is not None and journal.settle() and journal.reach.there():
                document = journal.reach.ask(
                    f"/api/3.0/mlflow/traces/{quote(self._trace_id, safe='')}", "GET", None
                )
                uri = document["trace"]["trace_info"]["tags"][ARTIFACT_LOCATION]
                named = {"tracking_uri": self._tracking_uri} if places(self._tracking_uri, None) else {}
                return get_artifact_repository(posixpath.join(uri, self._root), **named)
        except Away:
            pass
        raise MlflowException(
            "The artifacts of a trace are read from the server, and it is not in reach, or does not have all of them yet.",
            TEMPORARILY_UNAVAILABLE,
        )

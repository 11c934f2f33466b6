"""Attachments of traces that were written down: uploaded in the background, to where the server keeps them."""

from __future__ import annotations

import posixpath

from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from runyard.client.journal.calls.places import Place, address_at_server
from runyard.client.journal.calls.way import Away
from runyard.errors import RunyardError
from runyard.mlflow_plugin.errors import as_mlflow
from runyard.mlflow_plugin.journaled_files import JournaledFiles
from runyard.mlflow_plugin.journals import OpenJournal
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
        self._place = Place(f"traces/{trace_id}", "", root)
        self._tracking_uri = tracking_uri

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Note a file: it is copied, and uploaded later."""
        if self._journal is None:
            self._at_server().log_artifact(local_file, artifact_path)
            return
        JournaledFiles(self._journal, self._place).add(str(local_file), artifact_path)

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Note all files of a folder."""
        if self._journal is None:
            self._at_server().log_artifacts(local_dir, artifact_path)
            return
        JournaledFiles(self._journal, self._place).add_all(local_dir, artifact_path)

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
                uri = address_at_server(journal, self._place.owner)
                named = {"tracking_uri": self._tracking_uri} if places(self._tracking_uri, None) else {}
                return get_artifact_repository(posixpath.join(uri, self._place.path), **named)
        except Away:
            pass
        except RunyardError as exc:
            raise as_mlflow(exc) from None
        raise MlflowException(
            "The artifacts of a trace are read from the server, and it is not in reach, or does not have all of them yet.",
            TEMPORARILY_UNAVAILABLE,
        )

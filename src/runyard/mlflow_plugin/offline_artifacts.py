"""Artifacts of runs and models that were made while no server was in reach."""

from __future__ import annotations

import posixpath
import shutil

from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, TEMPORARILY_UNAVAILABLE
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from runyard.client.journal.calls.places import Place, address_at_server
from runyard.client.journal.calls.way import Away
from runyard.errors import RunyardError
from runyard.mlflow_plugin.errors import as_mlflow
from runyard.mlflow_plugin.journaled_files import JournaledFiles
from runyard.mlflow_plugin.journals import OpenJournal
from runyard.mlflow_plugin.workspace_artifacts import places


class OfflineArtifacts(ArtifactRepository):  # type: ignore[misc]
    """A folder of a run's or model's artifacts: in the journal, and at the server once they were sent.

    Args:
        kind: runs or models.
        one: its id.
        root: a folder below its artifacts.
    """

    def __init__(
        self,
        journal: OpenJournal,
        artifact_uri: str,
        kind: str,
        one: str,
        root: str,
        tracking_uri: str | None,
        registry_uri: str | None,
    ) -> None:
        super().__init__(artifact_uri, **places(tracking_uri, registry_uri))
        self._journal = journal
        self._place = Place(f"{kind}/{one}", one, root)
        self._tracking_uri = tracking_uri
        self._files = JournaledFiles(journal, self._place)

    def __repr__(self) -> str:
        return f"OfflineArtifacts({self.artifact_uri!r})"

    @staticmethod
    def knows(journal: OpenJournal, kind: str, one: str) -> bool:
        """Whether a run or model was made on this machine, and the server may not have it."""
        if kind == "models":
            model = journal.state.models.get(one)
            return model.local if model is not None else bool(journal.journals_of(one))
        run = journal.local_run(one)
        return run is not None and run.new is not None

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Note a file: it is copied, and uploaded later."""
        self._files.add(local_file, artifact_path)

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Note all files of a folder."""
        self._files.add_all(local_dir, artifact_path)

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """The files and folders in a folder; nothing for a file."""
        there = self._at_server()
        found: list[FileInfo] = self._files.listed(path) if there is None else there.list_artifacts(path)
        return found

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        file = self._files.found().get(remote_file_path)
        if file is not None:
            shutil.copyfile(file.source, local_path)
            return
        there = self._at_server()
        if there is None:
            raise MlflowException(f"No artifact {remote_file_path!r} is here.", RESOURCE_DOES_NOT_EXIST)
        there._download_file(remote_file_path, local_path)

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Delete files, once they are at the server.

        Raises: MlflowException while they are not.
        """
        there = self._at_server()
        if there is None:
            raise MlflowException(
                "Artifacts that wait in the journal cannot be deleted. Delete them once they are at the server.",
                TEMPORARILY_UNAVAILABLE,
            )
        there.delete_artifacts(artifact_path)

    def flush_async_logging(self) -> None:
        """Wait until all that was logged is uploaded, for RUNYARD_DRAIN_S at most."""
        super().flush_async_logging()
        self._journal.drain()

    def _at_server(self) -> ArtifactRepository | None:
        """The same folder at the server; None while not everything is there."""
        if not (self._journal.settle() and self._journal.reach.there()):
            return None
        try:
            uri = address_at_server(self._journal, self._place.owner)
        except Away:
            return None
        except RunyardError as exc:
            raise as_mlflow(exc) from None
        root = self._place.path
        return get_artifact_repository(
            posixpath.join(uri, root) if root else uri, **_tracking(self._tracking_uri)
        )


def _tracking(tracking_uri: str | None) -> dict[str, str | None]:
    return {"tracking_uri": tracking_uri} if places(tracking_uri, None) else {}

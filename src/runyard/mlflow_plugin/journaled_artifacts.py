"""Artifacts with a journal in front: a file is noted, and copied, and uploaded in the background."""

from __future__ import annotations

import os
import shutil
from urllib.parse import quote

from mlflow.entities import FileInfo
from mlflow.environment_variables import (
    MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD,
    MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE,
)

from runyard.mlflow_plugin.journaled_files import journaled_files
from runyard.mlflow_plugin.journals import OpenJournal
from runyard.mlflow_plugin.workspace_artifacts import WorkspaceArtifacts


class JournaledArtifacts(WorkspaceArtifacts):
    """A folder of a workspace's files, whose uploads are journaled.

    Large files that MLflow sends in parts, past the server, are sent so at once.
    """

    def __init__(
        self, journal: OpenJournal, path: str, tracking_uri: str | None, registry_uri: str | None
    ) -> None:
        super().__init__(journal.credentials, path, tracking_uri, registry_uri)
        self._files = journaled_files(journal, f"mlflow-artifacts:/{self._path}")
        self._journal = journal

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Note a file: it is copied, and uploaded later."""
        if self._goes_in_parts(local_file):
            super().log_artifact(local_file, artifact_path)
        else:
            self._files.add(local_file, artifact_path)

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """The files and folders in a folder, with those that this process logged."""
        settled = self._journal.settle()
        if not self._journal.reach.answers():
            return self._files.listed(path)
        local = [] if settled else self._files.listed(path)
        found = {one.path: one for one in (*super().list_artifacts(path), *local)}
        return sorted(found.values(), key=lambda one: one.path)

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        if not (self._journal.settle() and self._journal.reach.answers()):
            file = self._files.found().get(remote_file_path)
            if file is not None:
                shutil.copyfile(file.source, local_path)
                return
        super()._download_file(
            quote(remote_file_path), local_path
        )  # MLflow would let % and # mean something else

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Delete files, once all that was logged is there."""
        self._journal.drain()
        super().delete_artifacts(artifact_path)

    def flush_async_logging(self) -> None:
        """Wait until all that was logged is uploaded, for RUNYARD_DRAIN_S at most."""
        super().flush_async_logging()
        self._journal.drain()

    def _goes_in_parts(self, local_file: str) -> bool:
        if os.path.getsize(local_file) < MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE.get():
            return False
        if not self._journal.reach.answers():
            return False
        asked = getattr(super(), "_should_multipart_upload", None)  # MLflow 3 asks the server, too
        return bool(MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD.get() if asked is None else asked(local_file))

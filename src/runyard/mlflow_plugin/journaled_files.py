"""The artifacts of a run or model that are in the journals of this machine."""

from __future__ import annotations

import posixpath
import tempfile
from pathlib import Path

from mlflow.entities import FileInfo
from mlflow.store.artifact.artifact_repo import verify_artifact_path

from runyard.client.journal import local_reads
from runyard.client.journal.local_reads import LocalFile
from runyard.client.journal.settings import REFERENCE
from runyard.errors import RunyardError
from runyard.mlflow_plugin.errors import as_mlflow
from runyard.mlflow_plugin.journals import OpenJournal


class JournaledFiles:
    """The files of an owner in the journals of this machine.

    Args:
        owner: as records name it.
        run_id: the run or model that waits for them; empty: none.
        root: a folder below the owner's artifacts.
    """

    def __init__(self, journal: OpenJournal, owner: str, run_id: str, root: str = "") -> None:
        self.journal = journal
        self._owner = owner
        self._run_id = run_id
        self._root = root

    def add(self, local_file: str, artifact_path: str | None) -> None:
        """Note a file.

        Raises: MlflowException.
        """
        verify_artifact_path(artifact_path)
        source = Path(local_file)
        path = posixpath.join(self._root, artifact_path or "", source.name)
        try:
            self.journal.logbook.add_file(
                self._owner, path, source, copy=self._to_copy(source), run_id=self._run_id
            )
        except RunyardError as exc:
            if not source.exists():
                raise FileNotFoundError(2, "No such file or directory", local_file) from exc
            raise as_mlflow(exc) from exc

    def found(self) -> dict[str, LocalFile]:
        """Those that are still on this machine, by their path below the root."""
        folders = self.journal.journals_of(self._run_id)
        prefix = f"{self._root}/" if self._root else ""
        return {
            path.removeprefix(prefix): file
            for path, file in local_reads.files(folders, self._owner).items()
            if path.startswith(prefix)
        }

    def listed(self, path: str | None) -> list[FileInfo]:
        """The files and folders in a folder; nothing for a file."""
        prefix = f"{path.strip('/')}/" if path else ""
        seen: dict[str, FileInfo] = {}
        for one, file in self.found().items():
            if one.startswith(prefix):
                name, deeper, _ = one.removeprefix(prefix).partition("/")
                seen[name] = FileInfo(prefix + name, bool(deeper), None if deeper else file.size)
        return sorted(seen.values(), key=lambda one: one.path)

    def _to_copy(self, source: Path) -> bool:
        """A reference must stay: MLflow removes what it wrote to the temporary folder itself."""
        if self.journal.settings.files != REFERENCE:
            return True
        return source.resolve().is_relative_to(Path(tempfile.gettempdir()).resolve())


def owner_of(journal: OpenJournal, uri: str) -> tuple[str, str, str]:
    """Whose artifacts an address means: as records name the owner, the run or model, and the folder below its own."""
    for run in list(journal.state.runs.values()):
        if _within(uri, run.artifact_uri):
            return f"runs/{run.run_id}", run.run_id, uri.removeprefix(run.artifact_uri.rstrip("/")).strip("/")
    for model_id, model in list(journal.state.models.items()):
        if _within(uri, model.message.info.artifact_uri):
            root = uri.removeprefix(model.message.info.artifact_uri.rstrip("/")).strip("/")
            return f"models/{model_id}", model_id, root
    return uri, "", ""


def _within(uri: str, folder: str) -> bool:
    return uri == folder or uri.startswith(folder.rstrip("/") + "/")

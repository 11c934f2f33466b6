"""The artifacts of a run or model that are in the journals of this machine."""

from __future__ import annotations

import posixpath
import tempfile
from pathlib import Path

from mlflow.entities import FileInfo
from mlflow.store.artifact.artifact_repo import verify_artifact_path

from runyard.client.journal.calls.places import Place, files_in, listed, place_of
from runyard.client.journal.local_reads import LocalFile
from runyard.client.journal.settings import REFERENCE
from runyard.errors import RunyardError
from runyard.mlflow_plugin.errors import as_mlflow
from runyard.mlflow_plugin.journals import OpenJournal


class JournaledFiles:
    """The files of a place in the journals of this machine."""

    def __init__(self, journal: OpenJournal, place: Place) -> None:
        self.journal = journal
        self._place = place

    def add(self, local_file: str, artifact_path: str | None) -> None:
        """Note a file.

        Raises: MlflowException.
        """
        verify_artifact_path(artifact_path)
        source = Path(local_file)
        owner, one, root = self._place
        path = posixpath.join(root, artifact_path or "", source.name)
        try:
            self.journal.logbook.add_file(owner, path, source, copy=self._to_copy(source), run_id=one)
        except RunyardError as exc:
            if not source.exists():
                raise FileNotFoundError(2, "No such file or directory", local_file) from exc
            raise as_mlflow(exc) from exc

    def add_all(self, local_dir: str, artifact_path: str | None) -> None:
        """Note all files of a folder.

        Raises: MlflowException.
        """
        top = Path(local_dir).absolute()
        for file in sorted(one for one in top.rglob("*") if one.is_file()):
            folder = posixpath.join(artifact_path or "", file.parent.relative_to(top).as_posix())
            self.add(str(file), None if folder in ("", ".") else posixpath.normpath(folder))

    def found(self) -> dict[str, LocalFile]:
        """Those that are still on this machine, by their path below the place."""
        return files_in(self.journal, self._place)

    def listed(self, path: str | None) -> list[FileInfo]:
        """The files and folders in a folder; nothing for a file."""
        return [FileInfo(*one) for one in listed(self.found(), path or "")]

    def _to_copy(self, source: Path) -> bool:
        """A reference must stay: MLflow removes what it wrote to the temporary folder itself."""
        if self.journal.settings.files != REFERENCE:
            return True
        return source.resolve().is_relative_to(Path(tempfile.gettempdir()).resolve())


def journaled_files(journal: OpenJournal, uri: str) -> JournaledFiles:
    """The files that an address means: those of a run or model, or of nobody that is known."""
    return JournaledFiles(journal, place_of(journal.state, uri) or Place(uri, ""))

"""An exported folder as a source. It is checked as a whole before anything of it is believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from runyard.entities.transfer import (
    DatasetRecord,
    DatastoreRecord,
    ExperimentRecord,
    LoggedModelRecord,
    LoggedRecord,
    RegisteredModelRecord,
    RunRecord,
    SeriesPoints,
    TraceRecord,
)
from runyard.transfer.artifacts import local_files, open_plain
from runyard.transfer.exporting import sha256_of
from runyard.transfer.importing import Watch
from runyard.transfer.layout import (
    FORMAT,
    MANIFEST,
    VERSION,
    ArtifactLine,
    LoggedLine,
    Manifest,
    artifact_folder,
    experiment_file,
    is_inside,
)
from runyard.transfer.parquet import PointReader
from runyard.transfer.source import BLOCK, Owner, PlainSource, SourceFault, SourceFile
from runyard.transfer.unique import in_blocks

T = TypeVar("T")
LONGEST_LINE = 256 * 1024 * 1024
LARGEST_MANIFEST = 256 * 1024 * 1024


class ExportedFolder(PlainSource):
    """Reads what `exporting` wrote.

    Raises: SourceFault, when there is no manifest, or one of another format.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._manifest = _manifest(folder)
        self._points: tuple[str, PointReader] | None = None
        self._logged: tuple[str, dict[str, int]] | None = None
        self.name = (
            f"runyard export {self._manifest.workspace} {self._manifest.exported_ms} {folder.resolve()}"
        )

    def check(self, watch: Watch) -> None:
        """Every file is there, lies in the folder, and has its size and checksum; and no other artifact is there.

        Raises: SourceFault, naming the first that is not so.
        """
        watch.at("checking the folder")
        for listed in self._manifest.files:
            self._check_file(listed.path, listed.bytes, listed.sha256, watch)
        artifacts = 0
        for listed in self._manifest.files:
            if listed.path.startswith("experiments/") and listed.path.endswith("/artifacts.jsonl"):
                for line in self._lines(listed.path, ArtifactLine):
                    if line.file != f"{artifact_folder(Owner(line.kind, line.id))}/{line.path}":
                        raise SourceFault(f"{listed.path} places an artifact at {line.file[:200]!r}.")
                    self._check_file(line.file, line.bytes, line.sha256, watch)
                    artifacts += 1
        found = sum(1 for _ in local_files(self._folder / "artifacts"))
        if found != artifacts:
            raise SourceFault(f"The folder holds {found} artifacts, its lists name {artifacts}.")

    def _check_file(self, name: str, size: int, sha256: str, watch: Watch) -> None:
        if not is_inside(name):
            raise SourceFault(f"The manifest names {name[:200]!r}, which lies outside the folder.")
        path = self._folder / name
        if not path.parent.resolve().is_relative_to(self._folder.resolve()):
            raise SourceFault(f"{name[:200]} leads out of the folder through a link.")
        with open_plain(path):
            pass
        if (
            path.lstat().st_size != size
            or sha256_of(path, lambda count: watch.add("bytes checked", count)) != sha256
        ):
            raise SourceFault(
                f"{path} is not as it was exported: its size or checksum differs. Export again."
            )

    def _lines(self, name: str, kind: type[T]) -> Iterator[T]:
        """Records of a file; none when there is no such file."""
        path = self._folder / name
        return self._lines_from(path, kind, 0) if path.exists() else iter(())

    def _lines_from(self, path: Path, kind: type[T], start: int) -> Iterator[T]:
        with open_plain(path) as file:
            file.seek(start)
            while line := file.readline(LONGEST_LINE):
                yield _decoded(line, kind, path, start)
                start += len(line)

    def experiments(self) -> Iterator[ExperimentRecord | SourceFault]:
        """By number."""
        return self._lines("experiments.jsonl", ExperimentRecord)

    def runs(self, experiment_id: str) -> Iterator[RunRecord | SourceFault]:
        """In the order of the export."""
        return self._lines(experiment_file(experiment_id, "runs.jsonl"), RunRecord)

    def points(self, run: RunRecord) -> Iterator[SeriesPoints]:
        """By key."""
        if self._points is None or self._points[0] != run.experiment_id:
            path = self._folder / experiment_file(run.experiment_id, "points.parquet")
            self._points = (run.experiment_id, PointReader(path))
        for key, points in self._points[1].points(run.id):
            for block in in_blocks(points, BLOCK):
                yield SeriesPoints(key, block.tobytes())

    def logged(self, run: RunRecord) -> Iterator[LoggedRecord]:
        """The lines of a run follow one another; where they begin is looked for once."""
        path = self._folder / experiment_file(run.experiment_id, "logged.jsonl")
        if self._logged is None or self._logged[0] != run.experiment_id:
            self._logged = (run.experiment_id, self._beginnings(path))
        start = self._logged[1].get(run.id)
        if start is None:
            return
        for line in self._lines_from(path, LoggedLine, start):
            if line.run_id != run.id:
                return
            yield LoggedRecord(line.uuid, line.name, line.kind, line.logged_ms, line.body)

    def _beginnings(self, path: Path) -> dict[str, int]:
        """Run id to the place of its first line."""
        found: dict[str, int] = {}
        offset = 0
        if path.exists():
            with open_plain(path) as file:
                while line := file.readline(LONGEST_LINE):
                    found.setdefault(_decoded(line, _Whose, path, offset).run_id, offset)
                    offset += len(line)
        return found

    def logged_models(self, experiment_id: str) -> Iterator[LoggedModelRecord | SourceFault]:
        """In the order of the export."""
        return self._lines(experiment_file(experiment_id, "logged_models.jsonl"), LoggedModelRecord)

    def traces(self, experiment_id: str) -> Iterator[TraceRecord | SourceFault]:
        """In the order of the export."""
        return self._lines(experiment_file(experiment_id, "traces.jsonl"), TraceRecord)

    def registered_models(self) -> Iterator[RegisteredModelRecord | SourceFault]:
        """In the order of the export."""
        return self._lines("registered_models.jsonl", RegisteredModelRecord)

    def datasets(self) -> Iterator[DatasetRecord | SourceFault]:
        """In the order of the export."""
        return self._lines("datasets.jsonl", DatasetRecord)

    def datastores(self) -> Iterator[DatastoreRecord | SourceFault]:
        """In the order of the export."""
        return self._lines("datastores.jsonl", DatastoreRecord)

    def files(self, owner: Owner, place: str) -> Iterator[SourceFile]:
        """In the folder."""
        return local_files(self._folder / artifact_folder(owner))


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    if not path.exists():
        raise SourceFault(
            f"{folder} has no {MANIFEST}: it is no exported folder, or the export was not finished."
        )
    with open_plain(path) as file:
        data = file.read(LARGEST_MANIFEST + 1)
    try:
        if len(data) > LARGEST_MANIFEST:
            raise ValueError("it is too large")
        fields: Any = json.loads(data)
        if fields["format"] != FORMAT or fields["version"] != VERSION:
            raise SourceFault(f"{path} is of another format, or of a newer release.")
        return msgspec.convert(fields, Manifest)
    except (ValueError, KeyError, TypeError, RecursionError, msgspec.ValidationError) as exc:
        raise SourceFault(f"{path} cannot be read: {str(exc)[:200]}") from None


class _Whose(msgspec.Struct):
    run_id: str


def _decoded(line: bytes, kind: type[T], path: Path, offset: int) -> T:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
        raise SourceFault(f"{path}, the line at byte {offset}: {str(exc)[:200]}") from None

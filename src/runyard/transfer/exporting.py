"""Out of a workspace into a folder of open files: JSON lines, Parquet, and the artifacts as they are."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from runyard.client.files import place_inside
from runyard.entities.point_bytes import parse_points
from runyard.entities.trace import ARTIFACT_LOCATION
from runyard.entities.transfer import ExperimentRecord, RunRecord
from runyard.transfer.importing import Choice, Hashed, Watch
from runyard.transfer.layout import (
    FORMAT,
    MANIFEST,
    VERSION,
    ArtifactLine,
    ListedFile,
    LoggedLine,
    Manifest,
    artifact_folder,
    experiment_file,
)
from runyard.transfer.parquet import NUMBER, TEXT, WHOLE, PointWriter, TableWriter, require
from runyard.transfer.source import Owner, Source, SourceFault
from runyard.version import __version__

T = TypeVar("T")
PIECE = 1024 * 1024
_RUNS = {
    "run_id": TEXT, "experiment_id": TEXT, "name": TEXT, "user_id": TEXT, "status": TEXT, "stage": TEXT,
    "start_ms": WHOLE, "end_ms": WHOLE, "artifact_uri": TEXT,
}  # fmt: skip
_TEXTS = {"run_id": TEXT, "key": TEXT, "value": TEXT}
_METRICS = {
    "run_id": TEXT,
    "key": TEXT,
    "points": WHOLE,
    "last_step": WHOLE,
    "last_ms": WHOLE,
    "last_value": NUMBER,
}


class Exporter:
    """One export.

    Args:
        folder: must not exist, or be empty.
        details: what the workspace says of itself.
        files: whether the artifacts come along.
    """

    def __init__(
        self,
        source: Source,
        folder: Path,
        choice: Choice,
        watch: Watch,
        *,
        workspace: str,
        details: dict[str, Any],
        files: bool = True,
    ) -> None:
        self._source = source
        self._folder = folder
        self._choice = choice
        self._watch = watch
        self._workspace = workspace
        self._details = details
        self._files = files
        self._counts: Counter[str] = Counter()
        self.left_out: list[str] = []

    def run(self) -> Manifest:
        """Write everything; the manifest comes last, so a folder without one is not whole.

        Raises: RunyardError.
        """
        require()
        if self._folder.exists() and any(self._folder.iterdir()):
            raise SourceFault(f"{self._folder} is not empty. Export into a new folder.")
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "workspace.json").write_bytes(_pretty(self._details))
        chosen = [one for one in _good(self._source.experiments()) if self._choice.wants(one)]
        self._tell_missing(chosen)
        self._lines("experiments.jsonl", "experiments", chosen)
        self._tables = {
            name: TableWriter(self._folder / f"tables/{name}.parquet", columns)
            for name, columns in (
                ("runs", _RUNS),
                ("params", _TEXTS),
                ("tags", _TEXTS),
                ("metrics", _METRICS),
            )
        }
        for experiment in chosen:
            self._watch.at(experiment.name)
            self._export_experiment(experiment)
        for table in self._tables.values():
            table.close()
        if not self._choice.experiments:
            self._lines(
                "registered_models.jsonl", "registered_models", _good(self._source.registered_models())
            )
            self._lines("datasets.jsonl", "datasets", _good(self._source.datasets()))
            self._lines("datastores.jsonl", "datastores", _good(self._source.datastores()))
        return self._seal()

    def _tell_missing(self, chosen: list[ExperimentRecord]) -> None:
        known = {text for one in chosen for text in (one.id, one.name)}
        missing = [wanted for wanted in self._choice.experiments if wanted not in known]
        if missing:
            raise SourceFault(f"There is no experiment {', '.join(missing)}.")

    def _export_experiment(self, experiment: ExperimentRecord) -> None:
        id = experiment.id
        artifacts = _Lines(self._folder / experiment_file(id, "artifacts.jsonl"))
        runs = _Lines(self._folder / experiment_file(id, "runs.jsonl"))
        logged = _Lines(self._folder / experiment_file(id, "logged.jsonl"))
        points = PointWriter(self._folder / experiment_file(id, "points.parquet"))
        for run in _good(self._source.runs(id)):
            runs.add(run)
            self._tabulate(run)
            self._points(run, points)
            for record in self._source.logged(run):
                logged.add(LoggedLine(**_fields(record), run_id=run.id))
            self._artifacts(Owner("run", run.id), run.artifact_uri, artifacts)
            self._watch.add("runs", 1)
        points.close()
        self._counts.update(runs=runs.close(), logged=logged.close(), points=points.count)
        models = _Lines(self._folder / experiment_file(id, "logged_models.jsonl"))
        for model in _good(self._source.logged_models(id)):
            models.add(model)
            self._artifacts(Owner("model", model.id), model.artifact_uri, artifacts)
        traces = _Lines(self._folder / experiment_file(id, "traces.jsonl"))
        for trace in _good(self._source.traces(id)):
            traces.add(trace)
            self._artifacts(Owner("trace", trace.id), trace.tags.get(ARTIFACT_LOCATION, ""), artifacts)
        self._counts.update(logged_models=models.close(), traces=traces.close(), artifacts=artifacts.close())

    def _tabulate(self, run: RunRecord) -> None:
        columns = (run.id, run.experiment_id, run.name, run.user_id, run.status, run.stage)
        self._tables["runs"].add(*columns, run.start_ms, run.end_ms, run.artifact_uri)
        for key, value in run.params.items():
            self._tables["params"].add(run.id, key, value)
        for key, value in run.tags.items():
            self._tables["tags"].add(run.id, key, value)

    def _points(self, run: RunRecord, writer: PointWriter) -> None:
        latest: dict[str, tuple[int, int, int, float]] = {}
        for series in self._source.points(run):
            points = parse_points(series.points)
            writer.add(run.id, series.key, points)
            self._watch.add("points", int(points.size))
            last = max(
                zip(points["step"].tolist(), points["ms"].tolist(), points["value"].tolist(), strict=True),
                key=lambda point: point[:2],
            )
            known = latest.get(series.key, (0, *last))
            latest[series.key] = (
                known[0] + int(points.size),
                *max(known[1:], last, key=lambda point: point[:2]),
            )
        for key, row in latest.items():
            self._tables["metrics"].add(run.id, key, *row)

    def _artifacts(self, owner: Owner, place: str, lines: _Lines) -> None:
        if not (self._files and place):
            return
        try:
            for file in self._source.files(owner, place):
                path = f"{artifact_folder(owner)}/{file.path}"
                target = place_inside(self._folder, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                with file.open() as opened, target.open("xb") as written:
                    hashed = Hashed(opened)
                    shutil.copyfileobj(hashed, written, PIECE)
                lines.add(ArtifactLine(owner.kind, owner.id, file.path, path, hashed.count, hashed.text))
                self._watch.add("files", 1)
                self._watch.add("bytes", hashed.count)
        except SourceFault as exc:
            self.left_out.append(f"{owner.kind} {owner.id}: {exc.message}")

    def _lines(self, name: str, noun: str, records: Iterable[Any]) -> None:
        lines = _Lines(self._folder / name)
        for record in records:
            lines.add(record)
        self._counts[noun] = lines.close()

    def _seal(self) -> Manifest:
        """List all files but artifacts, which have lists of their own."""
        self._watch.at("manifest")
        listed = [
            _listed(self._folder, path)
            for path in sorted(self._folder.rglob("*"))
            if path.is_file() and path.relative_to(self._folder).parts[0] != "artifacts"
        ]
        manifest = Manifest(
            format=FORMAT,
            version=VERSION,
            runyard=__version__,
            exported_ms=int(time.time() * 1000),
            workspace=self._workspace,
            counts=dict(sorted(self._counts.items())),
            files=listed,
        )
        (self._folder / MANIFEST).write_bytes(_pretty(manifest))
        return manifest


class _Lines:
    """Records into one file, a line each, always in the same order of fields."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("xb")
        self._count = 0

    def add(self, record: Any) -> None:
        """One record."""
        self._file.write(msgspec.json.encode(record, order="deterministic") + b"\n")
        self._count += 1

    def close(self) -> int:
        """How many there are."""
        self._file.close()
        return self._count


def _good(records: Iterable[T | SourceFault]) -> Iterable[T]:
    for one in records:
        if isinstance(one, SourceFault):
            raise one
        yield one


def _fields(record: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__struct_fields__}


def _pretty(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2) + b"\n"


def _listed(folder: Path, path: Path) -> ListedFile:
    return ListedFile(path.relative_to(folder).as_posix(), path.stat().st_size, sha256_of(path))


def sha256_of(path: Path, progress: Callable[[int], None] | None = None) -> str:
    """Of a whole file, in hex."""
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            hashed.update(piece)
            if progress is not None:
                progress(len(piece))
    return hashed.hexdigest()

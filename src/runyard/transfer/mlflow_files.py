"""A file store of MLflow (an mlruns directory) as a source. Links are not followed, whatever they point at."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from runyard.entities.common import Tag
from runyard.entities.point_bytes import POINT, Points
from runyard.entities.run import RUN_NAME_TAG, Dataset, DatasetInput, ModelEdge
from runyard.entities.transfer import (
    ExperimentRecord,
    LoggedModelRecord,
    MeasuredRecord,
    RegisteredModelRecord,
    RunRecord,
    SeriesPoints,
    TraceRecord,
    VersionRecord,
    measured,
)
from runyard.transfer.artifacts import Places, local_files, open_plain
from runyard.transfer.mlflow_traces import moment_ms, said_in_words, seconds_ms, state_of
from runyard.transfer.names import stage_of, status_of, version_stage_of, version_status_of
from runyard.transfer.source import BLOCK, Owner, PlainSource, SourceFault, SourceFile, attempt
from runyard.transfer.unique import in_blocks, unique_points

try:
    import yaml
except ImportError:
    yaml = None

META = "meta.yaml"
DELETED = "Deleted_Internal"  # the stage of versions that are gone
TRASH = ".trash"
NO_RUNS = frozenset({"tags", "datasets", "traces", "models", TRASH})
LARGEST_TEXT = 64 * 1024 * 1024
LINES = 50_000


class MlflowFiles(PlainSource):
    """Reads the directories of runs, models and traces one after the other.

    Args:
        root: the mlruns directory.
        places: opens artifact locations that are not in the directory.
    """

    def __init__(self, root: Path, places: Places) -> None:
        if yaml is None:
            raise SourceFault("Reading a file store needs PyYAML: pip install 'runyard[import]'.")
        if not root.is_dir():
            raise SourceFault(f"There is no directory {root}.")
        self.name = f"mlflow files {root.resolve()}"
        self._root = root
        self._places = places
        self._homes: dict[str, Path] = {}
        if not any(_directories(root)):
            raise SourceFault(f"{root} holds no experiments: give the directory that MLflow calls mlruns.")

    def experiments(self) -> Iterator[ExperimentRecord | SourceFault]:
        """By directory; deleted ones are in the trash."""
        for home in (self._root, self._root / TRASH):
            for directory in _directories(home):
                if directory.name in (TRASH, "models") or not (directory / META).exists():
                    continue
                yield attempt(partial(self._experiment, directory, trashed=home is not self._root))

    def _experiment(self, directory: Path, *, trashed: bool) -> ExperimentRecord:
        meta = _yaml(directory / META)
        id = str(meta.get("experiment_id", directory.name))
        self._homes[id] = directory
        runs = (_yaml(one / META).get("start_time") for one in self._run_directories(directory))
        created = meta.get("creation_time")
        if created is None:
            created = min((int(ms) for ms in runs if ms), default=0)
        return ExperimentRecord(
            id=id,
            name=_text_of(meta, "name", directory),
            artifact_location=str(meta.get("artifact_location") or ""),
            stage="deleted" if trashed else stage_of(meta.get("lifecycle_stage")),
            created_ms=int(created),
            updated_ms=int(meta.get("last_update_time") or created),
            tags=_texts(directory / "tags"),
        )

    def _home(self, experiment_id: str) -> Path:
        if experiment_id not in self._homes:
            for _ in self.experiments():
                pass
        return self._homes[experiment_id]

    def _run_directories(self, experiment: Path) -> Iterator[Path]:
        for directory in _directories(experiment):
            if directory.name not in NO_RUNS and (directory / META).exists():
                yield directory

    def runs(self, experiment_id: str) -> Iterator[RunRecord | SourceFault]:
        """By directory."""
        for directory in self._run_directories(self._home(experiment_id)):
            yield attempt(partial(self._run, directory, experiment_id))

    def _run(self, directory: Path, experiment_id: str) -> RunRecord:
        meta = _yaml(directory / META)
        tags = _texts(directory / "tags")
        return RunRecord(
            id=_own_id(directory, meta.get("run_id") or meta.get("run_uuid")),
            experiment_id=experiment_id,
            name=str(meta.get("run_name") or meta.get("name") or tags.get(RUN_NAME_TAG, "")),
            user_id=str(meta.get("user_id") or ""),
            status=status_of(meta.get("status")),
            stage=stage_of(meta.get("lifecycle_stage")),
            start_ms=_number(meta, "start_time", directory),
            end_ms=_number(meta, "end_time", directory),
            deleted_ms=_number(meta, "deleted_time", directory),
            artifact_uri=str(meta.get("artifact_uri") or ""),
            params=_texts(directory / "params"),
            tags=tags,
            inputs=self._inputs(directory, experiment_id),
            model_inputs=[
                ModelEdge(str(one["source_id"])) for one in _metas(directory / "inputs") if _is_model(one)
            ],
            model_outputs=[
                ModelEdge(str(one["source_id"]), int(one.get("step") or 0))
                for one in _metas(directory / "outputs")
            ],
        )

    def _inputs(self, directory: Path, experiment_id: str) -> list[DatasetInput]:
        found = []
        for one in _metas(directory / "inputs"):
            if _is_model(one):
                continue
            data = _yaml(self._home(experiment_id) / "datasets" / _component(one.get("source_id")) / META)
            dataset = Dataset(
                str(data.get("name") or ""),
                str(data.get("digest") or ""),
                str(data.get("source_type") or ""),
                str(data.get("source") or ""),
                _optional(data.get("schema")),
                _optional(data.get("profile")),
            )
            tags = one.get("tags") or {}
            found.append(DatasetInput(dataset, [Tag(str(key), str(value)) for key, value in tags.items()]))
        return found

    def state(self, run: RunRecord) -> str:
        """The record, and size and time of the files of its metrics and artifacts."""
        directory = self._home(run.experiment_id) / run.id
        facts = [super().state(run)]
        for part in ("metrics", "artifacts"):
            for base, folders, names in os.walk(directory / part):
                folders.sort()
                for name in sorted(names):
                    found = (Path(base) / name).lstat()
                    facts.append(f"{name} {found.st_size} {found.st_mtime_ns}")
        return hashlib.sha256("\n".join(facts).encode(errors="replace")).hexdigest()

    def points(self, run: RunRecord) -> Iterator[SeriesPoints]:
        """By key. MLflow writes a point again when it is sent again, so repetitions are left out."""
        directory = self._home(run.experiment_id) / run.id / "metrics"
        for file in local_files(directory):
            path = directory / file.path
            for points in unique_points(lambda path=path: _points(path)):  # type: ignore[misc]
                for block in in_blocks(points, BLOCK):
                    yield SeriesPoints(file.path, block.tobytes())

    def logged_models(self, experiment_id: str) -> Iterator[LoggedModelRecord | SourceFault]:
        """By directory."""
        for directory in _directories(self._home(experiment_id) / "models"):
            yield attempt(partial(self._logged_model, directory, experiment_id))

    def _logged_model(self, directory: Path, experiment_id: str) -> LoggedModelRecord:
        meta = _yaml(directory / META)
        created = _number(meta, "creation_timestamp", directory) or 0
        return LoggedModelRecord(
            id=_own_id(directory, meta.get("model_id")),
            experiment_id=experiment_id,
            name=_text_of(meta, "name", directory),
            model_type=str(meta.get("model_type") or ""),
            source_run_id=str(meta.get("source_run_id") or ""),
            status=int(meta.get("status") or 0),
            status_message=_optional(meta.get("status_message")),
            stage=stage_of(meta.get("lifecycle_stage")),
            artifact_uri=str(meta.get("artifact_location") or ""),
            created_ms=created,
            updated_ms=_number(meta, "last_updated_timestamp", directory) or created,
            params=_texts(directory / "params"),
            tags=_texts(directory / "tags"),
            metrics=list(_model_metrics(directory / "metrics")),
        )

    def traces(self, experiment_id: str) -> Iterator[TraceRecord | SourceFault]:
        """By directory; their spans are in their artifacts."""
        for directory in _directories(self._home(experiment_id) / "traces"):
            yield attempt(partial(self._trace, directory, experiment_id))

    def _trace(self, directory: Path, experiment_id: str) -> TraceRecord:
        info = _yaml(directory / "trace_info.yaml")
        id = _own_id(directory, info.get("trace_id") or info.get("request_id"))
        duration = info.get("execution_duration_ms", info.get("execution_time_ms"))
        said = [
            _yaml(directory / "assessments" / file.path) for file in local_files(directory / "assessments")
        ]
        return TraceRecord(
            id=id,
            experiment_id=experiment_id,
            request_ms=moment_ms(info.get("request_time") or info.get("timestamp_ms")),
            duration_ms=seconds_ms(info.get("execution_duration")) if duration is None else int(duration),
            state=state_of(info.get("state") or info.get("status")),
            request_preview=_optional(info.get("request_preview")),
            response_preview=_optional(info.get("response_preview")),
            client_request_id=_optional(info.get("client_request_id")),
            tags=_texts(directory / "tags"),
            metadata=_texts(directory / "request_metadata"),
            assessments=[said_in_words(one, id) for one in said],
        )

    def registered_models(self) -> Iterator[RegisteredModelRecord | SourceFault]:
        """By directory."""
        for directory in _directories(self._root / "models"):
            yield attempt(partial(self._registered_model, directory))

    def _registered_model(self, directory: Path) -> RegisteredModelRecord:
        meta = _yaml(directory / META)
        created = _number(meta, "creation_timestamp", directory) or 0
        metas = [
            (one, _yaml(one / META)) for one in _directories(directory) if one.name.startswith("version-")
        ]
        versions = [self._version(*one) for one in metas if one[1].get("current_stage") != DELETED]
        return RegisteredModelRecord(
            name=_text_of(meta, "name", directory),
            description=_optional(meta.get("description")),
            created_ms=created,
            updated_ms=_number(meta, "last_updated_timestamp", directory) or created,
            last_version=max((_number(one[1], "version", one[0]) or 0 for one in metas), default=0),
            tags=_texts(directory / "tags"),
            aliases={key: int(text) for key, text in _texts(directory / "aliases").items()},
            versions=sorted(versions, key=lambda one: one.version),
        )

    def _version(self, directory: Path, meta: Mapping[str, Any]) -> VersionRecord:
        created = _number(meta, "creation_timestamp", directory) or 0
        source = str(meta.get("source") or "")
        return VersionRecord(
            version=_number(meta, "version", directory) or 0,
            source=source,
            storage_location=str(meta.get("storage_location") or source),
            stage=version_stage_of(meta.get("current_stage")),
            description=_optional(meta.get("description")),
            run_id=str(meta.get("run_id") or ""),
            run_link=str(meta.get("run_link") or ""),
            model_id=_optional(meta.get("model_id")),
            user_id=_optional(meta.get("user_id")),
            status=version_status_of(meta.get("status")),
            status_message=_optional(meta.get("status_message")),
            created_ms=created,
            updated_ms=_number(meta, "last_updated_timestamp", directory) or created,
            tags=_texts(directory / "tags"),
        )

    def files(self, owner: Owner, place: str) -> Iterator[SourceFile]:
        """In the record's own directory if they are there, which a store that was moved still has; else at the place."""
        own = self._own_directory(owner)
        if own is not None and own.is_dir() and any(own.iterdir()):
            if not own.resolve().is_relative_to(self._root.resolve()):
                raise SourceFault(f"{own} is a link that leads out of the store.")
            return local_files(own)
        return self._places.files(place) if place else iter(())

    def _own_directory(self, owner: Owner) -> Path | None:
        folder = {"run": "", "model": "models", "trace": "traces"}[owner.kind]
        for home in self._homes.values():
            directory = home / folder / owner.id
            if directory.is_dir():
                return directory / "artifacts"
        return None


def _directories(parent: Path) -> list[Path]:
    """Directories in a directory, by name; links are none."""
    if not parent.is_dir() or parent.is_symlink():
        return []
    return sorted(Path(one.path) for one in os.scandir(parent) if one.is_dir(follow_symlinks=False))


def _read(path: Path) -> str:
    """A small text file.

    Raises: SourceFault.
    """
    with open_plain(path) as file:
        data = file.read(LARGEST_TEXT + 1)
    if len(data) > LARGEST_TEXT:
        raise SourceFault(f"{path} is larger than {LARGEST_TEXT} bytes.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise SourceFault(f"{path} is not UTF-8 text.") from None


def _yaml(path: Path) -> Mapping[str, Any]:
    """The mapping of a YAML file.

    Raises: SourceFault.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = yaml.load(_read(path), Loader=loader)  # noqa: S506 - the loader is a safe one
    except (yaml.YAMLError, RecursionError, ValueError) as exc:
        raise SourceFault(f"{path} is not YAML: {str(exc).splitlines()[0][:200]}.") from None
    if not isinstance(found, dict):
        raise SourceFault(f"{path} holds no mapping; it was cut, perhaps.")
    return found


def _metas(parent: Path) -> list[Mapping[str, Any]]:
    return [_yaml(one / META) for one in _directories(parent)]


def _is_model(one: Mapping[str, Any]) -> bool:
    return str(one.get("source_type")) in ("MODEL", "5") or "MODEL" in str(one.get("source_type"))


def _own_id(directory: Path, said: Any) -> str:
    """The id of what a directory holds, which is the directory's name.

    Raises: SourceFault when its metadata say otherwise.
    """
    if said is not None and str(said) != directory.name:
        raise SourceFault(f"{directory} says that it is {str(said)[:100]!r}.")
    return directory.name


def _component(value: Any) -> str:
    text = str(value)
    if not text or "/" in text or "\\" in text or text in (".", ".."):
        raise SourceFault(f"{text[:100]!r} is no id of a dataset.")
    return text


def _texts(directory: Path) -> dict[str, str]:
    """Files of a directory as key to text; slashes in keys are directories."""
    return {file.path: _read(directory / file.path) for file in local_files(directory)}


def _optional(value: Any) -> str | None:
    return None if value is None else str(value)


def _text_of(meta: Mapping[str, Any], name: str, directory: Path) -> str:
    if meta.get(name) is None:
        raise SourceFault(f"{directory / META} has no {name}.")
    return str(meta[name])


def _number(meta: Mapping[str, Any], name: str, directory: Path) -> int | None:
    value = meta.get(name)
    try:
        return None if value is None or value == "" else int(value)
    except (TypeError, ValueError):
        raise SourceFault(f"{directory / META}: {name} is no number: {str(value)[:50]!r}.") from None


def _points(path: Path) -> Iterator[Points]:
    """Blocks of a metric's file: time, value, and step and dataset where the version wrote them."""
    with open_plain(path) as file:
        number = 0
        while lines := [line for line in (file.readline(10_000) for _ in range(LINES)) if line]:
            held = []
            for line in lines:
                number += 1
                parts = line.split()
                if not parts:
                    continue
                try:
                    step = int(parts[2]) if len(parts) > 2 else 0
                    held.append((step, int(parts[0]), float(parts[1])))
                    if not line.endswith(b"\n"):
                        raise ValueError
                except (ValueError, IndexError):
                    raise SourceFault(
                        f"{path}, line {number}: no point of a metric; it was cut, perhaps."
                    ) from None
            try:
                yield np.array(held, POINT)
            except OverflowError:
                raise SourceFault(
                    f"{path}: a number before line {number} does not fit into 64 bits."
                ) from None


def _model_metrics(directory: Path) -> Iterator[MeasuredRecord]:
    """The latest value of each metric, run and dataset, which is what MLflow shows."""
    latest: dict[tuple[str, ...], tuple[int, int, float]] = {}
    for file in local_files(directory):
        for number, line in enumerate(_read(directory / file.path).splitlines(), 1):
            parts = line.split()
            try:
                point = (int(parts[2]), int(parts[0]), float(parts[1]))
                key = (file.path, parts[3], *(parts[4:6] if len(parts) > 5 else ("", "")))
            except (ValueError, IndexError):
                raise SourceFault(f"{directory / file.path}, line {number}: no metric of a model.") from None
            if key not in latest or point[:2] >= latest[key][:2]:
                latest[key] = point
    for (name, run_id, dataset, digest), (step, ms, value) in latest.items():
        yield MeasuredRecord(name, measured(value), ms, step, run_id, dataset, digest)

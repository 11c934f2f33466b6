"""Rules for import and export: what a record must be like so that any database keeps it, and how much at a time."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from runyard.artifacts.contracts import ByteRange, Download, FileInfo
from runyard.artifacts.uris import check_location
from runyard.entities.common import Page
from runyard.entities.datastore import BUILT_IN_STORES
from runyard.entities.file_digest import PIECE_BYTES
from runyard.entities.trace import Assessment, Span
from runyard.entities.transfer import (
    DatasetRecord,
    DatastoreRecord,
    ExperimentRecord,
    FileDigest,
    LoggedModelRecord,
    LoggedRecord,
    Placed,
    RegisteredModelRecord,
    RunRecord,
    SeriesDigest,
    SeriesPoints,
    TraceRecord,
)
from runyard.errors import InvalidInput, NotFound, RangeNotSatisfiable, shown
from runyard.services.checks import check_length, check_max_results, check_text, parse_experiment_id
from runyard.services.context import Context
from runyard.services.datastores import check_name
from runyard.services.places import ExperimentPlaces, is_usual
from runyard.store.transfer_contracts import TransferStore

T = TypeVar("T")
RECORDS_LIMIT = 1_000
POINTS_LIMIT = 100_000
DIGESTED_LIMIT = 1_000_000
POINT_BYTES = 24
FILES_LIMIT = 1_000
MOST_BYTES = 2**60  # of a file
READING_S = 5.0  # of files, in one request
LINE_LIMIT = 500  # of names that an index holds
END_OF_TIME_MS = 253_402_300_800_000
_HEX = re.compile(r"([0-9a-f]{2}){1,16}")


class Files(Protocol):
    """The files of a workspace. Both raise NotFound; a range may raise RangeNotSatisfiable."""

    async def get(self, ctx: Context, path: str, byte_range: ByteRange) -> Download: ...

    async def head(self, ctx: Context, path: str) -> FileInfo: ...


class TransferService:
    """Checks, then asks the store.

    Args:
        artifact_root: URI below which an experiment's files go, `mlflow-artifacts:`.
    """

    def __init__(
        self, store: TransferStore, files: Files, artifact_root: str, places: ExperimentPlaces
    ) -> None:
        self._store = store
        self._files = files
        self._artifact_root = artifact_root
        self._places = places

    async def put_experiments(self, ctx: Context, records: Sequence[ExperimentRecord]) -> list[Placed]:
        """Bring experiments in; the answer says which number each has now."""
        placed = [
            msgspec.structs.replace(one, artifact_location="")  # that of the number which it has here
            if is_usual(one.artifact_location, one.id)
            else one
            for one in _placed(records, "artifact_location")
        ]
        own_paths = [
            await self._places.own_path(ctx, one.artifact_location) if one.artifact_location else None
            for one in placed
        ]
        return await self._store.put_experiments(ctx.workspace_id, placed, self._artifact_root, own_paths)

    async def put_runs(self, ctx: Context, records: Sequence[RunRecord]) -> list[Placed]:
        """Bring runs in, under numbers of experiments of this server."""
        return await self._store.put_runs(ctx.workspace_id, _homed(records))

    async def put_points(self, ctx: Context, run_id: str, series: Sequence[SeriesPoints]) -> int:
        """Add points to a run; how many were sent."""
        _checked(series)
        count = sum(len(one.points) for one in series) // POINT_BYTES
        if count > POINTS_LIMIT:
            raise InvalidInput(
                f"One request takes {POINTS_LIMIT} points, this one has {count}. Send them in several."
            )
        return await self._store.put_points(ctx.workspace_id, _checked_id(run_id), series)

    async def put_logged(self, ctx: Context, run_id: str, records: Sequence[LoggedRecord]) -> int:
        """Add what the SDK logged beside numbers; how many were new."""
        for one in _checked(records):
            _check_json("body", one.body)
            check_length("name", one.name, LINE_LIMIT)
        return await self._store.put_logged(ctx.workspace_id, _checked_id(run_id), records)

    async def put_logged_models(self, ctx: Context, records: Sequence[LoggedModelRecord]) -> list[Placed]:
        """Bring logged models in."""
        return await self._store.put_logged_models(ctx.workspace_id, _homed(records))

    async def put_traces(self, ctx: Context, records: Sequence[TraceRecord]) -> list[Placed]:
        """Bring traces in, with their spans."""
        for one in _homed(records):
            _check_moments(one)
            for span in one.spans:
                _check_span(one, span)
            for said in one.assessments:
                _check_assessment(one, said)
        return await self._store.put_traces(ctx.workspace_id, records)

    async def put_registered_models(
        self, ctx: Context, records: Sequence[RegisteredModelRecord]
    ) -> list[Placed]:
        """Bring registered models in, with their versions."""
        for one in _checked(records):
            for version in one.versions:
                for key in version.tags:
                    check_length("key of tags", key, LINE_LIMIT)
            if len({version.version for version in one.versions}) < len(one.versions):
                raise InvalidInput(f"A version of the registered model {one.name} is given twice.")
        return await self._store.put_registered_models(ctx.workspace_id, records)

    async def put_datasets(self, ctx: Context, records: Sequence[DatasetRecord]) -> list[Placed]:
        """Bring registered datasets in, with their versions."""
        for one in _checked(records):
            for version in one.versions:
                _check_json("definition", version.definition)
        return await self._store.put_datasets(ctx.workspace_id, records)

    async def put_datastores(self, ctx: Context, records: Sequence[DatastoreRecord]) -> list[Placed]:
        """Bring datastores in; their credentials must be set afterwards."""
        for one in _checked(records):
            _check_json("config", one.config)
            check_name(one.name)
            if one.name in BUILT_IN_STORES:
                raise InvalidInput(f"The datastore {one.name!r} is built in and cannot be imported.")
        return await self._store.put_datastores(ctx.workspace_id, records)

    async def experiments(self, ctx: Context, limit: int, token: str | None) -> Page[ExperimentRecord]:
        """A page of experiments, deleted ones included; so are all that follow."""
        return await self._store.experiments(ctx.workspace_id, _limit(limit), token)

    async def runs(self, ctx: Context, experiment: str, limit: int, token: str | None) -> Page[RunRecord]:
        """A page of runs."""
        return await self._store.runs(ctx.workspace_id, _number(experiment), _limit(limit), token)

    async def points(self, ctx: Context, run_id: str, limit: int, token: str | None) -> Page[SeriesPoints]:
        """Points of all metrics of a run; limit counts points."""
        most = check_max_results(limit, POINTS_LIMIT)
        return await self._store.points(ctx.workspace_id, _checked_id(run_id), most, token)

    async def digests(self, ctx: Context, run_id: str, limit: int, token: str | None) -> Page[SeriesDigest]:
        """Count and digest of the metrics of a run; limit counts the points that are read."""
        most = check_max_results(limit, DIGESTED_LIMIT)
        return await self._store.digests(ctx.workspace_id, _checked_id(run_id), most, token)

    async def logged(self, ctx: Context, run_id: str, limit: int, token: str | None) -> Page[LoggedRecord]:
        """A page of what the SDK logged to a run beside numbers."""
        return await self._store.logged(ctx.workspace_id, _checked_id(run_id), _limit(limit), token)

    async def logged_models(
        self, ctx: Context, experiment: str, limit: int, token: str | None
    ) -> Page[LoggedModelRecord]:
        """A page of logged models."""
        return await self._store.logged_models(ctx.workspace_id, _number(experiment), _limit(limit), token)

    async def traces(self, ctx: Context, experiment: str, limit: int, token: str | None) -> Page[TraceRecord]:
        """A page of traces with their spans."""
        return await self._store.traces(ctx.workspace_id, _number(experiment), _limit(limit), token)

    async def registered_models(
        self, ctx: Context, limit: int, token: str | None
    ) -> Page[RegisteredModelRecord]:
        """A page of registered models with all their versions."""
        return await self._store.registered_models(ctx.workspace_id, _limit(limit), token)

    async def datasets(self, ctx: Context, limit: int, token: str | None) -> Page[DatasetRecord]:
        """A page of registered datasets with all their versions."""
        return await self._store.datasets(ctx.workspace_id, _limit(limit), token)

    async def datastores(self, ctx: Context, limit: int, token: str | None) -> Page[DatastoreRecord]:
        """A page of datastores, without credentials."""
        return await self._store.datastores(ctx.workspace_id, _limit(limit), token)

    async def file_digests(self, ctx: Context, paths: Sequence[str], start: int) -> list[FileDigest]:
        """Size and SHA-256 of files of the workspace, by their path in its datastore, a piece of each.

        Cost: reads less than two pieces, or for a few seconds; what is not answered is asked for again.

        Args:
            start: where to begin in the first file.
        """
        if len(paths) > FILES_LIMIT:
            raise InvalidInput(f"One request takes {FILES_LIMIT} paths, this one has {len(paths)}.")
        if not 0 <= start < MOST_BYTES or start % PIECE_BYTES:
            raise InvalidInput(
                f"Invalid value {start} for parameter 'start': it must be a multiple of {PIECE_BYTES}."
            )
        began, read = time.monotonic(), 0
        found: list[FileDigest] = []
        for path in paths:
            if found and (read >= PIECE_BYTES or time.monotonic() - began > READING_S):
                break
            one = await self._file_digest(ctx, path, start if not found else 0)
            found.append(one)
            read += one.end - one.start
            if not one.ends:
                break
        return found

    async def _file_digest(self, ctx: Context, path: str, start: int) -> FileDigest:
        hashed, size = hashlib.sha256(), 0
        try:
            download = await self._files.get(ctx, path, ByteRange(start, start + PIECE_BYTES - 1))
        except NotFound:
            return FileDigest(path, -1, "")
        except RangeNotSatisfiable:  # an empty file, or one that is shorter by now
            info = await self._files.head(ctx, path)
            return FileDigest(path, info.size, hashed.hexdigest(), start, start)
        try:
            async for piece in download.pieces():
                hashed.update(piece)
                size += len(piece)
        finally:
            await download.aclose()
        return FileDigest(path, download.info.size, hashed.hexdigest(), start, start + size)


def _limit(limit: int) -> int:
    return check_max_results(limit, RECORDS_LIMIT)


def _number(experiment: str) -> int:
    return parse_experiment_id(experiment)


def _homed(records: Sequence[T]) -> Sequence[T]:
    for one in _placed(records, "artifact_uri"):
        _number(getattr(one, "experiment_id", ""))
    return records


def _placed(records: Sequence[T], field: str) -> Sequence[T]:
    """Raises: InvalidInput for a place that no client could read."""
    for one in _checked(records):
        if place := getattr(one, field, ""):
            check_location(place)
    return records


def _checked(records: Sequence[T]) -> Sequence[T]:
    """Raises: InvalidInput for too many, and for text that no database keeps."""
    if len(records) > RECORDS_LIMIT:
        raise InvalidInput(
            f"One request takes {RECORDS_LIMIT} records, this one has {len(records)}. Send them in several."
        )
    for one in records:
        for text in _texts(msgspec.to_builtins(one, builtin_types=(bytes,))):
            check_text("record", text)
        for field in ("params", "tags", "metadata", "properties", "aliases", "runs"):
            for key in getattr(one, field, ()):
                check_length(f"key of {field}", key, LINE_LIMIT)
    return records


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _check_moments(trace: TraceRecord) -> None:
    for ms in (trace.request_ms, trace.request_ms + (trace.duration_ms or 0)):
        if not -END_OF_TIME_MS < ms < END_OF_TIME_MS:
            raise InvalidInput(f"A time of the trace {trace.id} is out of range: {ms}.")


def _check_span(trace: TraceRecord, span: Span) -> None:
    """Raises: InvalidInput for ids that are not OpenTelemetry's, and for what no column or index holds."""
    links = [id for link in span.links for id in (link.trace_id, link.span_id)]
    ids = (span.trace_id, span.span_id, *([span.parent_id] if span.parent_id else []), *links)
    if not all(_HEX.fullmatch(id) for id in ids) or span.status not in ("OK", "ERROR", "UNSET"):
        raise InvalidInput(
            f"The span {shown(span.span_id)} of trace {trace.id} has no ids in hex, or no known status."
        )
    numbers = [span.kind, span.start_ns, span.end_ns, *(event.time_ns for event in span.events)]
    if not all(-(2**63) <= number < 2**63 for number in numbers):
        raise InvalidInput(f"A time of the span {span.span_id} of trace {trace.id} is out of range.")


def _check_assessment(trace: TraceRecord, said: Assessment) -> None:
    if not said.kind or not said.name or not said.id or said.trace_id != trace.id:
        raise InvalidInput(
            f"An assessment of trace {trace.id} has no id, no name, no value, or names another trace."
        )
    check_length("assessment id", said.id, LINE_LIMIT)
    check_length("assessment name", said.name, LINE_LIMIT)
    value = (said.feedback or said.expectation or {}).get("value")
    numbers = (said.created_ms, said.updated_ms, value if isinstance(value, int) else 0)
    if (
        not all(-END_OF_TIME_MS < number < END_OF_TIME_MS for number in numbers[:2])
        or abs(numbers[2]) > 10**300
    ):
        raise InvalidInput(f"A number of the assessment {said.id} of trace {trace.id} is out of range.")


def _check_json(what: str, text: str) -> None:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidInput(f"The {what} of a record is no JSON.") from None


def _checked_id(run_id: str) -> str:
    check_text("run_id", run_id)
    if not run_id:
        raise InvalidInput.missing("run_id")
    return run_id

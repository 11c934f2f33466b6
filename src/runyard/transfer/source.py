"""What an import reads from, whatever it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import BinaryIO, NamedTuple, Protocol, TypeVar

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
from runyard.errors import RunyardError

T = TypeVar("T")
BLOCK = 50_000  # points that a source gives at a time, at most


class SourceFault(RunyardError):
    """What a source holds cannot be read, or must not be."""

    code = "INVALID_SOURCE"
    status = 400


def attempt(read: Callable[[], T]) -> T | SourceFault:
    """What read gives, or why it cannot; whatever is of another shape than MLflow writes it cannot be read."""
    try:
        return read()
    except SourceFault as exc:
        return exc
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as exc:
        return SourceFault(f"It is not what it should be: {type(exc).__name__} {str(exc)[:200]}.")


class Owner(NamedTuple):
    """The record that files belong to: a run, a logged model or a trace."""

    kind: str
    id: str


class SourceFile(NamedTuple):
    """One file of a record; its path is relative to the record's own place and leads nowhere else."""

    path: str
    bytes: int
    open: Callable[[], AbstractContextManager[BinaryIO]]


class Source(Protocol):
    """Where records come from. Ids, times and places are the source's own.

    Every method may be called again, and gives the same as long as the source does not change. All of them may raise
    SourceFault; those that give records give one in the place of a record that cannot be read. Memory: a page of records, or BLOCK points, whatever the size of the source.
    """

    name: str  # of this source among all, without a password; the journal goes by it

    def experiments(self) -> Iterator[ExperimentRecord | SourceFault]:
        """All experiments, deleted ones included."""
        ...

    def runs(self, experiment_id: str) -> Iterator[RunRecord | SourceFault]:
        """All runs of an experiment, deleted ones included."""
        ...

    def state(self, run: RunRecord) -> str:
        """Text that changes when something of a run does, its points and files included."""
        ...

    def points(self, run: RunRecord) -> Iterator[SeriesPoints]:
        """All points of a run, key after key, each once, at most BLOCK at a time."""
        ...

    def logged(self, run: RunRecord) -> Iterator[LoggedRecord]:
        """What the SDK logged to a run beside numbers."""
        ...

    def logged_models(self, experiment_id: str) -> Iterator[LoggedModelRecord | SourceFault]: ...

    def traces(self, experiment_id: str) -> Iterator[TraceRecord | SourceFault]: ...

    def registered_models(self) -> Iterator[RegisteredModelRecord | SourceFault]: ...

    def datasets(self) -> Iterator[DatasetRecord | SourceFault]: ...

    def datastores(self) -> Iterator[DatastoreRecord | SourceFault]: ...

    def files(self, owner: Owner, place: str) -> Iterator[SourceFile]:
        """All files of a record that says its files are at `place`."""
        ...

    def left_out(self) -> Mapping[str, str]:
        """What the source has that is not brought: in a sentence, by what it is."""
        ...

    def close(self) -> None: ...


class PlainSource:
    """A source that has none of what is optional."""

    name = ""

    def state(self, run: RunRecord) -> str:
        """The record alone."""
        return hashlib.sha256(msgspec.json.encode(run, order="sorted")).hexdigest()

    def logged(self, run: RunRecord) -> Iterator[LoggedRecord]:
        """None."""
        return iter(())

    def logged_models(self, experiment_id: str) -> Iterator[LoggedModelRecord | SourceFault]:
        """None."""
        return iter(())

    def traces(self, experiment_id: str) -> Iterator[TraceRecord | SourceFault]:
        """None."""
        return iter(())

    def registered_models(self) -> Iterator[RegisteredModelRecord | SourceFault]:
        """None."""
        return iter(())

    def datasets(self) -> Iterator[DatasetRecord | SourceFault]:
        """None."""
        return iter(())

    def datastores(self) -> Iterator[DatastoreRecord | SourceFault]:
        """None."""
        return iter(())

    def left_out(self) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def close(self) -> None:
        """Nothing is held."""

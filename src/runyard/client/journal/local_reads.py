"""Journals as they are read on the machine that wrote them: histories, artifacts and runs that no server has yet.

Each journal lists the runs that it speaks of in a file of its own, so that only those are read that have to be.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from runyard.client.journal.folder import JournalFolder, Position, journals
from runyard.client.journal.model_state import ModelState
from runyard.client.journal.reader import JournalReader
from runyard.client.journal.run_state import RunState
from runyard.client.journal.state import LocalState
from runyard.client.journal.trace_state import Decode, KnownTrace, TraceBook
from runyard.entities.journal import (
    BatchPoint,
    BatchRecord,
    Call,
    FileRecord,
    NewRun,
    PointRecord,
    Record,
    RecordKind,
)
from runyard.entities.point_order import value_rank
from runyard.errors import RunyardError
from runyard.wire.journal import HEADER, decode_record, frames

RUN_LIST = "runs.txt"
_POINTS = frozenset({int(RecordKind.POINT), int(RecordKind.BATCH)})
_FILES = frozenset({int(RecordKind.FILE)})
_BEGINNINGS = frozenset({int(RecordKind.NEW_RUN)})
_CALLS = frozenset({int(RecordKind.CALL)})


class LocalFile(NamedTuple):
    """An artifact that is still on this machine."""

    source: Path
    size: int


def note_run(folder: Path, run_id: str) -> None:
    """Note that a journal speaks of a run, or of a logged model."""
    with contextlib.suppress(OSError), open(folder / RUN_LIST, "a", encoding="utf-8") as file:
        file.write(f"{run_id}\n")


def journals_of(home: Path, run_id: str) -> list[JournalFolder]:
    """The journals that speak of a run or logged model, the oldest first. Reads one small file of each."""
    found = []
    for folder in journals(home):
        with contextlib.suppress(OSError):
            if run_id in (folder.path / RUN_LIST).read_text(encoding="utf-8").split():
                found.append(folder)
    return sorted(found, key=_age)


def records_of(folder: JournalFolder, kinds: frozenset[int] | None = None) -> Iterator[Record]:
    """The records of a journal that are still on disk, in their order; those of other kinds are not decoded.

    Cost: 2 µs per record. Ends at the first that is damaged.
    """
    segments = folder.segments()
    if not segments:
        return
    try:
        with open(folder.segment(segments[0]), "rb") as file:
            head = file.read(HEADER.size)
    except FileNotFoundError:
        return  # it was sent just now
    if len(head) < HEADER.size:
        return
    reader = JournalReader(folder, Position(segments[0], 0, HEADER.unpack(head)[2] - 1))
    try:
        while (chunk := reader.next()) is not None:
            for frame in frames(chunk.data):
                if kinds is None or frame.kind in kinds:
                    yield decode_record(frame)
    except RunyardError:
        return


def first_seq(folder: JournalFolder) -> int | None:
    """The seq of the first record that is still on disk; None when there is none."""
    for number in folder.segments():
        try:
            with open(folder.segment(number), "rb") as file:
                head = file.read(HEADER.size)
        except FileNotFoundError:
            continue
        return int(HEADER.unpack(head)[2]) if len(head) == HEADER.size else None
    return None


def is_whole(folders: list[JournalFolder], run_id: str) -> bool:
    """Whether some journals have all that was logged to a run here: one begins it, and none was sent in part."""
    begun = any(
        isinstance(record, NewRun) and record.run_id == run_id and not record.again
        for folder in folders
        for record in records_of(folder, _BEGINNINGS)
    )
    return begun and all(first_seq(folder) == 1 for folder in folders)


def replayed(folders: list[JournalFolder], run_id: str) -> RunState | None:
    """A run as some journals tell it together; None when none of them makes it. Reads all of them."""
    return _state_of(folders, lambda record: record.run_id == run_id).runs.get(run_id)


def replayed_model(folders: list[JournalFolder], model_id: str) -> ModelState | None:
    """A logged model as some journals tell it together; None when none of them makes it."""
    return _state_of(folders, lambda record: record.run_id == model_id, _CALLS).models.get(model_id)


def all_runs(home: Path) -> list[RunState]:
    """The runs that the journals of this machine make, as they tell them. Reads all of them."""
    folders = sorted(journals(home), key=_age)
    return list(_state_of(folders, lambda record: True).runs.values())


def all_models(home: Path) -> list[ModelState]:
    """The logged models that the journals of this machine make, as they tell them."""
    folders = sorted(journals(home), key=_age)
    return list(_state_of(folders, lambda record: True, _CALLS).models.values())


def traces(home: Path, decode: Decode | None, wanted: Collection[str] | None = None) -> dict[str, KnownTrace]:
    """The traces that the journals of this machine speak of, by id. Reads all of them; only calls are decoded.

    Args:
        decode: reads spans; None: they are passed over.
        wanted: those that are looked for; None: all.
    """
    book = TraceBook(decode, wanted)
    for folder in sorted(journals(home), key=_age):
        for record in records_of(folder, _CALLS):
            if isinstance(record, Call):
                book.apply(record)
    return book.traces


def _state_of(
    folders: list[JournalFolder], wanted: Callable[[Record], bool], kinds: frozenset[int] | None = None
) -> LocalState:
    state = LocalState()
    for folder in folders:
        for record in records_of(folder, kinds):
            if wanted(record):
                state.apply(record)
    return state


def _age(folder: JournalFolder) -> int:
    head = folder.head
    return head.started_ms if head is not None else 0


def history(folders: list[JournalFolder], run_id: str, key: str) -> list[BatchPoint]:
    """The points of a metric that are in some journals, by time, step and value, each once."""
    found: dict[tuple[int, int, int], BatchPoint] = {}
    for folder in folders:
        for record in records_of(folder, _POINTS):
            if record.run_id != run_id:
                continue
            if isinstance(record, PointRecord):
                points = [BatchPoint(record.key, record.value, record.ms, record.step)]
            else:
                assert isinstance(record, BatchRecord)
                points = record.points
            for one in points:
                if one.key == key:
                    found[one.ms, one.step, value_rank(one.value)] = one
    return [found[place] for place in sorted(found)]


def files(folders: list[JournalFolder], owner: str) -> dict[str, LocalFile]:
    """The artifacts of an owner that are on this machine, by path.

    Args:
        owner: as records have it.
    """
    found: dict[str, LocalFile] = {}
    for folder in folders:
        for record in records_of(folder, _FILES):
            if isinstance(record, FileRecord) and record.owner == owner:
                file = folder.path / record.source
                if file.is_file():
                    found[record.path] = LocalFile(file, record.size)
    return found

"""What was refused: kept beside the journal with its reason, and told without flooding anybody."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from runyard.client.journal.folder import JournalFolder
from runyard.entities.journal import (
    KIND_OF,
    BatchRecord,
    Call,
    FileRecord,
    NewRun,
    PointRecord,
    Record,
    RunChange,
    Untag,
)
from runyard.errors import InvalidInput
from runyard.wire.journal import Frame, decode_record

TOLD_ONE_BY_ONE = 5


class Kept(msgspec.Struct, omit_defaults=True):
    """A line of the file.

    Attributes:
        kind, record: what was logged; record is None where it cannot be read, and `bytes` has it in base64.
    """

    seq: int
    code: str
    message: str
    kind: str = ""
    record: Any = None
    bytes: str = ""


class Refusals:
    """Of one journal. A seq is kept once, however often it is refused.

    Args:
        tell: what a person should know.
    """

    def __init__(self, folder: JournalFolder, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._tell = tell
        self._seqs = {one.seq for one in kept(folder)}
        self._told = 0

    @property
    def count(self) -> int:
        """How many records were refused."""
        return len(self._seqs)

    def add(self, code: str, message: str, frame: Frame) -> None:
        """A record that was refused."""
        if frame.seq in self._seqs:
            return
        try:
            record = decode_record(frame)
        except InvalidInput:
            self._keep(Kept(frame.seq, code, message, bytes=_text(frame.body)), f"record {frame.seq}")
            return
        self._keep(Kept(frame.seq, code, message, type(record).__name__, plain(record)), describe(record))

    def add_lost(self, first: int, last: int, data: bytes) -> None:
        """Records that cannot be read from the disk."""
        if first in self._seqs:
            return
        message = "The journal's disk does not give it back as it was written."
        for seq in range(first, last + 1):
            self._keep(Kept(seq, "DATA_LOSS", message, bytes=_text(data[:1_000_000])), f"record {seq}")
            data = b""

    def _keep(self, line: Kept, what: str) -> None:
        self._folder.refuse([msgspec.json.encode(line)])
        self._seqs.add(line.seq)
        self._told += 1
        if self._told <= TOLD_ONE_BY_ONE:
            self._tell(
                f"Not kept by the server: {what}: {line.message} It is in {self._folder.refused_file}."
            )
        elif self._told & (self._told - 1) == 0:
            self._tell(
                f"{self._told} records were not kept by the server; {self._folder.refused_file} has them."
            )


def kept(folder: JournalFolder) -> list[Kept]:
    """What was refused of a journal so far."""
    found = []
    for line in folder.refused():
        try:
            found.append(msgspec.json.decode(line, type=Kept))
        except msgspec.MsgspecError:
            continue  # a sender died over it
    return found


def plain(record: Record) -> dict[str, Any]:
    """A record by the names of its fields."""
    values: Sequence[Any] = msgspec.to_builtins(record)
    return dict(zip(record.__struct_fields__, values, strict=True))


def describe(record: Record) -> str:
    """A record in a message."""
    match record:
        case PointRecord(run_id, key):
            return f"metric {key!r} of run {run_id}"
        case BatchRecord(run_id, points, params, tags):
            names = [*{one.key for one in points}, *(pair[0] for pair in params), *(pair[0] for pair in tags)]
            shown = ", ".join(map(repr, names[:3])) + (", …" if len(names) > 3 else "")
            return f"{shown or 'nothing'} of run {run_id}"
        case NewRun(run_id):
            return f"run {run_id}"
        case RunChange(run_id):
            return f"a change of run {run_id}"
        case Untag(run_id, key):
            return f"the removal of tag {key!r} of run {run_id}"
        case Call(_, method, path):
            return f"{method} {path}"
        case FileRecord(owner, path):
            return f"artifact {path!r} of {owner}"
    raise AssertionError(record)


def describe_kept(kind: str, values: Any) -> str:
    """A record that was kept by the names of its fields, in a message."""
    for one in KIND_OF:
        if one.__name__ == kind:
            try:
                return describe(msgspec.convert([values[name] for name in one.__struct_fields__], one))
            except (LookupError, TypeError, msgspec.MsgspecError):
                break
    return "a record that cannot be read"


def _text(data: bytes | memoryview) -> str:
    return base64.b64encode(data).decode()

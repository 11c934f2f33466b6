"""What a client wrote down to be sent: the records of a journal, in the order in which they happened.

The structs are encoded as arrays; new fields go to the end and have defaults, so that a journal of an older client, or of
a newer one, can still be read.
"""

from __future__ import annotations

import enum
from typing import Annotated, Any

import msgspec

Pair = tuple[str, str]
Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class RecordKind(enum.IntEnum):
    """The number of a record's type in a frame."""

    POINT = 1
    BATCH = 2
    NEW_RUN = 3
    RUN_CHANGE = 4
    UNTAG = 5
    CALL = 6
    FILE = 7


class PointRecord(msgspec.Struct, array_like=True, gc=False):
    """One point of a metric. Milliseconds UTC."""

    run_id: str
    key: str
    value: float
    ms: Int64
    step: Int64 = 0


class BatchPoint(msgspec.Struct, array_like=True, gc=False):
    """A point of a batch, perhaps tied to a logged model and a dataset."""

    key: str
    value: float
    ms: Int64
    step: Int64 = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class BatchRecord(msgspec.Struct, array_like=True):
    """Points, params and tags of one run: all or none are kept."""

    run_id: str
    points: list[BatchPoint] = []
    params: list[Pair] = []
    tags: list[Pair] = []


class NewRun(msgspec.Struct, array_like=True):
    """A run whose id the client chose. The experiment is named by its id, or by its name, which is made when absent.

    Attributes:
        again: another journal begins it too; this one only logs to it, and is no sign of its life.
    """

    run_id: str
    experiment_id: str | None = None
    experiment: str | None = None
    user_id: str = ""
    start_ms: Int64 | None = None
    name: str | None = None
    tags: list[Pair] = []
    again: bool = False


class RunChange(msgspec.Struct, array_like=True):
    """New values of a run's own fields; None: as it is. The status is MLflow's number.

    One without any says that the journal's process has the run: its sender tells that it is alive; with `left`, that it has
    it no more, though the run has not ended.
    """

    run_id: str
    status: Int64 | None = None
    end_ms: Int64 | None = None
    name: str | None = None
    left: bool = False


class Untag(msgspec.Struct, array_like=True):
    """A tag of a run that is deleted."""

    run_id: str
    key: str


class Call(msgspec.Struct, array_like=True):
    """Any other request that may be sent later: a route of the workspace that changes something and can be repeated.

    Attributes:
        run_id: the run or logged model that it belongs to, for messages and for the order with files; may be empty.
    """

    run_id: str
    method: str
    path: str
    body: dict[str, Any] = {}


class FileRecord(msgspec.Struct, array_like=True):
    """An artifact that is to be uploaded; the server's part of the journal only passes over it.

    Attributes:
        owner: `runs/ID`, `models/ID`: the record whose artifacts it belongs to; or the artifact URI of a folder.
        path: below the owner's artifacts.
        source: the file; relative to the journal's folder where it was copied there.
        mtime_ns: of a file that was not copied: it must not have changed since.
        size: bytes.
    """

    owner: str
    path: str
    source: str
    size: int
    mtime_ns: int | None = None
    run_id: str = ""


Record = PointRecord | BatchRecord | NewRun | RunChange | Untag | Call | FileRecord
RECORD_TYPES: dict[RecordKind, type[Record]] = {
    RecordKind.POINT: PointRecord,
    RecordKind.BATCH: BatchRecord,
    RecordKind.NEW_RUN: NewRun,
    RecordKind.RUN_CHANGE: RunChange,
    RecordKind.UNTAG: Untag,
    RecordKind.CALL: Call,
    RecordKind.FILE: FileRecord,
}
KIND_OF: dict[type[Record], RecordKind] = {kind: number for number, kind in RECORD_TYPES.items()}

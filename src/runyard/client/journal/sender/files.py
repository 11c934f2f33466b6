"""The artifacts of a journal: which are on their way, and what waits for them."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections import Counter
from typing import NamedTuple

import msgspec

from runyard.client.journal.folder import HEAD, JournalFolder, Position, sync_directory
from runyard.client.journal.reader import Chunk
from runyard.client.journal.sender.access import Access
from runyard.client.journal.sender.refusals import Refusals
from runyard.client.journal.sender.uploads import Ended, Uploads
from runyard.entities.journal import FileRecord, RecordKind
from runyard.entities.run import RunStatus
from runyard.wire.journal import Frame

LOG = "uploaded.log"
_WHOLE = re.compile(r"/(?:logged-models/[^/]+|runs/log-model)$")
TERMINAL = (RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED)


class _Opening(msgspec.Struct, array_like=True):
    """How records of a run or model begin; the rest is not looked at."""

    run_id: str
    status: object = None


class _CallOpening(msgspec.Struct, array_like=True):
    run_id: str
    method: str
    path: str


_opening = msgspec.msgpack.Decoder(_Opening).decode
_call = msgspec.msgpack.Decoder(_CallOpening).decode
_file = msgspec.msgpack.Decoder(FileRecord).decode


class _Waiting(NamedTuple):
    """A file that is not there yet, and the place of its record."""

    frame: Frame
    record: FileRecord
    place: Position


class Files:
    """Uploads what the journal names, and holds back what must not overtake it.

    The end of a run, and calls that say that a model is whole, wait for the files of it that were logged before; and all
    that follows waits with them, since the server takes a journal in its order.
    """

    def __init__(
        self, folder: JournalFolder, access: Access, refusals: Refusals, wake: threading.Event
    ) -> None:
        self._folder = folder
        self._refusals = refusals
        self._uploads = Uploads(folder, access, wake, self._was_sent_elsewhere)
        self._waiting: dict[int, _Waiting] = {}  # by seq, in its order
        self._held: Counter[str] = Counter()  # files that are waited for, by run or model
        self._uploaded = _read(folder)
        self._unlogged: list[tuple[int, str]] = []  # done, and not yet written down: the disk is full
        self._founded = False  # whether the log itself would survive a power loss
        self.sent = 0
        self.sent_bytes = 0

    @property
    def first_waiting(self) -> Position | None:
        """The place before the first file that is not there yet."""
        for one in self._waiting.values():
            return one.place
        return None

    @property
    def trouble(self) -> str | None:
        """Why the files cannot be sent just now."""
        return self._uploads.trouble if self._waiting else None

    @property
    def moved_bytes(self) -> int:
        """What went over the wire so far."""
        return self._uploads.moved_bytes

    def released(self, chunk: Chunk) -> Chunk:
        """The records up to the first that has to wait for a file."""
        fresh: set[str] = set()
        for frame in chunk.marked:
            if frame.kind == RecordKind.FILE:
                if frame.seq not in self._uploaded:
                    fresh.update(_owners(_decoded(frame)))
            elif (fresh or self._held) and _waits_for(frame) & (fresh | self._held.keys()):
                return chunk.until(frame.seq - 1)
        return chunk

    def add(self, frame: Frame, place: Position) -> None:
        """Upload a file; the server has all records before it."""
        record = _decoded(frame)
        if frame.seq in self._uploaded or frame.seq in self._waiting or record is None or not record.owner:
            return
        self._waiting[frame.seq] = _Waiting(frame._replace(body=bytes(frame.body)), record, place)
        self._held.update(_owners(record))
        self._uploads.add(frame.seq, record)

    def settle(self) -> bool:
        """Take note of the uploads that have ended; whether there were any."""
        found = False
        for one in self._uploads.ended():
            found = True
            self._settle(one)
        if self._unlogged:
            self._write_down()
        return found

    def forget(self, seq: int) -> None:
        """Files up to a seq are not asked for again."""
        self._uploaded = {one for one in self._uploaded if one > seq}

    def stop(self) -> None:
        """Begin no more uploads."""
        self._uploads.stop()

    def _settle(self, ended: Ended) -> None:
        frame, record, _ = self._waiting.pop(ended.seq)
        self._held.subtract(_owners(record))
        self._held = +self._held
        copied = record.mtime_ns is None
        if ended.code:
            self._refusals.add(ended.code, ended.message, frame)
            if copied:
                self._folder.keep_file(record.source)
            return
        self._uploaded.add(ended.seq)
        self.sent += 1
        self.sent_bytes += record.size
        self._unlogged.append((ended.seq, record.source if copied else ""))

    def _write_down(self) -> None:
        """A copy may go once it is written down that it was sent, and would be after a power loss."""
        try:
            with open(self._folder.path / LOG, "a", encoding="ascii") as log:
                log.write("".join(f"{seq}\n" for seq, _ in self._unlogged))
                log.flush()
                os.fdatasync(log.fileno())
            if not self._founded:
                self._founded = True
                sync_directory(self._folder.path)
        except OSError:
            return  # no room, or another sender has removed all of it
        for _, source in self._unlogged:
            if source:
                (self._folder.path / source).unlink(missing_ok=True)
        self._unlogged.clear()

    def _was_sent_elsewhere(self, seq: int) -> bool:
        """Another sender of the same journal removes a copy once it has sent it, and the journal once all of it is sent."""
        return seq in _read(self._folder) or not (self._folder.path / HEAD).exists()


def _read(folder: JournalFolder) -> set[int]:
    with contextlib.suppress(OSError):
        lines = (folder.path / LOG).read_bytes().split(b"\n")[:-1]
        return {int(line) for line in lines if line.isdigit()}
    return set()


def _decoded(frame: Frame) -> FileRecord | None:
    """None for what the server will refuse."""
    try:
        return _file(frame.body)
    except (msgspec.MsgspecError, UnicodeError):
        return None


def _owners(record: FileRecord | None) -> set[str]:
    """The run and the model that a file belongs to."""
    if record is None:
        return set()
    kind, _, name = record.owner.partition("/")
    return {one for one in (record.run_id, name if kind in ("runs", "models") else "") if one}


def _waits_for(frame: Frame) -> set[str]:
    """The run or model whose files have to be there before a record: its end, and what says that a model is whole."""
    try:
        if frame.kind == RecordKind.CALL:
            call = _call(frame.body)
            return {call.run_id} if _WHOLE.search(call.path) else set()
        found = _opening(frame.body)
    except (msgspec.MsgspecError, UnicodeError):
        return set()
    return {found.run_id} if frame.kind == RecordKind.RUN_CHANGE and found.status in TERMINAL else set()

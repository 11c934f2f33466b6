"""What was sent, counted."""

from __future__ import annotations

import threading

import msgspec

from runyard.client.journal.reader import Chunk
from runyard.entities.journal import RecordKind


class _Batch(msgspec.Struct, array_like=True):
    """Of a batch, how many points it has."""

    run_id: str
    points: list[msgspec.Raw] = []


_batch = msgspec.msgpack.Decoder(_Batch).decode


class Tally:
    """Counts of any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.records = 0
        self.points = 0
        self.bytes = 0

    def add(self, chunk: Chunk) -> None:
        """Records that were sent."""
        points = 0
        for frame in chunk.frames:
            if frame.kind == RecordKind.POINT:
                points += 1
            elif frame.kind == RecordKind.BATCH:
                points += _points_of(frame.body)
        with self._lock:
            self.records += chunk.records
            self.points += points
            self.bytes += len(chunk.data)


def _points_of(body: bytes | memoryview) -> int:
    try:
        return len(_batch(body).points)
    except (msgspec.MsgspecError, UnicodeError):
        return 0  # the server has refused it

"""The reading end of a journal, by any process, while it is being written and afterwards."""

from __future__ import annotations

from typing import NamedTuple

from runyard.client.journal.folder import JournalFolder, Position
from runyard.errors import CorruptData
from runyard.wire.journal import HEADER, Frame, frames

READ_BYTES = 1024 * 1024
LIMIT_BYTES = 16 * 1024 * 1024 + HEADER.size  # the largest record


class Chunk(NamedTuple):
    """Consecutive records.

    Attributes:
        data: their frames, as they are on disk.
        frames: the same, one by one; their `end` is within data.
        start, end: where they begin and end.
    """

    data: bytes
    frames: list[Frame]
    start: Position
    end: Position


class JournalReader:
    """Reads records in their order from a position on.

    A frame at the end of the last segment that is not whole is being written, or its writer died over it: it is not
    there yet. The same anywhere else is skipped, if the next segment goes on with the next seq: its writer could not
    finish it there.
    """

    def __init__(self, folder: JournalFolder, position: Position | None = None) -> None:
        self.folder = folder
        self.position = position or folder.sent

    def next(self, max_bytes: int = READ_BYTES) -> Chunk | None:
        """The next records, of one segment; None when there are none now. Moves the position.

        Raises: CorruptData, when a record is damaged or missing.
        """
        while True:
            chunk = self._from_segment(max_bytes)
            if chunk is not None:
                self.position = chunk.end
                return chunk
            later = [number for number in self.folder.segments() if number > self.position.segment]
            if not later:
                return None
            chunk = self._from_segment(max_bytes)  # the writer may have added to it before it went on
            if chunk is not None:
                self.position = chunk.end
                return chunk
            self.position = Position(later[0], 0, self.position.seq)

    def _from_segment(self, max_bytes: int) -> Chunk | None:
        start = self.position
        try:
            with open(self.folder.segment(start.segment), "rb") as file:
                file.seek(start.offset)
                data = file.read(max_bytes)
                found = list(self._whole(data))
                if not found and len(data) == max_bytes and max_bytes < LIMIT_BYTES:
                    data += file.read(LIMIT_BYTES - max_bytes)
                    found = list(self._whole(data))[:1]
        except FileNotFoundError:
            return None
        if not found:
            return None
        size = found[-1].end
        end = Position(start.segment, start.offset + size, found[-1].seq)
        return Chunk(data[:size], found, start, end)

    def _whole(self, data: bytes) -> list[Frame]:
        found: list[Frame] = []
        expected = self.position.seq + 1
        try:
            for frame in frames(data):
                if frame.seq != expected:
                    raise CorruptData(
                        f"Record {expected} of the journal {self.folder.path} is missing: {frame.seq} follows."
                    )
                found.append(frame)
                expected += 1
        except CorruptData:
            if not found:
                if self._went_on():
                    return found
                raise
        return found

    def _went_on(self) -> bool:
        """Whether a later segment begins with the record that is expected here."""
        later = [number for number in self.folder.segments() if number > self.position.segment]
        if not later:
            return False
        with open(self.folder.segment(later[0]), "rb") as file:
            head = file.read(HEADER.size)
        return len(head) == HEADER.size and HEADER.unpack(head)[2] == self.position.seq + 1

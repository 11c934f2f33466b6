"""The reading end of a journal, by any process, while it is being written and afterwards."""

from __future__ import annotations

import os
import struct
from typing import NamedTuple
from zlib import crc32

from runyard.client.journal.folder import JournalFolder, Position
from runyard.entities.journal import RecordKind
from runyard.errors import CorruptData
from runyard.wire.journal import HEADER, MAX_BODY_BYTES, Frame, frames

READ_BYTES = 1024 * 1024
LIMIT_BYTES = MAX_BODY_BYTES + HEADER.size  # the largest record
SEARCHED = 256  # how many records may be damaged in a row, and what follows is still found
SEQ_AT = 8  # in a frame; what is behind it is what the checksum covers
_SEQ = struct.Struct("<Q")
_PLAIN = (RecordKind.POINT, RecordKind.BATCH, RecordKind.UNTAG)


class Chunk(NamedTuple):
    """Consecutive records.

    Attributes:
        data: their frames, as they are on disk.
        marked: those that are more than points, params and tags; their `end` is within data.
        start, end: where they begin and end.
    """

    data: bytes
    marked: list[Frame]
    start: Position
    end: Position

    @property
    def frames(self) -> list[Frame]:
        """All of them, one by one; taken apart anew at each call."""
        return list(frames(self.data))

    @property
    def records(self) -> int:
        """How many records there are."""
        return self.end.seq - self.start.seq

    def until(self, seq: int) -> Chunk:
        """The records up to a seq."""
        size, left = 0, seq - self.start.seq
        while left > 0:
            size += HEADER.size + HEADER.unpack_from(self.data, size)[0]
            left -= 1
        end = Position(self.start.segment, self.start.offset + size, seq)
        return Chunk(self.data[:size], [one for one in self.marked if one.seq <= seq], self.start, end)


class Damage(NamedTuple):
    """What cannot be read: records from `first` to `last`, in the bytes of a segment."""

    first: int
    last: int
    data: bytes


class JournalReader:
    """Reads records in their order from a position on. 0.5 µs per record.

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
            later = self._later()
            if later is None:
                return None
            chunk = self._from_segment(max_bytes)  # the writer may have added to it before it went on
            if chunk is not None:
                self.position = chunk.end
                return chunk
            self.position = Position(later, 0, self.position.seq)

    def skip_damage(self) -> Damage | None:
        """After CorruptData: move to the next record that can be read; None when there is none."""
        start = self.position
        lost = b""
        for number in [one for one in self.folder.segments() if one >= start.segment]:
            offset = start.offset if number == start.segment else 0
            with open(self.folder.segment(number), "rb") as file:
                file.seek(offset)
                data = file.read()
            found = _search(data, start.seq + 1)
            if found is not None:
                at, seq = found
                self.position = Position(number, offset + at, seq - 1)
                return Damage(start.seq + 1, seq - 1, lost + data[:at])
            lost += data
        return None

    def _from_segment(self, max_bytes: int) -> Chunk | None:
        start = self.position
        path = self.folder.segment(start.segment)
        try:
            if os.stat(path).st_size <= start.offset:
                return None
            with open(path, "rb") as file:
                file.seek(start.offset)
                data = file.read(max_bytes)
                found = self._whole(data, start)
                if found is None and len(data) == max_bytes and max_bytes < LIMIT_BYTES:
                    data += file.read(LIMIT_BYTES - max_bytes)
                    found = self._whole(data, start, one=True)
        except FileNotFoundError:
            return None
        return found

    def _whole(self, data: bytes, start: Position, *, one: bool = False) -> Chunk | None:
        """The whole frames of a buffer, or only the first of them."""
        view, size, header, unpack = memoryview(data), len(data), HEADER.size, HEADER.unpack_from
        at, expected = 0, start.seq + 1
        marked: list[Frame] = []
        while at + header <= size:
            length, checksum, seq, kind = unpack(data, at)
            end = at + header + length
            if end > size and length <= MAX_BODY_BYTES:
                break
            if length > MAX_BODY_BYTES or seq != expected or crc32(view[at + SEQ_AT : end]) != checksum:
                if at == 0:
                    self._check_that_it_goes_on(expected, seq)
                break
            if kind not in _PLAIN:
                marked.append(Frame(seq, kind, view[at + header : end], end))
            at, expected = end, expected + 1
            if one:
                break
        if at == 0:
            return None
        end_at = Position(start.segment, start.offset + at, expected - 1)
        return Chunk(data[:at], marked, start, end_at)

    def _check_that_it_goes_on(self, expected: int, seq: int) -> None:
        """Raises: CorruptData, unless a later segment begins with the record that is expected here."""
        for number in self.folder.segments():
            if number > self.position.segment:
                if first_seq(self.folder, number) == expected:
                    return
                break
        where = f"{self.folder.segment(self.position.segment)}, byte {self.position.offset}"
        raise CorruptData(f"Record {expected} of the journal is damaged or missing ({where}).")

    def _later(self) -> int | None:
        """The segment that follows the one that is read; usually there is none, and no folder is listed."""
        number = self.position.segment
        if self.folder.segment(number + 1).exists():
            return number + 1
        if self.folder.segment(number).exists():
            return None
        return next((one for one in self.folder.segments() if one > number), None)


def start_of(frame: Frame) -> int:
    """The offset of a frame in the buffer that it was read from."""
    return frame.end - len(frame.body) - HEADER.size


def first_seq(folder: JournalFolder, segment: int) -> int | None:
    """The seq of the first record of a segment; None when there is no whole header."""
    try:
        with open(folder.segment(segment), "rb") as file:
            head = file.read(HEADER.size)
    except OSError:
        return None
    return HEADER.unpack(head)[2] if len(head) == HEADER.size else None


def first_place(folder: JournalFolder) -> Position:
    """The place behind what was sent. What says so may be lost in a power loss, but sent segments are gone for sure."""
    sent, segments = folder.sent, folder.segments()
    if sent.segment in segments or not segments:
        return sent
    first = first_seq(folder, segments[0])
    return sent if first is None else Position(segments[0], 0, first - 1)


def position_of(folder: JournalFolder, seq: int) -> Position | None:
    """The place behind a record; None when it, or the one after it, is not there any more.

    Raises: CorruptData.
    """
    found: Position | None = None
    for number in folder.segments():
        first = first_seq(folder, number)
        if first is None or first > seq + 1:
            break
        found = Position(number, 0, first - 1)
    if found is None or found.seq == seq:
        return found
    reader = JournalReader(folder, found)
    while (chunk := reader.next()) is not None:
        if chunk.end.seq >= seq:
            return chunk.until(seq).end
    return None


def _search(data: bytes, expected: int) -> tuple[int, int] | None:
    """Offset and seq of the first whole frame whose seq is near the one that is expected."""
    for seq in range(expected, expected + SEARCHED):
        pattern = _SEQ.pack(seq)
        at = data.find(pattern, SEQ_AT)
        while at >= 0:
            if _is_frame(data, at - SEQ_AT):
                return at - SEQ_AT, seq
            at = data.find(pattern, at + 1)
    return None


def _is_frame(data: bytes, at: int) -> bool:
    length, checksum, _, _ = HEADER.unpack_from(data, at) if at + HEADER.size <= len(data) else (-1, 0, 0, 0)
    end = at + HEADER.size + length
    whole: bool = 0 <= length <= MAX_BODY_BYTES and end <= len(data)
    return whole and crc32(data[at + SEQ_AT : end]) == int(checksum)

"""A file beside the database in which points are durable before they are stored where readers look.

Its size never changes and its blocks are written before they are used, so that a commit is one write of one block that
the file system has nothing to note down about.

    block 0       b"runyardP", version, the database's key (16 bytes), crc32 of these
    block 1 ...   records, each from the start of a block: crc32 of the rest, b"RYpt", epoch, slot, length, and length
                  bytes: for each run its row id, a length and as many bytes of packed points

Integers are little-endian; `slot` is the number of the record's first block, counted from block 1. A record counts if
its checksum holds, it lies at its slot and its epoch, a random number, is the one that the database names. Once the
points are stored, the database names another epoch and the file is written from its start again. So no block is
written twice within an epoch, and a write that power loss cuts short damages only the record that it wrote.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

BLOCK = 4096
SLOTS = 1023  # and the first block: 4 MiB
RECORD_LIMIT = 64 * BLOCK
MAGIC, RECORD_MAGIC, VERSION = b"runyardP", b"RYpt", 1
HEAD = struct.Struct("<8sI16s")
RECORD = struct.Struct("<4sQII")
RUN = struct.Struct("<QI")
CRC = struct.Struct("<I")
OVERHEAD = CRC.size + RECORD.size
DIRECT = getattr(os, "O_DIRECT", 0)
DSYNC = getattr(os, "O_DSYNC", 0)
WAYS = (DIRECT | DSYNC, DSYNC)
ZEROS = bytes(64 * BLOCK)

Row = tuple[int, bytes]
"""Row id of a run, and packed points."""


class Found(NamedTuple):
    """What the records of one epoch hold, in the order they came.

    `damaged` counts blocks that hold no whole record although a later one does: points that were acknowledged and
    cannot be read.
    """

    rows: list[Row]
    damaged: int


class PointsFile:
    """The file, open and locked against other processes. Made when there is none.

    Raises: BlockingIOError when another process has it; OSError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._epoch = 0
        self._next = 0  # slot
        self._writes = -1  # the descriptor that records are written to
        buffer = mmap.mmap(-1, RECORD_LIMIT)  # aligned, as direct writes demand
        self._buffer = memoryview(buffer)
        self._first_block = self._buffer[:BLOCK]
        self._lock = _locked(path)

    def content(self) -> bytes:
        """All of it."""
        parts, offset = [], 0
        while part := os.pread(self._lock, 1 << 20, offset):
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def prepare(self, key: bytes) -> None:
        """Make ready for writing. Unless it is a whole file of this database already, what it held is lost.

        Cost: a few milliseconds and two syncs for a new file.
        Raises: OSError.
        """
        head = head_of(key)
        size = os.fstat(self._lock).st_size
        if size != BLOCK * (SLOTS + 1) or os.pread(self._lock, len(head), 0) != head:
            try:
                self._make(head)
            except OSError:
                os.ftruncate(self._lock, 0)  # a part of it is of no use, and the disk may be full
                raise
        self._open_for_writing()

    def _make(self, head: bytes) -> None:
        size = BLOCK * (SLOTS + 1)
        os.ftruncate(self._lock, 0)
        for offset in range(0, size, len(ZEROS)):
            _write(self._lock, ZEROS[: size - offset], offset)
        os.fsync(self._lock)
        _write(self._lock, head, 0)
        os.fsync(self._lock)
        _sync_directory(self.path.parent)
        with contextlib.suppress(AttributeError, OSError):  # then direct writes have no copies to look for
            os.posix_fadvise(self._lock, 0, 0, os.POSIX_FADV_DONTNEED)

    def _open_for_writing(self) -> None:
        """Past the cache where the file system takes it."""
        for way in WAYS:
            self._stop_writing()
            try:
                self._writes = os.open(self.path, os.O_RDWR | os.O_CLOEXEC | way)
                _write(self._writes, self._first_block, BLOCK)  # zeros
                return
            except OSError as exc:
                if exc.errno not in (errno.EINVAL, errno.EOPNOTSUPP) or way == WAYS[-1]:
                    raise

    @property
    def is_full(self) -> bool:
        """Whether not even a small record has room."""
        return self._next >= SLOTS

    def begin(self, epoch: int) -> None:
        """From now on records are of this epoch and lie at the file's start. What was there counts no more."""
        self._epoch = epoch
        self._next = 0

    def append(self, rows: Sequence[Row]) -> bool:
        """One record that would survive power loss; False, and nothing is written, when it has no room.

        Raises: OSError. The record may be there or not; no other may follow it in this epoch.
        """
        body = b"".join([RUN.pack(run_id, len(data)) + data for run_id, data in rows])
        end = OVERHEAD + len(body)
        blocks = -(-end // BLOCK)
        slot = self._next
        if slot + blocks > SLOTS or end > RECORD_LIMIT:
            return False
        head = RECORD.pack(RECORD_MAGIC, self._epoch, slot, len(body))
        self._buffer[:end] = CRC.pack(crc32(body, crc32(head))) + head + body
        whole_blocks = self._first_block if blocks == 1 else self._buffer[: blocks * BLOCK]
        _write(self._writes, whole_blocks, BLOCK * (slot + 1))
        self._next = slot + blocks
        return True

    def remove(self) -> None:
        """Close it for good. Nothing in it may wait."""
        with contextlib.suppress(OSError):
            self.path.unlink()
        self.close()

    def close(self) -> None:
        """Let others have it."""
        self._stop_writing()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _stop_writing(self) -> None:
        if self._writes >= 0:
            os.close(self._writes)
            self._writes = -1


def head_of(key: bytes) -> bytes:
    """What the file of a database begins with."""
    head = HEAD.pack(MAGIC, VERSION, key)
    return head + CRC.pack(crc32(head))


def is_new(content: bytes) -> bool:
    """Whether nobody has used the file yet: its making was not finished."""
    return not content[: HEAD.size].strip(b"\0")


def records(content: bytes, epoch: int) -> Found:
    """What the file holds of an epoch."""
    rows: list[Row] = []
    slot = gap = damaged = 0
    while BLOCK * (slot + 1) < len(content):
        body = _record(content, slot, epoch)
        if body is None:
            slot, gap = slot + 1, gap + 1
            continue
        rows += _rows(body)
        slot -= -(OVERHEAD + len(body)) // BLOCK
        damaged, gap = damaged + gap, 0
    return Found(rows, damaged)


def _record(content: bytes, slot: int, epoch: int) -> bytes | None:
    at = BLOCK * (slot + 1)
    if len(content) < at + OVERHEAD:
        return None
    magic, its_epoch, its_slot, length = RECORD.unpack_from(content, at + CRC.size)
    if (magic, its_epoch, its_slot) != (RECORD_MAGIC, epoch, slot):
        return None
    covered = content[at + CRC.size : at + OVERHEAD + length]
    if len(covered) != RECORD.size + length or CRC.pack(crc32(covered)) != content[at : at + CRC.size]:
        return None
    return covered[RECORD.size :]


def _rows(body: bytes) -> list[Row]:
    rows, at = [], 0
    while at < len(body):
        run_id, length = RUN.unpack_from(body, at)
        at += RUN.size + length
        rows.append((run_id, body[at - length : at]))
    return rows


def _write(descriptor: int, data: bytes | memoryview, offset: int) -> None:
    if os.pwrite(descriptor, data, offset) != len(data):
        raise OSError(errno.EIO, "Only a part was written")


def _locked(path: Path) -> int:
    """The file's descriptor. Whoever had it before may have removed it just now, hence the second look."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.stat(path), os.fstat(descriptor)):
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

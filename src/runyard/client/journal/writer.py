"""The writing end of a journal: one process, any number of threads."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import threading
import time

from runyard.client.journal.folder import JournalFolder, sync_directory
from runyard.entities.journal import KIND_OF, Record
from runyard.errors import StorageUnavailable, TooLarge
from runyard.wire.journal import MAX_BODY_BYTES, encode_body, frame_bytes

log = logging.getLogger("runyard.journal")

SEGMENT_BYTES = 8 * 1024 * 1024  # what a sender cannot free while it is written
FULL = (errno.ENOSPC, errno.EDQUOT)
UNSYNCABLE = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF)
FULL_PAUSE_S = 0.5
FULL_WARN_S = 30.0


class JournalClosed(StorageUnavailable):
    """The journal was ended."""


class JournalWriter:
    """Appends records. An append returns when the operating system has the record: it survives the death of the process.

    What is to survive a power loss has to be synced; the recorder does it once a second. On a full disk an append
    waits, with a warning, until there is room: nothing is dropped. Cost of an append: one write(2), 4 µs.

    Args:
        folder: a new journal of this process.
        sync_each: every append is synced before it returns.
    """

    def __init__(
        self, folder: JournalFolder, *, sync_each: bool = False, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self.folder = folder
        self._sync_each = sync_each
        self._segment_bytes = segment_bytes
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._behind: list[int] = []  # full segments that are still open, to be synced
        self._number = 1
        self._recovered = 0
        self._size = 0
        self._seq = 0
        self._fd = -1
        self._open(1)
        self._dirty = False
        self._warned = False
        self._founded = False  # whether the folder itself would survive a power loss

    @property
    def seq(self) -> int:
        """The seq of the last record."""
        return self._seq

    @property
    def written_bytes(self) -> int:
        """Bytes of all segments, those that are gone included."""
        return (self._number - 1) * self._segment_bytes + self._size

    def append(self, record: Record) -> int:
        """Write a record down; returns its seq.

        Raises: TooLarge; StorageUnavailable when the journal is closed or its disk fails.
        """
        body = encode_body(record)
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge(
                f"A record of {len(body)} bytes is too large for the journal; {MAX_BODY_BYTES} are allowed. "
                "Log it in smaller pieces, or as an artifact."
            )
        kind = KIND_OF[type(record)]
        with self._lock:
            seq = self._seq + 1
            self._write(frame_bytes(seq, kind, body))
            self._seq = seq
            self._dirty = True
        if self._sync_each and (failed := self.sync()) is not None:
            raise StorageUnavailable(
                f"The journal {self.folder.path} cannot be synced to its disk ({failed.strerror}). What was logged just now is "
                "sent all the same, unless the power goes."
            ) from failed
        return seq

    def sync(self) -> OSError | None:
        """Return when all that was appended before would survive a power loss, or why it would not. Blocks, but not those who
        append.
        """
        with self._syncing:
            with self._lock:
                behind, self._behind = self._behind, []
                fds = [*behind, self._fd] if self._dirty and self._fd >= 0 else behind
                self._dirty = False
            if not self._founded:
                self._founded = True
                self.folder.sync()
            failed = [exc for fd in fds if (exc := _synced(fd)) is not None]
            for fd in behind:
                with contextlib.suppress(OSError):
                    os.close(fd)
        if failed and not self._warned:
            self._warned = True
            log.warning(
                "The journal %s cannot be synced to its disk (%s): a power loss may cost more than the last second.",
                self.folder.path,
                failed[0].strerror,
            )
        return failed[0] if failed else None

    def close(self) -> None:
        """Sync, and mark the journal as ended."""
        self.sync()
        with self._syncing, self._lock:
            for fd in (*self._behind, self._fd) if self._dirty else ():  # somebody appended meanwhile
                _synced(fd)
            if self._let_go():
                self.folder.close(self._seq)

    def drop(self) -> None:
        """Somebody has removed the journal: no more of it."""
        with self._syncing, self._lock:
            self._let_go()

    def abandon(self) -> None:
        """After a fork, in the child: the journal stays the parent's."""
        fds, self._fd, self._behind = (*self._behind, self._fd), -1, []
        for fd in fds:
            with contextlib.suppress(OSError):
                os.close(fd)

    def _let_go(self) -> bool:
        """Close the files; whether they were open."""
        fds, self._fd, self._behind = [*self._behind, self._fd], -1, []
        for fd in fds:
            if fd >= 0:
                with contextlib.suppress(OSError):
                    os.close(fd)
        return fds[-1] >= 0

    def _open(self, number: int) -> None:
        path = self.folder.segment(number)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        self._fd = os.open(path, flags, 0o600)
        self._number, self._size = number, 0
        sync_directory(path.parent)

    def _write(self, data: bytes) -> None:
        if self._fd < 0:
            raise JournalClosed("The journal is closed; nothing more can be logged to it.")
        if self._size and self._size + len(data) > self._segment_bytes:
            with contextlib.suppress(OSError):  # no room for another: this one goes on
                self._next_segment()
        warned = 0.0
        while True:
            try:
                self._write_whole(data)
                return
            except OSError as exc:
                self._cut()
                if exc.errno == errno.EBADF and self._recovered != self._number:
                    self._recovered = self._number  # somebody closed the file: the next segment goes on
                    continue
                if exc.errno not in FULL:
                    raise StorageUnavailable(
                        f"The journal {self.folder.path} cannot be written to ({exc.strerror}). Nothing of this call was kept."
                    ) from exc
            if time.monotonic() - warned > FULL_WARN_S:
                warned = time.monotonic()
                log.warning("The disk of the journal %s is full: logging waits for room.", self.folder.path)
            time.sleep(FULL_PAUSE_S)

    def _write_whole(self, data: bytes) -> None:
        done = os.write(self._fd, data)
        while done < len(data):
            done += os.write(self._fd, data[done:])
        self._size += len(data)

    def _cut(self) -> None:
        """Take back part of a record. Where that fails too, the record begins again in the next segment."""
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:
            with contextlib.suppress(OSError):
                self._next_segment()

    def _next_segment(self) -> None:
        old = self._fd
        self._open(self._number + 1)
        self._behind.append(old)


def _synced(fd: int) -> OSError | None:
    """Sync a file; why it could not be, unless its file system knows no such thing or the file is closed."""
    try:
        os.fdatasync(fd)
    except OSError as exc:
        return None if exc.errno in UNSYNCABLE else exc
    return None

"""Copies of artifacts in a journal's folder, so that the process may change or delete its files once it has logged them."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import threading
import time
from pathlib import Path

from runyard.client.journal.folder import FILES, JournalFolder, sync_directory, sync_file
from runyard.errors import InvalidInput, StorageUnavailable

try:
    import fcntl
except ImportError:  # not on this system
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger("runyard.journal")

FICLONE = 0x40049409  # linux/fs.h: share the blocks of another file
PIECE_BYTES = 16 * 1024 * 1024
FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_PAUSE_S = 0.5
FULL_WARN_S = 30.0


class Copied:
    """A copy. `source` is its path in the journal's folder, as records name it."""

    def __init__(self, source: str, size: int) -> None:
        self.source = source
        self.size = size


class Spool:
    """Makes the copies; any number of threads."""

    def __init__(self, folder: JournalFolder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._count = 0
        self._unsynced: list[Path] = []
        self._founded = False  # whether the folder of the copies would survive a power loss

    def copy(self, source: Path) -> Copied:
        """Copy a file. Where the file system can share blocks, nothing is copied; else the kernel copies.

        On a full disk it waits, with a warning.

        Raises: InvalidInput, if it cannot be read; StorageUnavailable, if the copy cannot be written.
        """
        with self._lock:
            self._count += 1
            name = f"{self._count:08d}"
        with _opened(source) as reading:
            size = self._written(reading, self._folder.files / name, source)
        return Copied(f"{FILES}/{name}", size)

    def sync(self) -> None:
        """Return when the copies that were made would survive a power loss. Blocks."""
        with self._lock:
            waiting, self._unsynced = self._unsynced, []
        for path in waiting:
            with contextlib.suppress(OSError):  # it may have been sent already
                sync_file(path)
        if waiting:
            sync_directory(self._folder.files)
            if not self._founded:
                self._founded = True
                sync_directory(self._folder.path)

    def _written(self, reading: _Reading, target: Path, source: Path) -> int:
        warned = -FULL_WARN_S
        while True:
            try:
                size = _copy(reading.fd, target)
                with self._lock:
                    self._unsynced.append(target)
                return size
            except OSError as exc:
                target.unlink(missing_ok=True)
                if exc.errno not in FULL:
                    raise StorageUnavailable(
                        f"{source} cannot be copied into the journal {self._folder.path} ({exc.strerror}). "
                        "Nothing of it was kept."
                    ) from exc
            if time.monotonic() - warned > FULL_WARN_S:
                warned = time.monotonic()
                log.warning(
                    "The disk of the journal %s is full: the copy of %s waits for room. RUNYARD_FILES=reference "
                    "leaves artifacts where they are.",
                    self._folder.path,
                    source,
                )
            time.sleep(FULL_PAUSE_S)


class _Reading:
    """A regular file that is open for reading."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __enter__(self) -> _Reading:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)


def state_of(source: Path) -> os.stat_result:
    """What the system says about a file that is to be sent later.

    Raises: InvalidInput, if it is no file or cannot be read.
    """
    try:
        found = os.stat(source)
    except OSError as exc:
        raise InvalidInput(f"The artifact {source} cannot be read ({exc.strerror}).") from exc
    if not os.path.isfile(source):
        raise InvalidInput(f"The artifact {source} is no file.")
    return found


def _opened(source: Path) -> _Reading:
    state_of(source)
    try:
        return _Reading(os.open(source, os.O_RDONLY | getattr(os, "O_BINARY", 0)))
    except OSError as exc:
        raise InvalidInput(f"The artifact {source} cannot be read ({exc.strerror}).") from exc


def _copy(source: int, target: Path) -> int:
    """Copy an open file from its start; returns the bytes."""
    target.parent.mkdir(mode=0o700, exist_ok=True)
    os.lseek(source, 0, os.SEEK_SET)
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    try:
        if not _shared(source, fd):
            _in_kernel(source, fd)
        return os.fstat(fd).st_size
    finally:
        os.close(fd)


def _shared(source: int, target: int) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError:
        return False
    return True


def _in_kernel(source: int, target: int) -> None:
    """copy_file_range as far as it goes, then bytes."""
    copy = getattr(os, "copy_file_range", None)
    try:
        while copy is not None and copy(source, target, PIECE_BYTES):
            pass
    except OSError as exc:
        if exc.errno in FULL:
            raise
    while piece := os.read(source, 1024 * 1024):
        view = memoryview(piece)
        while view:
            view = view[os.write(target, view) :]

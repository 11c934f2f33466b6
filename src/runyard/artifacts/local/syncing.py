"""Directory fsync, shared: writers that wait for the same directory at the same time are served by one call."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path


def make_directories(path: Path, mode: int) -> None:
    """Make a directory and those above it that are missing; they would survive a power loss, where we may say so.

    Raises: OSError.
    """
    missing = [one for one in (path, *path.parents) if not one.exists()]
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    for one in {path, *missing}:
        sync_entries(one.parent)


def sync_entries(directory: Path) -> None:
    """Make the names in a directory survive a power loss, where its file system and permissions let us say so."""
    with contextlib.suppress(OSError):
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


@dataclass(slots=True)
class _Directory:
    users: int = 0
    started: int = 0
    finished: int = 0
    running: bool = False


class DirectorySync:
    """Makes renames durable. Safe to call from any thread.

    A call returns after an fsync of the directory that began after the call did. Who comes while one runs waits for
    the next one, which serves all who came meanwhile; nobody waits on a timer.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._directories: dict[tuple[int, int], _Directory] = {}

    def sync(self, directory_fd: int) -> None:
        """Make every entry made in this directory before the call survive a crash. Raises: OSError."""
        status = os.fstat(directory_fd)
        key = (status.st_dev, status.st_ino)
        with self._changed:
            directory = self._directories.setdefault(key, _Directory())
            directory.users += 1
        try:
            self._wait_or_lead(directory, directory_fd)
        finally:
            with self._changed:
                directory.users -= 1
                if not directory.users:
                    self._directories.pop(key, None)

    def _wait_or_lead(self, directory: _Directory, directory_fd: int) -> None:
        with self._changed:
            needed = directory.started + 1
            while directory.running and directory.finished < needed:
                self._changed.wait()
            if directory.finished >= needed:
                return
            directory.running = True
            directory.started += 1
            mine = directory.started
        try:
            os.fsync(directory_fd)
        except OSError:
            self._end(directory, directory.finished)
            raise
        self._end(directory, mine)

    def _end(self, directory: _Directory, finished: int) -> None:
        with self._changed:
            directory.running = False
            directory.finished = max(directory.finished, finished)
            self._changed.notify_all()

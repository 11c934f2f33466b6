"""Files on their way in: written beside the tree, synced, then renamed to their place in one step."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import threading
import time
from collections.abc import Sequence

from runyard.artifacts.contracts import FileInfo
from runyard.artifacts.local.syncing import DirectorySync
from runyard.artifacts.local.tree import Tree, removal

HIDDEN = ".runyard-uploads"
"""Directory below the root that holds uploads under way and trees being deleted; no path may name it."""

_FLUSH_BYTES = 32 * 1024 * 1024
_VECTORS = 512
_YOUNG_S = 60
_RACES = 5
_FILE_MODE = 0o640


def file_info(fd: int) -> FileInfo:
    """Metadata of an open file. Each version is a file of its own, so inode, time and size tell versions apart."""
    status = os.fstat(fd)
    etag = f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"
    return FileInfo(status.st_size, etag, status.st_mtime_ns / 1e9)


class Uploads:
    """The hidden directory. All methods block."""

    def __init__(self, tree: Tree, syncs: DirectorySync) -> None:
        self.tree = tree
        self.syncs = syncs

    def create(self, name: str) -> int:
        """Open an empty file that no path shows, and lock it. Raises: OSError."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with self.tree.directory(HIDDEN, create=True) as directory:
            fd = os.open(name, flags, _FILE_MODE, dir_fd=directory)
        with contextlib.suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return fd

    def store(self, path: str, parts: Sequence[bytes]) -> int:
        """Write a small file in one go. Raises: OSError."""
        upload = Upload(self)
        try:
            upload.write(parts)
            return upload.finish(path)
        except BaseException:
            upload.abort()
            raise

    def trash(self, path: str) -> str | None:
        """Move a directory out of sight in one step; return its hidden name, or None when there is none.

        Raises: NotADirectoryError, when it is a file.
        """
        name = f"trash-{secrets.token_hex(12)}"

        def move(parent: int, last: str) -> None:
            with self.tree.directory(HIDDEN, create=True) as hidden:
                os.rename(last, f"{name}/", src_dir_fd=parent, dst_dir_fd=hidden)
            self.syncs.sync(parent)

        try:
            self.tree.in_parent(path, move)
        except FileNotFoundError:
            return None
        return name

    def sweep(self) -> None:
        """Remove what processes that died left behind. Files of uploads under way are locked, and stay."""
        with self.tree.directory(HIDDEN, create=True) as hidden:
            for name in os.listdir(hidden):
                with contextlib.suppress(OSError):
                    if name.startswith("trash-"):
                        for _ in removal(hidden, name):
                            pass
                    elif _abandoned(hidden, name):
                        os.unlink(name, dir_fd=hidden)


class Upload:
    """One file under way; it exists from the first `write` on.

    All methods block; one thread at a time, except that `flush` may run beside `write`.
    """

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self._name = secrets.token_hex(12)
        self._fd = -1
        self._unflushed = 0
        self._flushing = threading.Lock()
        self.size = 0

    def write(self, parts: Sequence[bytes]) -> None:
        """Append these parts. Raises: OSError."""
        if self._fd < 0:
            self._fd = self._uploads.create(self._name)
        views = [memoryview(part) for part in parts if part]
        while views:
            written = os.writev(self._fd, views[:_VECTORS])
            self.size += written
            self._unflushed += written
            while views and written >= len(views[0]):
                written -= len(views.pop(0))
            if views and written:
                views[0] = views[0][written:]

    def flush_due(self) -> bool:
        """Tell whether so much was written that flushing should begin, to keep the end short."""
        return self._unflushed >= _FLUSH_BYTES and not self._flushing.locked()

    def flush(self) -> None:
        """Bring what was written so far to the disk. Raises: OSError."""
        with self._flushing:
            self._unflushed = 0
            os.fdatasync(self._fd)

    def finish(self, path: str) -> int:
        """Make the file durable, then visible at `path`, then make that durable; return its size. Raises: OSError."""
        os.fsync(self._fd)
        for attempt in range(_RACES):
            try:
                self._uploads.tree.in_parent(path, self._place, create=True)
                break
            except FileNotFoundError:
                if attempt == _RACES - 1:
                    raise
        self._close()
        return self.size

    def abort(self) -> None:
        """Forget the file. Never raises; may follow a failed `finish`."""
        self._close()
        with contextlib.suppress(OSError), self._uploads.tree.directory(HIDDEN) as hidden:
            os.unlink(self._name, dir_fd=hidden)

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _place(self, parent: int, name: str) -> None:
        with self._uploads.tree.directory(HIDDEN, create=True) as hidden:
            os.rename(self._name, name, src_dir_fd=hidden, dst_dir_fd=parent)
        self._uploads.syncs.sync(parent)


def _abandoned(hidden: int, name: str) -> bool:
    """An upload whose process is gone: old enough to have been locked, and not locked."""
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=hidden)
    try:
        if time.time() - os.fstat(fd).st_mtime < _YOUNG_S:
            return False
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError as exc:
        if exc.errno in (errno.EWOULDBLOCK, errno.EAGAIN):
            return False
        raise
    finally:
        os.close(fd)

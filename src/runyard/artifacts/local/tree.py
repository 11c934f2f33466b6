"""A directory tree that is only ever walked by file descriptors.

Every component is opened relative to its parent's descriptor with O_NOFOLLOW, so a symbolic link below the root is
never followed, whenever somebody plants it: there is no moment between a check and its use.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_REMOVED_PER_STEP = 256
DIRECTORY_MODE = 0o750


class IsLink(OSError):
    """A component is a symbolic link or something else that is neither file nor directory."""


@dataclass(frozen=True, slots=True)
class Found:
    """One name in a directory."""

    name: str
    is_dir: bool
    size: int


class Tree:
    """The files below one root directory. All methods block; paths are clean, relative and decoded.

    Args:
        synced: called with the descriptor of each directory that got a new subdirectory.
    """

    def __init__(self, root: str, synced: Callable[[int], None]) -> None:
        self._root_fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._synced = synced

    def close(self) -> None:
        """Give the root's descriptor back."""
        os.close(self._root_fd)

    def free_bytes(self) -> tuple[int, int]:
        """Bytes that we may still write, and the size of the file system."""
        status = os.fstatvfs(self._root_fd)
        return status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize

    @contextlib.contextmanager
    def directory(self, path: str, *, create: bool = False) -> Iterator[int]:
        """Open a directory below the root; on request make what is missing, durably.

        Raises: FileNotFoundError, NotADirectoryError, IsLink.
        """
        fd = os.dup(self._root_fd)
        try:
            for name in filter(None, path.split("/")):
                child = self._enter(fd, name, create)
                os.close(fd)
                fd = child
            yield fd
        finally:
            os.close(fd)

    def in_parent(self, path: str, action: Callable[[int, str], T], *, create: bool = False) -> T:
        """Run `action(descriptor of the parent directory, last name of path)`."""
        parent, _, name = path.rpartition("/")
        with self.directory(parent, create=create) as fd:
            return action(fd, name)

    def open_file(self, path: str) -> int:
        """Open a regular file for reading.

        Raises: FileNotFoundError, IsADirectoryError, NotADirectoryError, IsLink.
        """
        return self.in_parent(path, open_regular)

    def entries(self, path: str) -> list[Found]:
        """Files and directories directly below `path`, sorted; links and names that are not UTF-8 are left out."""
        with self.directory(path) as fd, os.scandir(fd) as found:
            listed = [seen for entry in found if (seen := _seen(entry)) is not None]
        return sorted(listed, key=lambda seen: seen.name)

    def prune(self, path: str) -> None:
        """Remove this directory and those above it that are empty, up to the root. Never raises for a race."""
        while path:
            try:
                self.in_parent(path, lambda fd, name: os.rmdir(name, dir_fd=fd))
            except OSError:
                return
            path = path.rpartition("/")[0]

    def _enter(self, fd: int, name: str, create: bool) -> int:
        try:
            return _open_directory(fd, name)
        except FileNotFoundError:
            if not create:
                raise
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, DIRECTORY_MODE, dir_fd=fd)
        self._synced(fd)
        return _open_directory(fd, name)


def open_regular(directory_fd: int, name: str) -> int:
    """Open a regular file in a directory for reading.

    Raises: FileNotFoundError, IsADirectoryError, IsLink.
    """
    try:
        fd = os.open(name, _FILE, dir_fd=directory_fd)
    except OSError as exc:
        if _is_link(directory_fd, name):
            raise IsLink(f"{name} is a link") from exc
        raise
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):
        return fd
    os.close(fd)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"{name} is a directory")
    raise IsLink(f"{name} is not a regular file")


def removal(directory_fd: int, name: str) -> Iterator[None]:
    """Remove a directory with all below it, a bounded piece each time the iterator is advanced. Follows no link."""
    stack: list[tuple[int, str]] = []
    done = 0
    try:
        stack.append((os.dup(directory_fd), name))
        while stack:
            parent, current = stack[-1]
            try:
                fd = _open_directory(parent, current)
            except FileNotFoundError:  # another process sweeps the same tree
                os.close(stack.pop()[0])
                continue
            deeper = None
            try:
                with os.scandir(fd) as found:
                    for entry in found:
                        if entry.is_dir(follow_symlinks=False):
                            deeper = entry.name
                            break
                        _unlink(fd, entry.name)
                        done += 1
                        if done % _REMOVED_PER_STEP == 0:
                            yield
            except BaseException:
                os.close(fd)
                raise
            if deeper is not None:
                stack.append((fd, deeper))
                continue
            os.close(fd)
            if _remove_empty(parent, current):
                os.close(stack.pop()[0])
    finally:
        for parent, _ in stack:
            os.close(parent)


def _remove_empty(parent: int, name: str) -> bool:
    """Remove a directory; False when somebody put something into it meanwhile."""
    try:
        os.rmdir(name, dir_fd=parent)
    except FileNotFoundError:
        return True
    except OSError as exc:
        if exc.errno == errno.ENOTEMPTY:
            return False
        raise
    return True


def _unlink(fd: int, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=fd)


def _open_directory(fd: int, name: str) -> int:
    try:
        return os.open(name, _DIRECTORY, dir_fd=fd)
    except OSError as exc:
        if _is_link(fd, name):
            raise IsLink(f"{name} is a link") from exc
        raise


def _is_link(fd: int, name: str) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _seen(entry: os.DirEntry[str]) -> Found | None:
    try:
        entry.name.encode()
        status = entry.stat(follow_symlinks=False)
    except (UnicodeEncodeError, FileNotFoundError):
        return None
    if stat.S_ISDIR(status.st_mode):
        return Found(entry.name, True, 0)
    return Found(entry.name, False, status.st_size) if stat.S_ISREG(status.st_mode) else None

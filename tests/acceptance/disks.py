"""Disks that fill up or stop taking writes while a server uses them."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from tests.acceptance.server_process import ServerProcess

SMALL_MIB = 24
BLOCK = 64 * 1024


class Disk(Protocol):
    """Where a server keeps its data; `data` is a directory on it."""

    data: Path

    def fail(self, server: ServerProcess) -> None:
        """From now on writes that need space fail."""
        ...

    def heal(self, server: ServerProcess) -> None:
        """From now on they work again."""
        ...


class FullDisk:
    """A small file system of its own, filled to the last byte."""

    def __init__(self, mount: Path) -> None:
        self.data = mount / "data"
        self._filler = mount / "filler"

    def fail(self, server: ServerProcess | None = None) -> None:
        with self._filler.open("ab", buffering=0) as filler, contextlib.suppress(OSError):
            for size in (BLOCK, 1):
                with contextlib.suppress(OSError):
                    while filler.write(b"\0" * size):
                        pass

    def heal(self, server: ServerProcess | None = None) -> None:
        self._filler.unlink()


class RefusingDisk:
    """The kernel refuses each write of the server to any file (a file size limit of 0), as a broken disk does."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"

    def fail(self, server: ServerProcess) -> None:
        self._limit(server, 0)

    def heal(self, server: ServerProcess) -> None:
        self._limit(server, resource.RLIM_INFINITY)

    def _limit(self, server: ServerProcess, size: int) -> None:
        assert server.process is not None
        if server.process.poll() is not None:
            return  # the next process has no limit
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[FullDisk | None]:
    """A file system of SMALL_MIB below folder; None where this account may not mount one."""
    mount = folder / "disk"
    mount.mkdir()
    options = f"size={SMALL_MIB}m,mode=0700"
    if not _ran(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(mount)]):
        yield None
        return
    try:
        yield FullDisk(mount)
    finally:
        _ran(["umount", "--lazy", str(mount)])


@contextlib.contextmanager
def read_only(mount: Path) -> Iterator[None]:
    """The file system of a `small_disk`, mounted for reading only."""
    assert _ran(["mount", "-o", "remount,ro", str(mount)])
    try:
        yield
    finally:
        assert _ran(["mount", "-o", "remount,rw", str(mount)])


def without_privileges(command: list[str]) -> list[str]:
    """The command without root's right to write what its permission bits forbid."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]


def _ran(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0

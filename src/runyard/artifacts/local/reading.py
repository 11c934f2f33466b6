"""Files on their way out, without ever blocking the event loop on the disk."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from concurrent.futures import Executor

from runyard.artifacts.contracts import PIECE_BYTES, ByteRange, Download, FileInfo
from runyard.artifacts.finishing import finish
from runyard.artifacts.local.tree import Tree
from runyard.artifacts.local.writing import file_info
from runyard.errors import StorageUnavailable

_CACHED_ONLY = getattr(os, "RWF_NOWAIT", None)
_NOT_CACHED = (errno.EAGAIN, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


class LocalDownload(Download):
    """An open file. What the page cache holds is copied on the event loop, the rest is read in a thread.

    `fileno` is the descriptor, for servers that can send a file without copying it.
    """

    def __init__(self, fd: int, info: FileInfo, start: int, stop: int, pool: Executor, head: bytes) -> None:
        super().__init__(info, start, stop)
        self._fd = fd
        self._pool = pool
        self._head = head

    @property
    def fileno(self) -> int | None:
        """The open descriptor, or None once closed."""
        return self._fd if self._fd >= 0 else None

    async def pieces(self) -> AsyncIterator[bytes | bytearray | memoryview]:
        position = self.start + len(self._head)
        if self._head:
            yield self._head
            self._head = b""
        while position < self.stop:
            piece = await self._piece(position, min(PIECE_BYTES, self.stop - position))
            position += len(piece)
            yield piece

    async def aclose(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptor. May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    async def _piece(self, position: int, size: int) -> bytes | bytearray | memoryview:
        cached = self._cached(position, size)
        if cached is not None:
            return cached
        loop = asyncio.get_running_loop()
        piece = await finish(loop.run_in_executor(self._pool, os.pread, self._fd, size, position))
        if not piece:
            raise StorageUnavailable("The file became shorter while it was read; try again.")
        return piece

    def _cached(self, position: int, size: int) -> bytearray | memoryview | None:
        if _CACHED_ONLY is None:
            return None
        buffer = bytearray(size)
        try:
            count = os.preadv(self._fd, [buffer], position, _CACHED_ONLY)
        except OSError as exc:
            if exc.errno in _NOT_CACHED:
                return None
            raise
        if not count:
            return None
        return buffer if count == size else memoryview(buffer)[:count]


def open_download(tree: Tree, path: str, byte_range: ByteRange | None, pool: Executor) -> LocalDownload:
    """Open a file and read its first piece, so that a small file costs one hop. Blocks.

    Raises: OSError, RangeNotSatisfiable.
    """
    fd = tree.open_file(path)
    try:
        info = file_info(fd)
        start, stop = (0, info.size) if byte_range is None else byte_range.within(info.size)
        head = os.pread(fd, min(PIECE_BYTES, stop - start), start)
    except BaseException:
        os.close(fd)
        raise
    return LocalDownload(fd, info, start, stop, pool, head)

"""A snapshot as one compressed archive, made while it is sent."""

from __future__ import annotations

import asyncio
import tarfile
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from runyard.artifacts.contracts import Download
from runyard.entities.snapshot import SnapshotFile
from runyard.errors import CorruptData

BLOCK = tarfile.BLOCKSIZE
GATHER_BYTES = 128 * 1024
LEVEL = 1  # sources are small, and the machine that waits for them is not
GZIP = 31

Open = Callable[[SnapshotFile], Awaitable[Download]]


async def tar_gz(files: Sequence[SnapshotFile], open_file: Open) -> AsyncIterator[bytes]:
    """A gzipped tar archive of the files; the same files make the same bytes. Memory: a few hundred kilobytes.

    Raises: what `open_file` and reading raise; CorruptData, when a file has not the size that it should.
    """
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    waiting = bytearray()
    async for piece in _tar(files, open_file):
        waiting += piece
        if len(waiting) >= GATHER_BYTES:
            packed = await asyncio.to_thread(packer.compress, bytes(waiting))
            waiting.clear()
            if packed:
                yield packed
    yield await asyncio.to_thread(packer.compress, bytes(waiting)) + packer.flush()


async def _tar(
    files: Sequence[SnapshotFile], open_file: Open
) -> AsyncIterator[bytes | bytearray | memoryview]:
    for one in files:
        yield _header(one)
        size = 0
        if one.size:
            download = await open_file(one)
            try:
                async for piece in download.pieces():
                    size += len(piece)
                    yield piece
            finally:
                await download.aclose()
        if size != one.size:
            raise CorruptData(f"The kept file {one.path!r} has {size} bytes, not {one.size}.")
        yield bytes(-size % BLOCK)
    yield bytes(2 * BLOCK)


def _header(one: SnapshotFile) -> bytes:
    info = tarfile.TarInfo(one.path)
    info.size = one.size
    info.mode = 0o755 if one.executable else 0o644
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")

"""A folder's files as one ZIP archive, made while it is sent."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable

from runyard.artifacts.contracts import Download, Entry
from runyard.errors import NotFound

Open = Callable[[Entry], Awaitable[Download]]
OLDEST = (1980, 1, 1, 0, 0, 0)  # ZIP knows no earlier time; the same files make the same archive


class _Pipe(io.RawIOBase):
    """Takes what an archive writes, and gives it on; it cannot go back, so sizes come after each file."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._held += data
        return len(data)

    def take(self) -> bytes:
        """What was written since the last call."""
        taken = bytes(self._held)
        self._held.clear()
        return taken


async def zipped(files: AsyncIterator[Entry], open_file: Open) -> AsyncIterator[bytes]:
    """An archive of the files as they are, not compressed: most artifacts are already, and a reader waits for it.

    A file that was deleted meanwhile is left out. Memory: a piece of one file, and 100 bytes for each file.

    Args:
        files: their names are those in the archive.
    Raises: what `files`, `open_file` and reading raise.
    """
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        async for entry in files:
            try:
                download = await open_file(entry)
            except NotFound:
                continue
            try:
                with archive.open(zipfile.ZipInfo(entry.name, OLDEST), "w", force_zip64=True) as inside:
                    async for piece in download.pieces():
                        inside.write(piece)
                        yield pipe.take()
            finally:
                await download.aclose()
            yield pipe.take()
            await asyncio.sleep(0)
    yield pipe.take()

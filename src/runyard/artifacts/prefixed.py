"""A directory of a datastore as a datastore of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from runyard.artifacts.contracts import ByteRange, Datastore, Download, Entry, FileInfo
from runyard.artifacts.paths import join
from runyard.artifacts.unsigned import Unsigned
from runyard.artifacts.walking import files_below
from runyard.errors import InvalidInput


class PrefixedDatastore(Unsigned):
    """The files of `inner` below `prefix`, a clean path that is not empty. Closing it leaves `inner` open."""

    def __init__(self, inner: Datastore, prefix: str) -> None:
        self.describe = f"directory {prefix} of the workspace's files"
        self._inner = inner
        self._prefix = prefix

    async def put(self, path: str, pieces: AsyncIterator[bytes], size: int | None) -> int:
        return await self._inner.put(self._file(path), pieces, size)

    async def get(self, path: str, byte_range: ByteRange | None = None) -> Download:
        return await self._inner.get(self._file(path), byte_range)

    async def head(self, path: str) -> FileInfo:
        return await self._inner.head(self._file(path))

    async def list_dir(self, path: str) -> Sequence[Entry]:
        return await self._inner.list_dir(join(self._prefix, path))

    async def files_below(self, directory: str, after: str) -> AsyncIterator[Entry]:
        """See walking.files_below."""
        skip = len(self._prefix) + 1
        start = join(self._prefix, after) if after else ""
        async for entry in files_below(self._inner, join(self._prefix, directory), start):
            yield Entry(entry.name[skip:], False, entry.size)

    async def delete(self, path: str) -> None:
        if not path:
            raise InvalidInput(
                "The root of a datastore cannot be deleted. Name a file or directory below it."
            )
        await self._inner.delete(join(self._prefix, path))

    async def aclose(self) -> None:
        """Nothing of its own to release."""

    def _file(self, path: str) -> str:
        if not path:
            raise InvalidInput("'' is a directory. Name a file in it.")
        return join(self._prefix, path)

"""Datastores that are open: found again by what they were opened from, closed when nobody has used them for long."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager

from runyard.artifacts.contracts import Datastore, Download

MOST_OPEN = 64


class _Opened:
    __slots__ = ("retired", "store", "users")

    def __init__(self, store: Datastore) -> None:
        self.store = store
        self.users = 0
        self.retired = False


class OpenedDatastores:
    """At most `most` idle ones; those in use are kept in any case and closed after their last use.

    Not shared between event loops: a datastore belongs to the loop that opened it.
    """

    def __init__(self, most: int = MOST_OPEN) -> None:
        self._most = most
        self._known: OrderedDict[Hashable, _Opened] = OrderedDict()

    @asynccontextmanager
    async def using(self, key: Hashable, open_store: Callable[[], Datastore]) -> AsyncIterator[Datastore]:
        """The datastore of a key for as long as the block runs; opened if it is not."""
        opened = await self._acquire(key, open_store)
        try:
            yield opened.store
        finally:
            await self._release(opened)

    async def download(
        self,
        key: Hashable,
        open_store: Callable[[], Datastore],
        get: Callable[[Datastore], Awaitable[Download]],
    ) -> Download:
        """A file that keeps its datastore open until it is closed."""
        opened = await self._acquire(key, open_store)
        try:
            return _HeldDownload(self, opened, await get(opened.store))
        except BaseException:
            await self._release(opened)
            raise

    async def aclose(self) -> None:
        """Close all."""
        while self._known:
            await self._retire(self._known.popitem()[1])

    async def _acquire(self, key: Hashable, open_store: Callable[[], Datastore]) -> _Opened:
        opened = self._known.get(key)
        if opened is None:
            opened = self._known[key] = _Opened(open_store())
        opened.users += 1
        self._known.move_to_end(key)
        while len(self._known) > self._most:
            await self._retire(self._known.popitem(last=False)[1])
        return opened

    async def _release(self, opened: _Opened) -> None:
        opened.users -= 1
        if opened.retired and not opened.users:
            await opened.store.aclose()

    async def _retire(self, opened: _Opened) -> None:
        opened.retired = True
        if not opened.users:
            await opened.store.aclose()


class _HeldDownload(Download):
    """A download, and its hold on the datastore."""

    def __init__(self, owner: OpenedDatastores, opened: _Opened, inner: Download) -> None:
        super().__init__(inner.info, inner.start, inner.stop)
        self._owner = owner
        self._opened: _Opened | None = opened
        self._inner = inner

    def pieces(self) -> AsyncIterator[bytes | bytearray | memoryview]:
        return self._inner.pieces()

    async def aclose(self) -> None:
        opened, self._opened = self._opened, None
        try:
            await self._inner.aclose()
        finally:
            if opened is not None:
                await self._owner._release(opened)

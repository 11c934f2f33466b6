"""Open datastores are shared, bounded, and never closed while somebody reads."""

from __future__ import annotations

import asyncio
from typing import Any

from runyard.artifacts.contracts import Download, FileInfo
from runyard.services.opened_datastores import OpenedDatastores


class Store:
    """Remembers whether it is closed."""

    def __init__(self) -> None:
        self.closed = False

    async def aclose(self) -> None:
        self.closed = True


class File(Download):
    def __init__(self) -> None:
        super().__init__(FileInfo(0, "e", 0), 0, 0)

    async def aclose(self) -> None:
        pass


def test_a_key_is_opened_once_and_the_longest_unused_is_closed() -> None:
    async def work() -> None:
        made: dict[str, Store] = {}
        opened = OpenedDatastores(most=2)

        async def use(key: str) -> Any:
            async with opened.using(key, lambda: made.setdefault(key, Store())) as store:  # type: ignore[arg-type,return-value]
                return store

        first = await use("a")
        assert await use("a") is first
        await use("b")
        await use("a")
        await use("c")
        assert (made["a"].closed, made["b"].closed, made["c"].closed) == (False, True, False)
        await opened.aclose()
        assert made["a"].closed and made["c"].closed

    asyncio.run(work())


def test_a_download_keeps_its_datastore_open() -> None:
    async def work() -> None:
        opened = OpenedDatastores(most=1)
        store, other = Store(), Store()

        async def get(_: Any) -> Download:
            return File()

        download = await opened.download("a", lambda: store, get)  # type: ignore[arg-type,return-value]
        async with opened.using("b", lambda: other):  # type: ignore[arg-type,return-value]
            pass
        assert not store.closed
        await download.aclose()
        await download.aclose()
        assert store.closed and not other.closed

    asyncio.run(work())

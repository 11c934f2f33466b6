"""Background work: what deleted workspaces held, and what was purged from the trash, is removed; the space comes back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from runyard.errors import RunyardError
from runyard.store.sql.database import Database
from runyard.store.sql.lease import Lease
from runyard.store.sql.pausing import is_set
from runyard.store.sql.purge import Doomed, end, find_doomed, purge_some
from runyard.store.sql.purge_trash import find_purge, purge_piece, put_off, still_wanted, waits_for_jobs
from runyard.store.sql.space import give_back_space

log = logging.getLogger("runyard.store")

EVERY_S = 2.0
PAUSE_S = 0.02
AGAIN_MS = 60_000
JOBS_AGAIN_MS = 5_000
RemoveFiles = Callable[[str], Awaitable[None]]
RemoveDirectory = Callable[[str, str], Awaitable[None]]


class Purger:
    """Removes one piece at a time. Where it was is known from what is left, so a restart goes on.

    Args:
        remove_files: of the workspace with this guid; may be called again.
        remove_directory: among the files of the workspace with this guid, empty for the default one; may be called again.
        turn: held while rows are removed, so that no compaction of them is under way.
        grace_ms: how long after a deletion its records stay: longer than any server remembers that it was there.
    """

    def __init__(
        self,
        database: Database,
        remove_files: RemoveFiles,
        remove_directory: RemoveDirectory,
        turn: asyncio.Lock,
        grace_ms: int,
    ) -> None:
        self._database = database
        self._remove_files = remove_files
        self._remove_directory = remove_directory
        self._turn = turn
        self._grace_ms = grace_ms
        self._lease = Lease(database, "purge")
        self._freed = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work in the background while the block lasts."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._loop(stop))
        try:
            yield
        finally:
            stop.set()
            await task
            with contextlib.suppress(RunyardError):
                await self._lease.leave()

    async def _loop(self, stop: asyncio.Event) -> None:
        more = False
        while not await is_set(stop, PAUSE_S if more else EVERY_S):
            try:
                more = await self.step()
            except RunyardError as exc:
                more = False
                log.warning("The removal of a deleted workspace waits: %s", exc)
            except Exception:
                more = False
                log.exception("The removal of a deleted workspace failed; it will be tried again")

    async def step(self) -> bool:
        """Remove one piece; returns whether there is more to do at once."""
        doomed = await self._database.peek(lambda c: find_doomed(c, self._grace_ms))
        if doomed is None:
            return await self._purge() or await self._give_back()
        if not await self._lease.take():
            return False
        async with self._turn:
            more = await self._database.write(lambda tx: purge_some(tx, doomed.id))
        if not more:
            await self._end(doomed)
        self._freed = True
        return True

    async def _purge(self) -> bool:
        """A piece of what was in the trash: its files, then its rows. One whose files cannot go now lets others pass."""
        purge = await self._database.peek(find_purge)
        if purge is None:
            return False
        if not await self._lease.take():
            return False
        if not await self._database.write(lambda tx: still_wanted(tx, purge)):
            return True
        if await self._database.peek(lambda c: waits_for_jobs(c, purge)):
            await self._database.write(lambda tx: put_off(tx, purge, JOBS_AGAIN_MS))
            return True
        try:
            if purge.files:
                await self._remove_directory(purge.guid, purge.files)
        except RunyardError as exc:
            log.warning("The files of a purged %s at %s stay for now: %s", purge.kind.text, purge.files, exc)
            await self._database.write(lambda tx: put_off(tx, purge, AGAIN_MS))
            return True
        async with self._turn:
            await self._database.write(lambda tx: purge_piece(tx, purge))
        self._freed = True
        return True

    async def _end(self, doomed: Doomed) -> None:
        if doomed.with_files:
            await self._remove_files(doomed.guid)
        await self._database.write(lambda tx: end(tx, doomed.id))
        log.info("All records of the deleted workspace %s have been removed.", doomed.guid)

    async def _give_back(self) -> bool:
        if not self._freed:
            return False
        async with self._turn:
            self._freed = await give_back_space(self._database)
        return self._freed

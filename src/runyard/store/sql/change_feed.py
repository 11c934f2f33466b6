"""Changes as they are committed, by this server and by others on the same database."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runyard.errors import RunyardError
from runyard.store.event_contracts import Hear
from runyard.store.sql.change_log import ChangeLog
from runyard.store.sql.pausing import is_set
from runyard.store.sql.signals import PostgresSignals

log = logging.getLogger("runyard.store")

GAP_S = 0.5  # between two batches
ASK_WITHIN_S = 2.0


class SqlChangeFeed:
    """ChangeFeed on the log of one database.

    Args:
        signals: between servers; None where there is only one.
    """

    def __init__(self, changes: ChangeLog, signals: PostgresSignals | None = None) -> None:
        self._log = changes
        self._signals = signals
        self._wanted = False

    async def want(self, wanted: bool) -> None:
        """As in ChangeFeed."""
        begins = wanted and not self._wanted
        self._wanted = wanted
        self._heed()
        if begins and self._signals is not None:
            with contextlib.suppress(RunyardError, TimeoutError):
                async with asyncio.timeout(ASK_WITHIN_S):
                    await self._signals.ask()

    @asynccontextmanager
    async def running(self, hear: Hear) -> AsyncIterator[None]:
        """As in ChangeFeed."""
        loop = asyncio.get_running_loop()
        something, stop = asyncio.Event(), asyncio.Event()
        self._log.wake = lambda: _set_in(loop, something)
        task = asyncio.create_task(self._tell(hear, something, stop))
        try:
            if self._signals is None:
                yield
            else:
                async with self._signals.running(hear, self._heed, self._ask_again):
                    yield
        finally:
            self._log.listening = False
            self._log.wake = None
            stop.set()
            something.set()
            await task

    def _heed(self) -> None:
        """Note changes, or note them no more."""
        self._log.listening = self._wanted or (
            self._signals is not None and self._signals.are_wanted_elsewhere
        )

    def _ask_again(self) -> bool:
        """Whether other servers must be told that somebody here still listens. Called from time to time."""
        self._heed()
        return self._wanted

    async def _tell(self, hear: Hear, something: asyncio.Event, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await something.wait()
            something.clear()
            batch = self._log.take()
            if batch:
                try:
                    hear(batch)
                    if self._signals is not None and self._signals.are_wanted_elsewhere:
                        await self._signals.send(batch)
                except Exception:
                    log.exception("Changes could not be told")
            await is_set(stop, GAP_S)


def _set_in(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(event.set)

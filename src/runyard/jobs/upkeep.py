"""Work in the background that one server of several does, step by step, as long as the server runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from runyard.errors import RunyardError

log = logging.getLogger("runyard.jobs")

PAUSE_S = 0.02
END_S = 5.0

Step = Callable[[], Awaitable[bool]]
"""Do some of it, and return whether there is more to do at once. It may be cut off, and must bear to be done again."""


class Share(Protocol):
    """A server's share in a kind of work."""

    async def take(self) -> bool:
        """Whether the work is this server's for the next seconds."""
        ...

    async def leave(self) -> None:
        """Let another server take over at once."""
        ...


class Upkeep:
    """Calls a step again and again. A failure is logged, and the step tried again.

    Args:
        what: for the log: "The sealing of logs".
        every_s: between two steps, when there is nothing to do.
    """

    def __init__(self, what: str, step: Step, share: Share, every_s: float) -> None:
        self._what = what
        self._step = step
        self._share = share
        self._every_s = every_s

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work while the block lasts; a step that has begun has some seconds to end, then it is cut off."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._loop(stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait({task}, timeout=END_S)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            with contextlib.suppress(RunyardError):
                await self._share.leave()

    async def _loop(self, stop: asyncio.Event) -> None:
        more = False
        while not await _is_set(stop, PAUSE_S if more else self._every_s):
            try:
                more = await self._share.take() and await self._step()
            except RunyardError as exc:
                more = False
                log.warning("%s waits: %s", self._what, exc)
            except Exception:
                more = False
                log.exception("%s failed; it will be tried again", self._what)


async def _is_set(stop: asyncio.Event, within_s: float) -> bool:
    """Wait for a while; whether the event came meanwhile."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), within_s)
    return stop.is_set()

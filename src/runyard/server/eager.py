"""Coroutines that begin in the caller's turn of the event loop.

A task takes its first step one turn later and wakes up through the loop again. For a request that does nothing but wait
for one commit, that costs as much as the request. Python 3.12 has tasks that start at once; this is for 3.11 too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class EagerCall:
    """A coroutine on its way. It must need no `asyncio.current_task()`, so neither timeouts nor task groups."""

    __slots__ = ("_coroutine", "_loop", "_running", "_waits_for")

    def __init__(
        self, coroutine: Coroutine[Any, None, None], loop: asyncio.AbstractEventLoop, running: set[EagerCall]
    ) -> None:
        self._coroutine = coroutine
        self._loop = loop
        self._running = running
        self._waits_for: asyncio.Future[Any] | None = None

    def step(self, done: asyncio.Future[Any] | None = None) -> None:
        """Go on until the coroutine waits for something or ends."""
        self._waits_for = None
        try:
            future = self._coroutine.send(None)
        except StopIteration:
            self._running.discard(self)
        except BaseException as exc:
            self._running.discard(self)
            self._loop.call_exception_handler(
                {"message": "A request could not be answered", "exception": exc}
            )
        else:
            self._wait(future)

    def _wait(self, future: asyncio.Future[Any] | None) -> None:
        self._running.add(self)
        if future is None:  # asyncio.sleep(0)
            self._loop.call_soon(self.step)
            return
        future._asyncio_future_blocking = False  # how a task says that it took note
        self._waits_for = future
        future.add_done_callback(self.step)

    def cancel(self, msg: object = None) -> bool:
        """What uvicorn does to those that are late at the end."""
        return self._waits_for is not None and self._waits_for.cancel(msg)


def start_now(
    coroutine: Coroutine[Any, None, None], loop: asyncio.AbstractEventLoop, running: set[EagerCall]
) -> None:
    """Run a coroutine up to where it waits for the first time; while it waits, it is in `running`."""
    EagerCall(coroutine, loop, running).step()

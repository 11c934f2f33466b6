"""A write on its way: what is to be done, who waits for it, and what came of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from runyard.store.sql.database import Write

log = logging.getLogger("runyard.store")


class Pending:
    """One write. Without a future nobody waits: who asked looks here."""

    __slots__ = ("checked", "error", "future", "only_points", "result", "work")

    def __init__(
        self, work: Write[Any], checked: bool, only_points: bool, future: asyncio.Future[Any] | None
    ) -> None:
        self.work = work
        self.checked = checked
        self.only_points = only_points
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None

    def answer(self) -> Any:
        """What the work returned. Raises: what it raised."""
        if self.error is not None:
            raise self.error
        return self.result


def wake(group: Sequence[Pending]) -> None:
    """Answer all from another thread, each event loop once."""
    loops: dict[asyncio.AbstractEventLoop, list[Pending]] = {}
    for item in group:
        if item.future is not None:
            loops.setdefault(item.future.get_loop(), []).append(item)
    for loop, items in loops.items():
        try:
            loop.call_soon_threadsafe(resolve, items)
        except RuntimeError:
            log.warning("%d answers had nobody left to read them", len(items))


def resolve(items: Sequence[Pending]) -> None:
    """Answer all, in their event loop."""
    for item in items:
        future = item.future
        if future is None or future.done():
            continue
        if item.error is not None:
            future.set_exception(item.error)
        else:
            future.set_result(item.result)

"""A pause of work in the background, cut short when the server stops."""

from __future__ import annotations

import asyncio
import contextlib


async def is_set(stop: asyncio.Event, within_s: float) -> bool:
    """Wait for a while; whether the event came meanwhile."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), within_s)
    return stop.is_set()

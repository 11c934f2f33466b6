"""Server-sent events: an answer that goes on until somebody ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import Response

MEDIA = "text/event-stream"
RETRY_MS = 2_000

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class EventStream(Response):
    """Sends events as they come. `sse` makes one.

    A client that reads nothing holds up nobody: the next event is asked for when the last one is on its way, and the
    protocol ends connections that stand still (server/patient.py).

    Args:
        events: asked for until it ends.
        end: called once when the client has left or the stream is over; events must end then.
    """

    endless = True

    def __init__(self, events: AsyncIterator[bytes], end: Callable[[], None]) -> None:
        super().__init__(
            status_code=200,
            headers={
                "cache-control": "no-store",
                "x-accel-buffering": "no",  # proxies must not keep events back
                "x-content-type-options": "nosniff",
                "vary": "Origin",
            },
            media_type=MEDIA,
        )
        del self.headers["content-length"]
        self._events = events
        self._end = end

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        leaving = asyncio.ensure_future(_left(receive))
        leaving.add_done_callback(lambda _: self._end())
        try:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            async for event in self._events:
                await send({"type": "http.response.body", "body": event, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            leaving.cancel()
            self._end()


def sse(name: str, data: bytes, *, retry: bool = False) -> bytes:
    """An event. Data in one line, as JSON is.

    Args:
        retry: says how soon a client may come back.
    """
    head = b"retry: %d\n" % RETRY_MS if retry else b""
    return b"%sevent: %s\ndata: %s\n\n" % (head, name.encode(), data)


async def _left(receive: Receive) -> None:
    """Return when the client hangs up; an unread request comes first."""
    while (await receive())["type"] != "http.disconnect":
        pass

"""Changes as they happen, as server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runyard.errors import CallerError, InvalidInput, RunyardError
from runyard.server.event_stream import MEDIA, EventStream, sse
from runyard.server.routing import OWN, Route, raw
from runyard.services.context import Context
from runyard.services.events import EventService, Listener, Told
from runyard.wire.api.events import (
    EndEvent,
    ExperimentsEvent,
    HelloEvent,
    RunsEvent,
    TracesEvent,
    changed_run,
)

PING_S = 15.0
CHECK_S = 30.0
ACTION = "runs/read"

Recheck = Callable[[Context, Request, str], Awaitable[Context]]
"""The context of a caller as it is now. Raises: CallerError, when they may no longer do the action."""


def routes(service: EventService, recheck: Recheck) -> list[Route]:
    """One, which goes on."""

    async def events(ctx: Context, request: Request) -> Response:
        """Follow changes of runs, experiments and traces, as server-sent events.

        Events: `hello`; `runs`, `experiments` and `traces`, at most one of each a second; `ping`, every 15 s; `end`. They name what has
        changed and hold nothing of it. What the caller may read is looked at again every 30 s.
        """
        if MEDIA not in request.headers.get("accept", ""):
            raise InvalidInput(
                f"This route answers a stream that goes on. Send the header 'Accept: {MEDIA}'."
            )
        if request.method == "HEAD":
            return Response(media_type=MEDIA)
        listener = await service.listen(ctx, request.query_params.getlist("experiment_id"))
        return EventStream(_events(listener, request, recheck), listener.end)

    return [*raw("GET", "/events", events, ACTION, prefixes=(OWN,), filtered=True)]


async def _events(listener: Listener, request: Request, recheck: Recheck) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    yield sse("hello", msgspec.json.encode(HelloEvent(time.time_ns() // 1_000_000)), retry=True)
    ping_at, check_at = clock() + PING_S, clock() + CHECK_S
    while not listener.ended:
        told = await listener.next(max(0.0, min(ping_at, check_at) - clock()))
        if told is not None:
            for event in _told(told):
                yield event
        if clock() >= check_at:
            check_at = clock() + CHECK_S
            refusal = await _checked(listener, request, recheck)
            if refusal is not None:
                yield sse("end", msgspec.json.encode(EndEvent(refusal.message, retry=False)))
                return
        if clock() >= ping_at:
            ping_at = clock() + PING_S
            yield sse("ping", b"{}")
    yield sse("end", msgspec.json.encode(EndEvent("The server is stopping.", retry=True)))


async def _checked(listener: Listener, request: Request, recheck: Recheck) -> CallerError | None:
    """Look again what the listener may read; why it may no longer listen."""
    try:
        listener.context = await recheck(listener.context, request, ACTION)
    except CallerError as exc:
        return exc
    except RunyardError:
        return None  # of the storage: it cannot be told just now
    return None


def _told(told: Told) -> list[bytes]:
    found = []
    if told.runs or told.many or told.everything:
        runs = [changed_run(*one) for one in told.runs]
        many = [str(one) for one in told.many]
        found.append(sse("runs", msgspec.json.encode(RunsEvent(runs, many, told.everything))))
    if told.experiments or told.everything:
        ids = [str(one) for one in told.experiments]
        found.append(sse("experiments", msgspec.json.encode(ExperimentsEvent(ids, told.everything))))
    if told.traces or told.everything:
        ids = [str(one) for one in told.traces]
        found.append(sse("traces", msgspec.json.encode(TracesEvent(ids, told.everything))))
    return found

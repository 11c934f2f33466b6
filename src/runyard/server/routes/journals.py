"""What clients wrote down while they worked: sent later, kept once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runyard.errors import TooManyRequests, UnsupportedMediaType
from runyard.server.routing import OWN, Route, api, raw
from runyard.server.uploads import announced_size, receive_limited
from runyard.services.context import Context
from runyard.services.journals import JournalService, check_journal
from runyard.services.liveness import LivenessService
from runyard.store.journal_contracts import Refused
from runyard.wire.api.journals import Beat, JournalOfPath, JournalState
from runyard.wire.journal import CONTENT_TYPE, Refusal, SendResult, decode_frames

ACTION = "runs/write"
BODY_LIMIT = 20 * 1024 * 1024
HELD_BYTES = 64 * 1024 * 1024  # of bodies at the same time
AT_ONCE = 4  # bodies that are worked on
SMALL = 16 * 1024  # bytes that are decoded where they come in
TYPES = (CONTENT_TYPE, "application/octet-stream")
NOSNIFF = {"x-content-type-options": "nosniff"}
EMPTY: dict[str, Any] = {}


class Crowd:
    """Bodies in memory: few are worked on, some wait, and more are sent away."""

    def __init__(self, held_bytes: int = HELD_BYTES, at_once: int = AT_ONCE) -> None:
        self._free = held_bytes
        self._at_once = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def room(self, size: int) -> AsyncIterator[asyncio.Semaphore]:
        """Room for a body of `size` bytes.

        Raises: TooManyRequests.
        """
        if size > self._free:
            raise TooManyRequests("Many journals are being sent. Send the request again.", 2)
        self._free -= size
        try:
            yield self._at_once
        finally:
            self._free += size


def routes(service: JournalService, liveness: LivenessService) -> list[Route]:
    """POST records and beat, GET the state."""
    crowd = Crowd()

    async def records(ctx: Context, request: Request) -> Response:
        """Take records of a journal, each once; what cannot be kept is told and blocks nothing."""
        journal = request.path_params["journal_id"]
        check_journal(journal)
        _check_type(request.headers.get("content-type", ""))
        size = announced_size(request)
        async with crowd.room(BODY_LIMIT if size is None else min(size, BODY_LIMIT)) as at_once:
            body = await receive_limited(request, BODY_LIMIT)
            async with at_once:
                if len(body) <= SMALL:
                    sent = decode_frames(body)
                else:
                    sent = await asyncio.to_thread(decode_frames, body)
                taken = await service.take(ctx, journal, *sent)
        answer = SendResult(taken.applied, _told(taken.refused))
        return Response(msgspec.json.encode(answer), media_type="application/json", headers=NOSNIFF)

    async def state(ctx: Context, body: JournalOfPath) -> JournalState:
        """How far a journal was taken: what comes after that is to be sent."""
        taken = await service.taken(ctx, body.journal_id)
        return JournalState(taken.applied, _told(taken.refused))

    async def beat(ctx: Context, body: Beat) -> dict[str, Any]:
        """Say that a client and its runs are alive, or that it has ended and why."""
        await liveness.beat(
            ctx, body.journal_id, body.runs, interval_s=body.interval_s, host=body.host, ended=body.ended
        )
        return EMPTY

    one = "/journals/{journal_id}"
    return [
        *raw("POST", f"{OWN}{one}/records", records, ACTION, filtered=True),
        *api("GET", one, JournalOfPath, state, ACTION, filtered=True),
        *api("POST", f"{one}/beat", Beat, beat, ACTION, filtered=True),
    ]


def _check_type(kind: str) -> None:
    if kind.partition(";")[0].strip().lower() not in TYPES:
        raise UnsupportedMediaType(f"Content-Type must be {CONTENT_TYPE}, the frames of a journal.")


def _told(refused: Sequence[Refused]) -> list[Refusal]:
    return [Refusal(one.seq, one.code, one.message) for one in refused]

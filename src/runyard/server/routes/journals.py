"""What clients wrote down while they worked: sent later, kept once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runyard.errors import TooManyRequests, UnsupportedMediaType
from runyard.server.routing import OWN, Route, api, raw
from runyard.server.uploads import receive_limited
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
    """Bodies in memory: few are worked on, some wait or arrive, and more are sent away."""

    def __init__(self, held_bytes: int = HELD_BYTES, at_once: int = AT_ONCE) -> None:
        self.free = held_bytes
        self.at_once = asyncio.Semaphore(at_once)

    @contextmanager
    def room(self) -> Iterator[Callable[[int], None]]:
        """Room for a body: what it gives is called with the bytes of each piece that has arrived.

        Raises: TooManyRequests, at the beginning and at each piece.
        """
        held = 0

        def take(size: int) -> None:
            nonlocal held
            if size > self.free:
                raise TooManyRequests("Many journals are being sent. Send the request again.", 2)
            held += size
            self.free -= size

        try:
            take(1)  # so that a full house is told before anything is read
            yield take
        finally:
            self.free += held


def routes(service: JournalService, liveness: LivenessService) -> list[Route]:
    """POST records and beat, GET the state."""
    crowd = Crowd()

    async def records(ctx: Context, request: Request) -> Response:
        """Take records of a journal, each once; what cannot be kept is told and blocks nothing."""
        journal = request.path_params["journal_id"]
        check_journal(journal)
        _check_type(request.headers.get("content-type", ""))
        with crowd.room() as arrived:
            body = await receive_limited(request, BODY_LIMIT, arrived)
            async with crowd.at_once:
                if len(body) <= SMALL:
                    sent = decode_frames(body)
                else:
                    sent = await asyncio.to_thread(decode_frames, body)
                taken = await service.take(ctx, journal, *sent)
                service.deliveries.bytes += len(body)
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

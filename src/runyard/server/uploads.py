"""Bodies that are files: passed on piece by piece, and let go when nothing moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from starlette.requests import Request

from runyard.errors import BadRequest, InvalidInput, TooLarge
from runyard.server.files import IDLE_S
from runyard.wire.journal import MAX_SEQ

JOURNAL = "x-runyard-journal"
RECORD = "x-runyard-record"
BODY_S = 600
"""How long a body that is held in memory may take."""
T = TypeVar("T")
Store = Callable[[AsyncIterator[bytes]], Awaitable[T]]


async def receive_file(request: Request, store: Store[T]) -> T:
    """Store the body. It may take as long as it moves; a client that sends nothing for a minute is let go.

    Args:
        store: takes the pieces.
    Raises: BadRequest, and what `store` raises.
    """
    try:
        async with asyncio.timeout(IDLE_S) as idle:
            return await store(_body(request, idle))
    except TimeoutError as exc:
        raise BadRequest(
            f"Nothing of the body arrived for {IDLE_S} seconds; nothing was kept. Send it again."
        ) from exc


def record_of(request: Request) -> tuple[str, int] | None:
    """The journal and the number of the record that a file belongs to; None for a file that comes otherwise.

    Raises: InvalidInput.
    """
    journal, seq = request.headers.get(JOURNAL), request.headers.get(RECORD)
    if journal is None and seq is None:
        return None
    if (
        not journal
        or not seq
        or not seq.isascii()
        or not seq.isdecimal()
        or len(seq) > 19
        or not 0 < int(seq) <= MAX_SEQ
    ):
        raise InvalidInput(
            f"{JOURNAL} and {RECORD} name a journal and a record of it, by its number from 1 on."
        )
    return journal, int(seq)


async def receive_limited(request: Request, limit: int, arrived: Callable[[int], None]) -> bytes:
    """The whole body in memory.

    Args:
        arrived: told of the bytes of each piece; may raise.
    Raises: TooLarge as soon as it is, InvalidInput, BadRequest.
    """

    async def collect(pieces: AsyncIterator[bytes]) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in pieces:
            size += len(part)
            if size > limit:
                raise TooLarge(
                    f"The request body is larger than {limit} bytes. Split it into several requests."
                )
            arrived(len(part))
            parts.append(part)
        return b"".join(parts)

    if request.headers.get("content-encoding", "").lower() not in ("", "identity"):
        raise InvalidInput("A compressed body is not accepted here. Send it without Content-Encoding.")
    announced = announced_size(request)
    if announced is not None and announced > limit:
        raise TooLarge(f"The request body is larger than {limit} bytes. Split it into several requests.")
    try:
        async with asyncio.timeout(BODY_S):
            return await receive_file(request, collect)
    except TimeoutError:
        raise BadRequest(f"The body took more than {BODY_S} seconds. Send less at a time.") from None


def announced_size(request: Request) -> int | None:
    """The Content-Length. Raises: BadRequest, when it is no number."""
    length = request.headers.get("content-length")
    if length is None:
        return None
    if not length.isascii() or not length.isdigit():
        raise BadRequest("Content-Length is not a number.")
    return int(length)


async def _body(request: Request, idle: asyncio.Timeout) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    async for piece in request.stream():
        if piece:
            yield piece
        idle.reschedule(clock() + IDLE_S)
    idle.reschedule(None)

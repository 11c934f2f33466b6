"""Answers that browsers read often: packed columns, compressed, and not sent again when the reader has them.

A handler returns `Packed`. Its tag is made of what the answer depends on (versions, the request), so that a reader
who has the answer costs no more than finding that out: the body is made only for others.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import zlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from runyard.wire.api import columns

COMPRESSED_FROM = 4096
IN_A_THREAD_FROM = 65_536
LEVEL = 1
SAMPLE = 32_768  # of a long body, which tells whether compressing it is worth the time
GAIN = 0.85
GZIPPED = "-gzip"
NOT_MODIFIED = 304
_GZIP_WBITS = 31
_ENTITY_TAG = re.compile(r'(?:W/)?"([^"]*)"')

Body = bytes | Callable[[], Awaitable[bytes]]
Headers = list[tuple[bytes, bytes]]


class Packed(msgspec.Struct, frozen=True):
    """An answer with an entity tag.

    Attributes:
        tag: differs whenever the body does; from `tag_of`.
        body: ready, or what makes it; it is not called for a reader who has the answer.
        media: its type.
    """

    tag: str
    body: Body
    media: str = columns.MEDIA


class Ready(msgspec.Struct, frozen=True):
    """Status, headers and bytes to send."""

    status: int
    headers: Headers
    body: bytes


def tag_of(*parts: Any) -> str:
    """A tag of plain values: the request, who may see what, versions."""
    return hashlib.blake2b(msgspec.msgpack.encode(parts), digest_size=16).hexdigest()


async def ready(answer: Packed, headers: Sequence[tuple[bytes, bytes]]) -> Ready:
    """What to send to a reader with these request headers.

    Cost: for 4 KiB and more one pass of the fastest compression, in a thread for long bodies; none where a sample of
    the body hardly shrinks.
    """
    wanted = {name: value.decode("latin-1") for name, value in headers if name in _READ}
    if _has(wanted.get(b"if-none-match"), answer.tag):
        return Ready(NOT_MODIFIED, _tagged(answer.tag), b"")
    body = answer.body if isinstance(answer.body, bytes) else await answer.body()
    tag, encoding = answer.tag, []
    if len(body) >= COMPRESSED_FROM and accepts_gzip(wanted.get(b"accept-encoding", "")):
        shorter = await asyncio.to_thread(_zipped, body) if len(body) >= IN_A_THREAD_FROM else _zipped(body)
        if shorter is not None:
            body, tag, encoding = shorter, tag + GZIPPED, [(b"content-encoding", b"gzip")]
    return Ready(
        200,
        [
            (b"content-type", answer.media.encode()),
            (b"content-length", str(len(body)).encode()),
            *encoding,
            *_tagged(tag),
        ],
        body,
    )


_READ = (b"if-none-match", b"accept-encoding")


def accepts_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        try:
            weights[name.strip()] = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            weights[name.strip()] = 0.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _tagged(tag: str) -> Headers:
    """The answer may be kept by the reader alone, and is asked about each time."""
    return [
        (b"etag", f'"{tag}"'.encode()),
        (b"cache-control", b"private, no-cache"),
        (b"vary", b"Origin, Accept-Encoding"),
        (b"x-content-type-options", b"nosniff"),
    ]


def _has(condition: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names the answer, compressed or not."""
    if condition is None:
        return False
    return condition.strip() == "*" or any(
        one.removesuffix(GZIPPED) == tag for one in _ENTITY_TAG.findall(condition)
    )


def _zipped(body: bytes) -> bytes | None:
    """The body as gzip, or None where that saves too little."""
    if len(body) > 2 * SAMPLE:
        middle = len(body) // 2
        sample = body[middle : middle + SAMPLE]
        if len(zlib.compress(sample, LEVEL)) > GAIN * len(sample):
            return None
    coder = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP_WBITS)
    shorter = coder.compress(body) + coder.flush()
    return shorter if len(shorter) < GAIN * len(body) else None

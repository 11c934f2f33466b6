"""Files over HTTP: ranges, validators and headers that keep a browser from running what it downloads."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
import re
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runyard.artifacts.contracts import ByteRange, Download, FileInfo

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Open = Callable[[ByteRange | None], Awaitable[Download]]
Head = Callable[[], Awaitable[FileInfo]]

logger = logging.getLogger(__name__)

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")
_TEXT_NAMES = ("MLmodel", "MLproject")
_TEXT_ENDINGS = (".yaml", ".yml", ".log", ".md", ".cfg", ".conf", ".ini", ".toml", ".env", ".jsonnet")
_WATCHED_BYTES = 1024 * 1024

ATTACHED = "sandbox; default-src 'none'"
IDLE_S = 60
"""How long a transfer may stand still before the client is let go."""


class Display(msgspec.Struct, frozen=True):
    """How a browser is to take a file.

    Attributes:
        policy: the Content-Security-Policy.
        inline: whether it may be shown; else it is a download.
    """

    media_type: str
    policy: str
    inline: bool


async def file_response(
    request: Request, name: str, open_file: Open, head: Head, display: Display | None = None
) -> Response:
    """Answer GET and HEAD for one file, honouring Range, If-Range and If-None-Match.

    Args:
        name: the file's path or name; its last component names the download.
        display: None: a download.
    Raises: what `open_file` and `head` raise, RangeNotSatisfiable among it.
    """
    wanted = parse_range(request.headers.get("range"))
    display = display or Display(content_type(name), ATTACHED, False)
    if request.method == "HEAD":
        info = await head()
        return Response(status_code=200, headers=_headers(info, name, info.size, display))
    known, condition = request.headers.get("if-none-match"), request.headers.get("if-range")
    if known or (condition and wanted):
        info = await head()
        if known and _matches(known, info):
            return Response(status_code=304, headers={"etag": f'"{info.etag}"', "cache-control": "no-cache"})
        if condition and condition not in (f'"{info.etag}"', _http_date(info)):
            wanted = None
    return FileResponse(await open_file(wanted), name, display, partial=wanted is not None)


def parse_range(header: str | None) -> ByteRange | None:
    """The one range of a Range header; None for none, several, other units or nonsense, which all mean the whole."""
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or not (found[1] or found[2]):
        return None
    first, last = (int(text) if text else None for text in found.groups())
    return None if first is not None and last is not None and first > last else ByteRange(first, last)


def content_type(name: str) -> str:
    """The type to announce for a file of this name."""
    last = name.rpartition("/")[2]
    if last in _TEXT_NAMES or last.lower().endswith(_TEXT_ENDINGS):
        return "text/plain; charset=utf-8"
    return mimetypes.guess_type(last, strict=False)[0] or "application/octet-stream"


class FileResponse(Response):
    """Streams an open file and closes it, also when the client leaves."""

    def __init__(self, download: Download, name: str, display: Display, *, partial: bool) -> None:
        self._download = download
        headers = _headers(download.info, name, download.stop - download.start, display)
        if partial:
            headers["content-range"] = f"bytes {download.start}-{download.stop - 1}/{download.info.size}"
        super().__init__(status_code=206 if partial else 200, headers=headers)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        try:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            if self._download.stop - self._download.start > _WATCHED_BYTES:
                await self._stream_watched(receive, send)
            else:
                await self._stream(send)
        finally:
            await self._download.aclose()

    async def _stream_watched(self, receive: Receive, send: Send) -> None:
        """Stream until done or until the client hangs up, which a server tells by a message only."""
        leaving = asyncio.ensure_future(_left(receive))
        try:
            async with asyncio.timeout(IDLE_S) as idle:
                await self._stream(send, leaving, idle)
        except TimeoutError:
            logger.info("a client read nothing for %s seconds; its download was ended", IDLE_S)
        finally:
            leaving.cancel()

    async def _stream(
        self,
        send: Send,
        leaving: asyncio.Future[None] | None = None,
        idle: asyncio.Timeout | None = None,
    ) -> None:
        clock = asyncio.get_running_loop().time
        async for piece in self._download.pieces():
            if leaving is not None and leaving.done():
                return
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if idle is not None:
                idle.reschedule(clock() + IDLE_S)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    """Return when the client hangs up; an unread request comes first."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _headers(info: FileInfo, name: str, length: int, display: Display) -> dict[str, str]:
    encoded = quote(name.rpartition("/")[2], safe="")
    return {
        "content-type": display.media_type,
        "content-length": str(length),
        "content-disposition": f"{'inline' if display.inline else 'attachment'}; filename*=UTF-8''{encoded}",
        "accept-ranges": "bytes",
        "etag": f'"{info.etag}"',
        "last-modified": _http_date(info),
        "cache-control": "no-cache",
        "content-security-policy": display.policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN",
        "vary": "Origin",
    }


def _http_date(info: FileInfo) -> str:
    return formatdate(info.modified_s, usegmt=True)


def _matches(header: str, info: FileInfo) -> bool:
    known = [one.strip().removeprefix("W/") for one in header.split(",")]
    return "*" in known or f'"{info.etag}"' in known

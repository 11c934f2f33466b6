"""The way out for the object-store library: a forward proxy on loopback that connects only where it may.

The library looks names up by itself and follows redirects, so a check before its calls decides nothing. Through this
proxy it cannot connect anywhere: it names a host, and the one who judges hosts connects to an address that was judged.
TLS stays between the library and the store.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from runyard.errors import InvalidInput

logger = logging.getLogger(__name__)

Connect = Callable[[str, int], Awaitable[socket.socket]]
PIECE_BYTES = 256 * 1024
IDLE_S = 600.0  # between requests; the library hangs up earlier


class Outlet:
    """Answers CONNECT, and requests for http:// in absolute form. Only this process knows the password.

    Not shared between event loops: start it in the one that serves.

    Args:
        connect: connects to a host and port. Raises: InvalidInput for a host that may not be reached, OSError.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._password = secrets.token_urlsafe(32)
        self._wanted = b"Basic " + base64.b64encode(f"runyard:{self._password}".encode())
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen on a free port of loopback."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=PIECE_BYTES)

    @property
    def url(self) -> str:
        """What to give the library as proxy_url. Raises: RuntimeError before the start."""
        if self._server is None:
            raise RuntimeError("The outlet was not started.")
        return f"http://runyard:{self._password}@127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def aclose(self) -> None:
        """Hang up on everybody. May be called twice."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._served(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever hung up knows
        except (ValueError, asyncio.LimitOverrunError) as exc:
            logger.warning("The way out for datastores was asked for something odd: %s", exc)
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await _head(reader)
        if head is None:
            return
        if not hmac.compare_digest(head.authorization, self._wanted):
            await _answer(writer, "407 Proxy Authentication Required")
            return
        try:
            made = await self._connect(head.host, head.port)
        except InvalidInput as exc:
            logger.warning("A datastore led to a host that it may not reach: %s", exc.message)
            await _answer(writer, "421 Misdirected Request")
            return
        except OSError as exc:
            logger.info("%s:%d cannot be reached: %s", head.host[:100], head.port, exc)
            await _answer(writer, "502 Bad Gateway")
            return
        there, away = await asyncio.open_connection(sock=made, limit=PIECE_BYTES)
        try:
            if head.tunnel:
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                await _first_of(_copy(reader, away), _copy(there, writer))
            else:
                await _first_of(_requests(head, reader, away), _copy(there, writer))
        finally:
            away.close()


@dataclass(frozen=True, slots=True)
class _Head:
    """The head of a request to a proxy, and the same as the store is to read it."""

    host: str
    port: int
    tunnel: bool
    authorization: bytes
    length: int
    rest: bytes


async def _head(reader: asyncio.StreamReader) -> _Head | None:
    """The next head; None where the connection ends before one. Raises: ValueError for what the library never sends."""
    try:
        async with asyncio.timeout(IDLE_S):
            text = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as exc:
        if exc.partial:
            raise
        return None
    first, *lines = text[:-4].split(b"\r\n")
    method, target, version = first.split(b" ")
    authorization, length, kept = b"", 0, list[bytes]()
    for line in lines:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name == b"proxy-authorization":
            authorization = value.strip()
        elif name == b"content-length":
            length = int(value)
        elif name == b"transfer-encoding":
            raise ValueError("a body without a length")
        if not name.startswith(b"proxy-"):
            kept.append(line)
    tunnel = method == b"CONNECT"
    url = urlsplit(("//" if tunnel else "") + target.decode("ascii"))
    if not url.hostname or url.scheme != ("" if tunnel else "http"):
        raise ValueError("a request that is not for a proxy")
    path = target.removeprefix(b"http://").removeprefix(url.netloc.encode())
    rest = b"\r\n".join([b"%s %s %s" % (method, path or b"/", version), *kept, b"", b""])
    return _Head(url.hostname, url.port or 80, tunnel, authorization, length, rest)


async def _requests(head: _Head, reader: asyncio.StreamReader, away: asyncio.StreamWriter) -> None:
    """Pass requests on to the one store that the connection is for, each without what is the proxy's."""
    place = (head.host, head.port)
    following: _Head | None = head
    while following is not None and (following.host, following.port) == place and not following.tunnel:
        away.write(following.rest)
        missing = following.length
        while missing:
            piece = await reader.read(min(missing, PIECE_BYTES))
            if not piece:
                return
            missing -= len(piece)
            away.write(piece)
            await away.drain()
        await away.drain()
        following = await _head(reader)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE_BYTES):
        writer.write(piece)
        await writer.drain()


async def _first_of(*ways: Awaitable[None]) -> None:
    """Both directions of a connection, until one ends. Raises: what that one raised."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(writer: asyncio.StreamWriter, status: str) -> None:
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()

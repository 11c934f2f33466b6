"""HTTP/1.1 with the dashboard of a Ray cluster: at addresses that may be reached, and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

import httptools

from runyard.engines.contracts import EngineRefused, EngineUnreachable
from runyard.errors import InvalidInput
from runyard.version import __version__

Connect = Callable[[str, int], Awaitable[socket.socket]]
ANSWER_S = 60.0
ANSWER_BYTES = 32 * 1024 * 1024  # of tens of thousands of jobs; whoever answers may not be Ray at all
HEAD_BYTES = 256 * 1024
_PIECE_BYTES = 64 * 1024


class RayHttp:
    """One request per connection. Redirects are not followed.

    Args:
        address: http(s)://host:port of the dashboard, and a path in front of the API where a proxy has one.
        headers: sent with each request; they may be secret.
        connect: connects to a host and port, if it may be reached. Raises: InvalidInput, OSError.
    Raises: EngineRefused for an address that is none.
    """

    def __init__(
        self, address: str, headers: Mapping[str, str], connect: Connect, tls: ssl.SSLContext | None = None
    ) -> None:
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError:
            raise EngineRefused(f"Address {address[:200]!r} is none: {_FORM}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
            raise EngineRefused(f"Address {address[:200]!r} is none of a Ray dashboard: {_FORM}")
        for name, value in headers.items():
            if not name.isascii() or any(one in name + value for one in "\r\n\0") or not value.isascii():
                raise EngineRefused(f"Header {name[:100]!r} cannot be sent: it must be one line of ASCII.")
        self.address = address.rstrip("/")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = port or (443 if self._secure else 80)
        self._base = parts.path.rstrip("/")
        self._sent = {"Host": parts.netloc, "User-Agent": f"runyard/{__version__}", "Connection": "close"}
        self._sent |= headers
        self._connect = connect
        self._tls = tls

    async def send(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> tuple[int, bytes]:
        """Status and content of the answer.

        Raises: EngineUnreachable, also for what is no HTTP; EngineRefused for a host that may not be reached.
        """
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._exchange(self._request(method, path, body, kind))
        except InvalidInput as exc:
            raise EngineRefused(str(exc)) from exc
        except TimeoutError as exc:
            raise EngineUnreachable(f"{self.address} does not answer within {ANSWER_S:.0f} s.") from exc
        except (OSError, EOFError, httptools.HttpParserError) as exc:
            raise EngineUnreachable(f"{self.address} does not answer: {exc or type(exc).__name__}") from exc

    def _request(self, method: str, path: str, body: bytes | None, kind: str) -> bytes:
        sent = dict(self._sent)
        if body is not None:
            sent |= {"Content-Type": kind, "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        return f"{method} {self._base}{path} HTTP/1.1\r\n{lines}\r\n".encode("ascii") + (body or b"")

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._secure and self._tls is None:
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        link = await self._connect(self._host, self._port)
        try:
            reader, writer = await asyncio.open_connection(
                sock=link,
                ssl=self._tls if self._secure else None,
                server_hostname=self._host if self._secure else None,
            )
        except BaseException:
            link.close()
            raise
        try:
            writer.write(request)
            await writer.drain()
            return await _answer(reader)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


_FORM = "write it like http://ray-head.example.org:8265"


class _Received:
    """What httptools calls while it reads."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.has_head = False
        self.complete = False

    def on_headers_complete(self) -> None:
        self.has_head = True

    def on_body(self, piece: bytes) -> None:
        self.body += piece

    def on_message_complete(self) -> None:
        self.complete = True


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    received = _Received()
    parser = httptools.HttpResponseParser(received)
    size = 0
    while not received.complete:
        piece = await reader.read(_PIECE_BYTES)
        if not piece:
            break
        size += len(piece)
        most = ANSWER_BYTES if received.has_head else HEAD_BYTES
        if size > most:
            raise ConnectionError(f"the answer is longer than {most} bytes")
        parser.feed_data(piece)
    if not received.complete and not received.body:
        raise ConnectionResetError("it hung up without an answer")
    return parser.get_status_code(), bytes(received.body)

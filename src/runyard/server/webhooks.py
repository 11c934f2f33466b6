"""POST to a receiver of alerts: at an address that was judged, once, and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

from runyard.version import __version__

Connect = Callable[[str, int], Awaitable[socket.socket]]
TIMEOUT_S = 10.0
LINE_BYTES = 8 * 1024


class WebhookPoster:
    """HTTP/1.1 with one request per connection. Redirects are not followed, and of the answer only the status is read.

    Args:
        connect: connects to a host and port, if it may be reached. Raises: InvalidInput, OSError.
        tls: None: that of this machine.
    """

    def __init__(self, connect: Connect, tls: ssl.SSLContext | None = None) -> None:
        self._connect = connect
        self._tls = tls

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer.

        Raises: InvalidInput for a host that may not be reached; OSError, TimeoutError among it; ValueError for an
            answer that is not HTTP.
        """
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        host, port = parts.hostname or "", parts.port or (443 if secure else 80)
        if secure and self._tls is None:
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = {
            "Host": parts.netloc,
            "User-Agent": f"runyard/{__version__}",
            "Content-Length": str(len(body)),
            "Connection": "close",
            **headers,
        }
        head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        async with asyncio.timeout(TIMEOUT_S):
            link = await self._connect(host, port)
            try:
                reader, writer = await asyncio.open_connection(
                    sock=link,
                    limit=LINE_BYTES,
                    ssl=self._tls if secure else None,
                    server_hostname=host if secure else None,
                )
            except BaseException:
                link.close()
                raise
            try:
                writer.write(head.encode("ascii") + b"\r\n" + body)
                await writer.drain()
                return _status(await reader.readline())
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()


def _status(line: bytes) -> int:
    """Raises: ConnectionError, ValueError."""
    if not line:
        raise ConnectionResetError("it hung up without an answer")
    version, _, rest = line.partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise ValueError("its answer is not HTTP")
    return int(rest[:3])

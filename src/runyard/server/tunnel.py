"""Connections through a forward proxy, where the outside is reached by one alone."""

from __future__ import annotations

import asyncio
import base64
import socket
from typing import Protocol
from urllib.parse import unquote, urlsplit

from runyard.errors import InvalidInput

TIMEOUT_S = 10.0
HEAD_BYTES = 8 * 1024


class Hosts(Protocol):
    """Judges hosts that the server may connect to."""

    async def check(self, host: str) -> None:
        """Raises: InvalidInput."""
        ...


class Tunnel:
    """Connects by way of an http:// proxy, which the administrator has named and which nobody judges.

    Args:
        hosts: judges where it leads; a name that does not resolve here is for the proxy to know.
        proxy: http://[name:password@]host:port.
    """

    def __init__(self, hosts: Hosts, proxy: str) -> None:
        self._hosts = hosts
        self._proxy = proxy

    async def connect(self, host: str, port: int) -> socket.socket:
        """A connection to the host; the caller closes it.

        Raises: InvalidInput, for a host that may not be reached; OSError, when the proxy does not lead there.
        """
        await self._hosts.check(host)
        parts = urlsplit(self._proxy)
        if parts.scheme != "http" or not parts.hostname:
            raise InvalidInput(
                "Alerts take a proxy of the form http://HOST:PORT. Name one by --datastore-proxy or RUNYARD_DATASTORE_PROXY."
            )
        there = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        asked = f"CONNECT {there} HTTP/1.1\r\nHost: {there}\r\n"
        if parts.username is not None:
            known = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            asked += f"Proxy-Authorization: Basic {base64.b64encode(known).decode()}\r\n"
        async with asyncio.timeout(TIMEOUT_S):
            link = await _connected(parts.hostname, parts.port or 80)
            try:
                await asyncio.get_running_loop().sock_sendall(link, f"{asked}\r\n".encode())
                await _require_200(link)
            except BaseException:
                link.close()
                raise
        return link


async def _connected(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    failure: OSError = ConnectionError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        link = socket.socket(family, kind, protocol)
        link.setblocking(False)
        try:
            await loop.sock_connect(link, address)
        except OSError as exc:
            link.close()
            failure = exc
        except BaseException:
            link.close()
            raise
        else:
            return link
    raise failure


async def _require_200(link: socket.socket) -> None:
    """Reads the proxy's answer and not a byte of what follows."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = await asyncio.get_running_loop().sock_recv(link, 1)
        if not piece or len(head) >= HEAD_BYTES:
            raise ConnectionError("the proxy hung up, or does not speak HTTP")
        head += piece
    said = head.partition(b"\r\n")[0].decode("latin-1")
    version, _, rest = said.partition(" ")
    if not version.startswith("HTTP/1.") or rest[:4].strip() != "200":
        raise ConnectionError(f"the proxy says: {said[:100]}")

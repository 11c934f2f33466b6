"""The way out through a proxy: where it leads is judged, what the proxy says is heard, and not a byte more."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from runyard.errors import InvalidInput
from runyard.server.tunnel import HEAD_BYTES, Tunnel
from runyard.services.datastore_hosts import DatastoreHosts


async def through(
    answer: bytes, use: Callable[[socket.socket], Coroutine[Any, Any, bytes]], credentials: str = ""
) -> tuple[bytes, bytes]:
    """What the proxy was asked, and what came of the use of the connection to 8.8.8.8:443."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        if answer and (line := await reader.readline()):
            writer.write(b"echo " + line)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    tunnel = Tunnel(DatastoreHosts([], local=False), f"http://{credentials}127.0.0.1:{port}")
    try:
        with await tunnel.connect("8.8.8.8", 443) as link:
            return asked[0], await use(link)
    finally:
        server.close()


async def talk(link: socket.socket) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(link, b"hello\n")
    found = b""
    while piece := await loop.sock_recv(link, 100):
        found += piece
    return found


def test_the_connection_is_the_receivers_from_the_first_byte_on() -> None:
    asked, got = asyncio.run(through(b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\nearly ", talk))
    assert asked == b"CONNECT 8.8.8.8:443 HTTP/1.1\r\nHost: 8.8.8.8:443\r\n\r\n"
    assert got == b"early echo hello\n"


def test_the_proxys_credentials_are_shown_to_it() -> None:
    asked, _ = asyncio.run(through(b"HTTP/1.0 200\r\n\r\n", talk, "me:p%40ss@"))
    assert b"\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\n" in asked


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 407 Who?\r\n\r\n", b"SSH-2.0\r\n\r\n", b"x" * (HEAD_BYTES + 10), b"", b"HTTP/1.1 2000\r\n\r\n"]
)  # fmt: skip
def test_a_proxy_that_does_not_lead_there_is_an_error_of_the_network(answer: bytes) -> None:
    with pytest.raises(ConnectionError, match="the proxy"):
        asyncio.run(asyncio.wait_for(through(answer + b"", _unused), 20))


async def _unused(link: socket.socket) -> bytes:
    raise AssertionError("there is no connection")


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "10.1.2.3", "::1"])
def test_where_it_leads_is_judged_before_the_proxy_is_asked(host: str) -> None:
    tunnel = Tunnel(DatastoreHosts([], local=False), "http://127.0.0.1:9")
    with pytest.raises(InvalidInput, match="Invalid host"):
        asyncio.run(tunnel.connect(host, 80))


def test_other_proxies_and_none_that_answers_are_told() -> None:
    hosts = DatastoreHosts([], local=False)
    with pytest.raises(InvalidInput, match="http://HOST:PORT"):
        asyncio.run(Tunnel(hosts, "socks5://127.0.0.1:9").connect("8.8.8.8", 80))
    with pytest.raises(OSError):
        asyncio.run(Tunnel(hosts, "http://127.0.0.1:9").connect("8.8.8.8", 80))

"""The sender's own HTTP: connections that are kept, break, lead through proxies, or are not trusted."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runyard.client.errors import ServerUnreachable
from runyard.client.journal.sender.http import Wire
from runyard.client.journal.settings import CA_FILES
from runyard.errors import InvalidInput
from tests.components.certificates import Certificates, issued

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
TOO_LARGE = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"


class Canned:
    """Connections that answer each request with the next of their answers; None closes instead."""

    def __init__(self, *connections: list[bytes | None], tls: ssl.SSLContext | None = None) -> None:
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.opened = 0
        self._tls = tls
        self._waiting = list(connections)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        for answers in self._waiting:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.opened += 1
            with connection, contextlib.suppress(OSError):
                if self._tls is None:
                    self._talk(connection, answers)
                    continue
                with self._tls.wrap_socket(connection, server_side=True) as inner:
                    self._talk(inner, answers)

    def _talk(self, connection: socket.socket, answers: list[bytes | None]) -> None:
        for answer in answers:
            data = b""
            while b"\r\n\r\n" not in data:
                piece = connection.recv(65536)
                if not piece:
                    return
                data += piece
            head, _, body = data.partition(b"\r\n\r\n")
            self.heads.append(head.decode())
            if answer is None:
                return
            if answer is not TOO_LARGE:
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-length")
                    ),
                    0,
                )
                while len(body) < length:
                    body += connection.recv(65536)
                self.bodies.append(body)
            connection.sendall(answer)


@contextmanager
def canned(*connections: list[bytes | None], tls: ssl.SSLContext | None = None) -> Iterator[Canned]:
    found = Canned(*connections, tls=tls)
    try:
        yield found
    finally:
        found.close()


@contextmanager
def wire(server: str) -> Iterator[Wire]:
    found = Wire(server)
    try:
        yield found
    finally:
        found.close()


def ask(one: Wire, body: bytes = b"hello") -> tuple[int, bytes]:
    found = one.ask("POST", "/api/x", body, headers={"X-Test": "1"}, timeout_s=5)
    return found.status, found.body


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        *CA_FILES,
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)


def test_a_connection_is_kept() -> None:
    with canned([OK, OK, OK]) as server, wire(f"http://127.0.0.1:{server.port}/front") as one:
        assert [ask(one) for _ in range(3)] == [(200, b"ok")] * 3
    assert server.opened == 1
    assert server.bodies == [b"hello"] * 3
    assert server.heads[0].startswith("POST /front/api/x HTTP/1.1\r\n")
    assert "X-Test: 1" in server.heads[0]


def test_a_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    with canned([OK, None], [LAST], [OK]) as server, wire(f"http://127.0.0.1:{server.port}") as one:
        assert [ask(one) for _ in range(3)] == [(200, b"ok")] * 3
    assert server.opened == 3


def test_a_fresh_connection_that_breaks_is_told() -> None:
    with canned([None]) as server, wire(f"http://127.0.0.1:{server.port}") as one:
        with pytest.raises(ServerUnreachable, match="broke"):
            ask(one)
    with (
        wire(f"http://127.0.0.1:{server.port}") as one,
        pytest.raises(ServerUnreachable, match="No server answers"),
    ):
        ask(one)


def test_a_silent_server_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with wire(f"http://127.0.0.1:{silent.getsockname()[1]}") as one:
            with pytest.raises(ServerUnreachable, match="in time"):
                one.ask("GET", "/", headers={}, timeout_s=0.2)


def test_an_answer_before_the_end_of_a_large_body_is_heard() -> None:
    pieces = (b"x" * 65536 for _ in range(2_000))
    with canned([TOO_LARGE]) as server, wire(f"http://127.0.0.1:{server.port}") as one:
        found = one.ask("PUT", "/api/x", pieces, size=2_000 * 65536, headers={}, timeout_s=5)
    assert found.status == 413


def test_trouble_with_a_file_is_not_taken_for_trouble_with_the_server() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"part"
        raise PermissionError(13, "Permission denied")

    with canned([OK]) as server, wire(f"http://127.0.0.1:{server.port}") as one:
        with pytest.raises(PermissionError):
            one.ask("PUT", "/api/x", pieces(), size=100, headers={}, timeout_s=5)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return issued(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    return context


def test_a_certificate_is_trusted_when_its_authority_is(
    certificates: Certificates, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with canned([OK], [OK], [OK], [OK], tls=tls) as server:
        address = f"https://127.0.0.1:{server.port}"
        with wire(address) as one, pytest.raises(ServerUnreachable, match="RUNYARD_CA_FILE"):
            ask(one)
        one = Wire(address, str(certificates.authority))
        assert ask(one) == (200, b"ok")
        one.close()
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.authority))
        with wire(address) as one:
            assert ask(one) == (200, b"ok")
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        monkeypatch.setenv("RUNYARD_INSECURE_TLS", "yes")
        with wire(address) as one:
            assert ask(one) == (200, b"ok")


def test_an_authority_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RUNYARD_CA_FILE", str(tmp_path / "absent.pem"))
    with (
        wire("https://127.0.0.1:1") as one,
        pytest.raises(InvalidInput, match=r"RUNYARD_CA_FILE names .*absent\.pem"),
    ):
        ask(one)


def test_a_proxy_of_the_environment_is_used_but_not_between_here_and_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with canned([OK]) as proxy, canned([OK]) as server:
        monkeypatch.setenv("http_proxy", f"http://me:p%40ss@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "other.example")
        with wire("http://tracker.example:5000/front") as one:
            assert ask(one) == (200, b"ok")
        with wire(f"http://127.0.0.1:{server.port}") as one:
            assert ask(one) == (200, b"ok")
    assert proxy.heads[0].startswith("POST http://tracker.example:5000/front/api/x HTTP/1.1\r\n")
    assert f"Proxy-Authorization: Basic {base64.b64encode(b'me:p@ss').decode()}" in proxy.heads[0]
    assert "Proxy-Authorization" not in server.heads[0]


def test_tls_leads_through_a_tunnel(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        asked: list[bytes] = []

        def serve() -> None:
            connection, _ = proxy.accept()
            with connection:
                asked.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                with tls.wrap_socket(connection, server_side=True) as inner:
                    inner.recv(65536)
                    inner.sendall(LAST)

        thread = threading.Thread(target=serve)
        thread.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.setenv("RUNYARD_INSECURE_TLS", "1")
        with wire("https://tracker.example") as one:
            assert ask(one, b"") == (200, b"ok")
        thread.join(5)
    assert asked[0].startswith(b"CONNECT tracker.example:443 HTTP/1.")

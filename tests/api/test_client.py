"""The client's connection against real sockets: our server, and ones that break off."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from runyard.client.errors import ServerUnreachable
from runyard.client.transport import Connection
from runyard.errors import (
    AlreadyExists,
    InvalidInput,
    NotFound,
    RouteNotFound,
    StorageUnavailable,
    Unauthenticated,
)
from runyard.version import __version__

from .live_server import live_server

FILE = "/api/2.0/mlflow-artifacts/artifacts/0/a%20b.bin"


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """To a fresh server in local mode."""
    with live_server(tmp_path_factory.mktemp("server")) as client:
        yield Connection(f"127.0.0.1:{client.port}", credentials=lambda: None)


@contextlib.contextmanager
def canned(*answers: bytes, tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """A server that reads a request's head, sends the next bytes and hangs up; and the heads that it read."""
    heads: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for answer in answers:
                raw, _ = listener.accept()
                with (
                    contextlib.suppress(ssl.SSLError),
                    raw if tls is None else tls.wrap_socket(raw, True) as peer,
                ):
                    head = b""
                    while b"\r\n\r\n" not in head:
                        head += peer.recv(65536)
                    heads.append(head)
                    peer.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}", heads


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody signed but itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """A server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def ok(body: bytes, length: int | None = None) -> bytes:
    """An answer; length claims another one than the body has."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body


def test_errors_arrive_as_the_servers_classes(connection: Connection) -> None:
    get = "/api/2.0/mlflow/experiments/get"
    assert connection.get(get, experiment_id="0")["experiment"]["name"] == "Default"
    with pytest.raises(NotFound, match="No Experiment with id=77"):
        connection.get(get, experiment_id="77")
    with pytest.raises(RouteNotFound):
        connection.get("/api/v1/nothing")
    with pytest.raises(AlreadyExists):
        connection.post("/api/2.0/mlflow/experiments/create", {"name": "Default"})
    with pytest.raises(NotFound, match="nowhere"):
        connection.at("nowhere").get(get, experiment_id="0")
    with pytest.raises(Unauthenticated, match="no such access token"):
        Connection(connection.server, credentials="ry_unknown").get(get, experiment_id="0")


def test_files_go_up_and_come_down_whole(connection: Connection, tmp_path: Path) -> None:
    content = os.urandom(1_500_000)
    (tmp_path / "up").write_bytes(content)
    up: list[tuple[int, int | None]] = []
    down: list[tuple[int, int | None]] = []
    connection.upload(FILE, tmp_path / "up", None, lambda done, total: up.append((done, total)))
    size = connection.download(
        FILE, tmp_path / "new" / "down", lambda done, total: down.append((done, total))
    )
    assert (tmp_path / "new" / "down").read_bytes() == content
    assert size == len(content) and up[-1] == down[-1] == (size, size)
    assert len(up) > 3 and len(down) > 3


def test_absent_file_leaves_nothing(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        connection.download(FILE + "x", tmp_path / "down")
    assert list(tmp_path.iterdir()) == []


def test_a_forked_child_opens_its_own_connection(connection: Connection) -> None:
    connection.get("/api/2.0/mlflow/experiments/get", experiment_id="0")
    session = connection._link.exchange._session
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.12 warns of forks beside threads, which this is about
        child = os.fork()
        if child == 0:
            try:
                connection.get("/api/2.0/mlflow/experiments/get", experiment_id="0")
                os._exit(0 if connection._link.exchange._session is not session else 2)
            except BaseException:
                os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_nobody_there_says_what_to_do() -> None:
    with pytest.raises(
        ServerUnreachable, match=r"No server answers at http://127\.0\.0\.1:1\. Start it with `runyard up`"
    ):
        Connection("127.0.0.1:1", patience_s=0).get("/api/v1/x")


def test_broken_connection_is_tried_again() -> None:
    with canned(b"", b"", ok(b"[1]")) as (server, heads):
        assert Connection(server, credentials="T").get("/api/v1/x") == [1]
    assert len(heads) == 3
    assert (
        f"User-Agent: runyard/{__version__}".encode() in heads[0] and b"Authorization: Bearer T" in heads[0]
    )


def test_broken_download_begins_again(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"old")
    with canned(ok(b"hal", 4), ok(b"hal", 4), ok(b"half")) as (server, _):
        assert Connection(server).download("/api/v1/x", tmp_path / "x") == 4
    assert (tmp_path / "x").read_bytes() == b"half"
    with canned(ok(b"hal", 4)) as (server, _), pytest.raises(ServerUnreachable):
        Connection(server, patience_s=0).download("/api/v1/x", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"half"
    assert len(list(tmp_path.iterdir())) == 1


def test_truncated_json_is_a_broken_connection() -> None:
    with canned(ok(b"[1", 4)) as (server, _), pytest.raises(ServerUnreachable):
        Connection(server, patience_s=0).post("/api/v1/x")


def test_silent_server_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(ServerUnreachable, match=r"did not answer within 0\.2 s"):
            Connection(server, patience_s=0, timeout_s=0.2).get("/api/v1/x")


def test_proxys_error_page_is_shown_in_part() -> None:
    page = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 15\r\n\r\n<h1>down</h1>\r\n"
    with canned(page) as (server, _), pytest.raises(StorageUnavailable, match="<h1>down</h1>"):
        Connection(server, patience_s=0).get("/api/v1/x")


def test_server_without_tls_behind_an_https_address_says_which_setting_helps(connection: Connection) -> None:
    with pytest.raises(ServerUnreachable, match="RUNYARD_CA_FILE"):
        Connection(connection.server.replace("http:", "https:")).get("/api/v1/x")


@pytest.mark.parametrize(
    ("trust", "insecure"),
    [
        ("RUNYARD_CA_FILE", "RUNYARD_INSECURE_TLS"),
        ("MLFLOW_TRACKING_SERVER_CERT_PATH", "MLFLOW_TRACKING_INSECURE_TLS"),
    ],
)
def test_unknown_certificate_is_refused_unless_told_so(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch, trust: str, insecure: str
) -> None:
    with canned(ok(b"[1]"), ok(b"[1]"), ok(b"[1]"), tls=tls) as (server, _):
        with pytest.raises(ServerUnreachable, match="is not trusted"):
            Connection(server, credentials="SECRET").get("/api/v1/x")
        monkeypatch.setenv(trust, str(certificate))
        assert Connection(server).get("/api/v1/x") == [1]
        monkeypatch.delenv(trust)
        monkeypatch.setenv(insecure, "true")
        assert Connection(server).get("/api/v1/x") == [1]


def test_ca_file_that_is_absent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNYARD_CA_FILE", "/nowhere/ca.pem")
    with pytest.raises(InvalidInput, match=r"RUNYARD_CA_FILE names '/nowhere/ca\.pem'"):
        Connection("https://127.0.0.1:1").get("/api/v1/x")


def test_neither_proxy_nor_netrc_stands_between_a_machine_and_itself(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    found = Connection(connection.server, credentials=lambda: None)
    assert found.get("/api/2.0/mlflow/experiments/get", experiment_id="0")

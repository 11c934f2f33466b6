"""Where the traffic of users' datastores can lead: not by redirects, nor by names whose address changes."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import http.server
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from obstore.store import S3Store

from runyard.artifacts.cloud.client import client_options
from runyard.artifacts.cloud.outlet import Outlet
from runyard.server.settings import Settings
from runyard.services import datastore_hosts
from runyard.services.datastore_hosts import DatastoreHosts
from tests.api.live_server import Client, live_server
from tests.api.people import People
from tests.components.sshd import missing_program, ssh_server

STORES = "/api/v1/datastores"
OUTSIDE, INSIDE = "127.0.0.2", "127.0.0.1"  # the first is listed, as if it were far away
FILE_HEADERS = {"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}


@dataclass
class Store:
    """An object store that answers every name, and sends those that begin with `go` elsewhere."""

    port: int
    elsewhere: str = ""
    seen: list[str] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)


@contextlib.contextmanager
def store_at(address: str, tls: ssl.SSLContext | None = None) -> Iterator[Store]:
    made: Store

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            made.seen.append(f"{self.command} {self.path}")
            made.heads.append(dict(self.headers))
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            name = self.path.rpartition("/")[2]
            self.send_response(int(name[2:5]) if name.startswith("go") else 200)
            if name.startswith("go"):
                self.send_header("Location", made.elsewhere)
            for header, value in FILE_HEADERS.items():
                self.send_header(header, value)
            body = b"" if name.startswith("go") or self.command == "HEAD" else f"from {address}".encode()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

        def log_message(self, *args: Any) -> None: ...

    server = http.server.ThreadingHTTPServer((address, 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    made = Store(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@dataclass
class Place:
    owner: Client
    outside: Store
    inside: Store

    def register(self, host: str = OUTSIDE) -> str:
        """A datastore at a host, on the port of the outside store."""
        name = self.owner.name("n").replace("-", "_")
        config = {"bucket": "bucket", "anonymous": True, "endpoint": f"http://{host}:{self.outside.port}"}
        self.owner.ok("POST", STORES, name=name, kind="s3", config=config, skip_validation=True)
        return f"{STORES}/{name}/file"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("data")
    settings = Settings(data=str(data), auth="required", datastore_hosts=OUTSIDE)
    with store_at(OUTSIDE) as outside, store_at(INSIDE) as inside, live_server(data, settings) as client:
        yield Place(client.also(token=People(data).with_roles(("Owner", "/"))), outside, inside)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], str]]:
    """Names that this machine resolves, as a test likes it."""
    known: dict[str, Callable[[], str]] = {}
    resolve = datastore_hosts._addresses

    async def addresses(host: str) -> list[datastore_hosts.Address]:
        return [ipaddress.ip_address(known[host]())] if host in known else await resolve(host)

    monkeypatch.setattr(datastore_hosts, "_addresses", addresses)
    return known


def test_files_go_through_and_carry_nothing_of_the_way(place: Place) -> None:
    files = place.register()
    assert place.owner.send("PUT", f"{files}/a", b"x" * 100_000).status == 200
    for _ in range(3):
        assert place.owner.send("GET", f"{files}/a").content == f"from {OUTSIDE}".encode()
    assert "PUT /bucket/a" in place.outside.seen
    assert not [name for head in place.outside.heads for name in head if name.lower().startswith("proxy")]


@contextlib.contextmanager
def knocks_at(address: str) -> Iterator[tuple[int, list[str]]]:
    """A port that hangs up on everybody, and who came."""
    came: list[str] = []
    with contextlib.closing(socket.create_server((address, 0))) as listener:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    found, where = listener.accept()
                    came.append(where[0])
                    found.close()

        threading.Thread(target=answer, daemon=True).start()
        yield listener.getsockname()[1], came
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_leads_nowhere_inside(
    place: Place, status: int, names: dict[str, Callable[[], str]]
) -> None:
    files = place.register()
    names["far.example"], names["inner.example"] = lambda: OUTSIDE, lambda: INSIDE
    hosts = (INSIDE, "localhost", "[::ffff:127.0.0.1]", "2130706433", "inner.example")
    with knocks_at(OUTSIDE) as (far, followed), knocks_at(INSIDE) as (near, came):
        place.outside.elsewhere = f"https://far.example:{far}/bucket/a"
        assert place.owner.send("GET", f"{files}/go{status}").status == 503
        assert followed  # the library follows redirects, so that the next answers say something
        for url in [f"{scheme}://{host}:{near}/bucket/a" for host in hosts for scheme in ("http", "https")]:
            place.outside.elsewhere = url
            assert place.owner.send("GET", f"{files}/go{status}").status == 503
        assert place.owner.send("PUT", f"{files}/go{status}", b"x").status == 503
        assert came == []


def test_a_name_whose_address_changes_leads_nowhere_inside(
    place: Place, names: dict[str, Callable[[], str]]
) -> None:
    turns: list[str] = []
    names["turning.example"] = lambda: turns.pop(0)
    turns += [OUTSIDE]
    files = place.register("turning.example")
    turns += [OUTSIDE, OUTSIDE]
    assert place.owner.send("GET", f"{files}/a").content == f"from {OUTSIDE}".encode()
    turns += [OUTSIDE, *[INSIDE] * 8]
    place.outside.port, before = place.inside.port, place.outside.port
    try:
        turning = place.register("turning.example")  # takes the first turn: what the check sees
        turns[:0] = [OUTSIDE]
        assert place.owner.send("GET", f"{turning}/a").status == 503
        assert len(turns) < 8
    finally:
        place.outside.port = before
    assert place.inside.seen == []


def test_the_environment_opens_no_other_way(
    place: Place, monkeypatch: pytest.MonkeyPatch, names: dict[str, Callable[[], str]]
) -> None:
    for name in ("NO_PROXY", "no_proxy", "AWS_PROXY_EXCLUDES", "AWS_NO_PROXY"):
        monkeypatch.setenv(name, "*")
    monkeypatch.setenv("AWS_PROXY_URL", f"http://{INSIDE}:{place.inside.port}")
    monkeypatch.setenv("HTTP_PROXY", f"http://{INSIDE}:{place.inside.port}")
    names["far.example"] = lambda: OUTSIDE  # which only the outlet can find
    assert place.owner.send("GET", f"{place.register('far.example')}/a").status == 200
    assert place.inside.seen == []


def test_an_sftp_host_whose_address_changes_leads_nowhere_inside(
    place: Place, names: dict[str, Callable[[], str]]
) -> None:
    if missing_program():
        pytest.skip("openssh-server is not installed; run scripts/install-components")
    turns: list[str] = []
    names["turning.example"] = lambda: turns.pop(0)
    with ssh_server() as sshd:
        config = {"host": "turning.example", "port": sshd.port, "user": sshd.user, "host_key": sshd.host_key}
        fields = {"config": {**config, "path": str(sshd.files)}, "secret": {"private_key": sshd.private_key}}
        turns += [OUTSIDE]
        place.owner.ok("POST", STORES, name="lab", kind="sftp", skip_validation=True, **fields)
        turns += [OUTSIDE, INSIDE]
        answer = place.owner.send("GET", f"{STORES}/lab/files")
        assert answer.status == 400 and b"--datastore-hosts" in answer.content
        assert turns == []


def test_a_proxy_of_the_administrator_is_used_instead(tmp_path: Path) -> None:
    with store_at(OUTSIDE) as proxy:
        settings = Settings(
            data=str(tmp_path), auth="required", datastore_proxy=f"http://{OUTSIDE}:{proxy.port}"
        )
        with live_server(tmp_path, settings) as client:
            owner = client.also(token=People(tmp_path).with_roles(("Owner", "/")))
            config = {"bucket": "bucket", "anonymous": True, "endpoint": "http://far.invalid"}
            owner.ok("POST", STORES, name="far", kind="s3", config=config, skip_validation=True)
            assert owner.send("GET", f"{STORES}/far/file/a").status == 200
            config["endpoint"] = f"http://{INSIDE}:1"
            assert owner.call("POST", STORES, {"name": "near", "kind": "s3", "config": config}).status == 400
        assert proxy.seen == ["GET http://far.invalid/bucket/a"]


def test_the_outlet_serves_this_process_alone(place: Place) -> None:
    async def ask() -> list[int]:
        outlet = Outlet(DatastoreHosts([OUTSIDE], local=False).connect)
        await outlet.start()
        port = urlsplit(outlet.url).port
        try:
            return [
                await asyncio.to_thread(_asked, port, {}),
                await asyncio.to_thread(_asked, port, {"Proxy-Authorization": "Basic cnVueWFyZDp4"}),
            ]
        finally:
            await outlet.aclose()

    def _asked(port: int | None, headers: dict[str, str]) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", f"http://{OUTSIDE}:{place.outside.port}/bucket/open", headers=headers)
        return connection.getresponse().status

    assert asyncio.run(ask()) == [407, 407]
    assert "GET /bucket/open" not in place.outside.seen


def test_tls_goes_through_to_the_store_and_no_further(tmp_path: Path) -> None:
    certificate, context = self_signed(tmp_path)

    async def get(endpoint: str) -> bytes:
        outlet = Outlet(DatastoreHosts([OUTSIDE], local=False).connect)
        await outlet.start()
        options: Any = {**client_options(endpoint, outlet.url), "root_certificate": certificate}
        retries: Any = {"max_retries": 0, "retry_timeout": timedelta(seconds=5)}
        config: Any = {"endpoint": endpoint, "skip_signature": True, "region": "r"}
        store = S3Store("bucket", config=config, client_options=options, retry_config=retries)
        try:
            return bytes(await (await obstore.get_async(store, "a")).bytes_async())
        finally:
            await outlet.aclose()

    with store_at(OUTSIDE, context) as outside, store_at(INSIDE, context) as inside:
        assert asyncio.run(get(f"https://{OUTSIDE}:{outside.port}")) == f"from {OUTSIDE}".encode()
        assert outside.heads[0].get("host") == f"{OUTSIDE}:{outside.port}"
        with pytest.raises(obstore.exceptions.BaseError):
            asyncio.run(get(f"https://{INSIDE}:{inside.port}"))
        assert inside.seen == []


def self_signed(folder: Path) -> tuple[bytes, ssl.SSLContext]:
    """A certificate for both addresses, and what a server needs to show it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "store")])
    now = datetime.now(UTC)
    addresses = [x509.IPAddress(ipaddress.ip_address(one)) for one in (OUTSIDE, INSIDE)]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(addresses), False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "both.pem").write_bytes(pem + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return pem, context

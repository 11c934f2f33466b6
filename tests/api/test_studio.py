"""Studio's page and files: at every address that a person opens, and nowhere that a program asks."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.server.settings import Settings
from runyard.server.studio import Bundle
from tests.api.live_server import JSON, Client, live_server

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}
SCRIPT = b"console.log('studio');" * 100
INDEX = """<!doctype html><meta name="csp-nonce" content="__NONCE__">
<script type="module" src="/studio/assets/main-1a2b.js"></script>"""
OPENED = [
    "/",
    "/login",
    "/login?next=%2Fworkspaces",
    "/workspaces",
    "/workspaces/team",
    "/workspaces/team/",
    "/workspaces/team/experiments/1?filter=x",
    "/workspaces/nobody/experiments/1/runs/0123",
    "/subscriptions/s/resourceGroups/g/workspaces/w/experiments/1",
    "/experiments/1/runs/0123",
    "/access/users",
    "/studio?x=1",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/a%00b%ff",
]
MACHINES = [
    {},
    {"Accept": "*/*"},
    JSON,
    {"Accept": "application/json"},
    {"Accept": "application/json, text/html;q=0.9"},
    {"Accept": "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"},
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("static")
    (found / "assets").mkdir()
    (found / "index.html").write_text(INDEX)
    (found / "assets" / "main-1a2b.js").write_bytes(SCRIPT)
    (found / "assets" / "main-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT, mtime=0))
    (found / "assets" / "main-1a2b.js.br").write_bytes(b"brotli")
    (found / "assets" / "packed-3c4d.js.gz").write_bytes(gzip.compress(SCRIPT, mtime=0))
    (found / "assets" / "type.woff2").write_bytes(b"font")
    (found / "icon.svg").write_text("<svg/>")
    (found.parent / "secret.txt").write_text("not an asset")
    (found / "assets" / "folder").mkdir()
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Client]:
    """One that needs a login: the page is for who has none yet."""
    directory = tmp_path_factory.mktemp("studio")
    with live_server(directory, Settings(data=str(directory), auth="required"), Bundle(folder)) as client:
        yield client


@pytest.mark.parametrize("path", OPENED)
def test_what_a_person_opens_is_the_page(server: Client, path: str) -> None:
    answer = server.send("GET", path, headers=BROWSER)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    assert b"/studio/assets/main-1a2b.js" in answer.content


def test_the_page_lets_its_own_scripts_run_and_nothing_else(server: Client) -> None:
    answer = server.send("GET", "/", headers=BROWSER)
    policy = dict(part.partition(" ")[::2] for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"


def test_each_answer_has_a_nonce_of_its_own(server: Client) -> None:
    nonces = set()
    for _ in range(3):
        answer = server.send("GET", "/", headers=BROWSER)
        found = re.search(rb'name="csp-nonce" content="([\w-]{24})"', answer.content)
        assert found
        assert f"'nonce-{found[1].decode()}'" in answer.headers["content-security-policy"]
        nonces.add(found[1])
    assert len(nonces) == 3


@pytest.mark.parametrize("headers", MACHINES)
@pytest.mark.parametrize("path", ["/", "/nothing", "/workspaces/team/experiments/1"])
def test_programs_are_told_that_there_is_nothing(server: Client, path: str, headers: dict[str, str]) -> None:
    answer = server.send("GET", path, headers=headers)
    assert answer.headers["content-type"] == "application/json"
    assert answer.status in (401, 404)


@pytest.mark.parametrize("base", ["", "/workspaces/default"])
@pytest.mark.parametrize("path", ["/api/v1/nothing", "/ajax-api/2.0/mlflow/nothing", "/api/"])
def test_below_the_api_nothing_is_a_page(server: Client, base: str, path: str) -> None:
    assert server.send("GET", base + path, headers=BROWSER).headers["content-type"] == "application/json"


def test_no_route_is_hidden_by_the_page(server: Client) -> None:
    for route in server.routes:
        if route.method == "GET" and "{" not in route.path:
            answer = server.send("GET", route.path, headers=BROWSER)
            assert b"csp-nonce" not in answer.content, route.path


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_reading_opens_the_page(server: Client, method: str) -> None:
    assert server.send(method, "/login", b"", BROWSER).status == 401


def test_a_foreign_host_gets_no_page(server: Client) -> None:
    assert server.send("GET", "/", headers={**BROWSER, "host": "evil.example"}).status == 403


def test_head_answers_without_a_body(server: Client) -> None:
    answer = server.send("HEAD", "/", headers=BROWSER)
    assert (answer.status, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("accepted", "encoding", "content"),
    [
        ("", None, SCRIPT),
        ("identity", None, SCRIPT),
        ("gzip, deflate", "gzip", gzip.compress(SCRIPT, mtime=0)),
        ("gzip, deflate, br, zstd", "br", b"brotli"),
        ("br;q=0, gzip;q=0.5", "gzip", gzip.compress(SCRIPT, mtime=0)),
        ("gzip;q=nonsense", None, SCRIPT),
        ("*", "br", b"brotli"),
    ],
)
def test_assets_come_as_they_were_compressed(
    server: Client, accepted: str, encoding: str | None, content: bytes
) -> None:
    answer = server.send("GET", "/studio/assets/main-1a2b.js", headers={"Accept-Encoding": accepted})
    assert (answer.status, answer.headers.get("content-encoding")) == (200, encoding)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert len(answer.content) == len(content)


@pytest.mark.parametrize(("accepted", "encoding"), [("identity", None), ("gzip", "gzip"), ("br", None)])
def test_text_that_is_kept_compressed_alone_comes_to_everybody(
    server: Client, accepted: str, encoding: str | None
) -> None:
    answer = server.send("GET", "/studio/assets/packed-3c4d.js", headers={"Accept-Encoding": accepted})
    assert (answer.status, answer.headers.get("content-encoding")) == (200, encoding)
    assert (answer.content if encoding is None else gzip.decompress(answer.content)) == SCRIPT


def test_what_lies_beside_the_page_is_kept_for_a_while(server: Client) -> None:
    answer = server.send("GET", "/studio/icon.svg")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.headers["cache-control"] == "public, max-age=3600"


@pytest.mark.parametrize("place", ["/studio", "/studio/assets"])
@pytest.mark.parametrize(
    "name",
    [
        *("nothing.js", "..%2fsecret.txt", "..%2f..%2fsecret.txt", "../secret.txt", "%2e%2e", ".", "folder", "assets"),
        *("main-1a2b.js%00", "%2fetc%2fpasswd", "x" * 5_000, "index.html", "%ff"),
    ],
)  # fmt: skip
def test_what_is_no_asset_is_not_there(server: Client, place: str, name: str) -> None:
    answer = server.send("GET", f"{place}/{name}")
    assert answer.status in (401, 404)
    assert b"not an asset" not in answer.content


def test_a_new_build_is_seen_at_once(server: Client, folder: Path) -> None:
    index = folder / "index.html"
    assert b"rebuilt" not in server.send("GET", "/", headers=BROWSER).content
    index.write_text(INDEX + "<!-- rebuilt -->")
    later = index.stat().st_mtime + 10
    os.utime(index, (later, later))
    assert b"rebuilt" in server.send("GET", "/", headers=BROWSER).content


def test_without_a_build_the_page_says_how_to_make_one(tmp_path: Path) -> None:
    with live_server(tmp_path, bundle=Bundle(tmp_path / "static")) as server:
        answer = server.send("GET", "/workspaces", headers=BROWSER)
        assert answer.status == 200
        assert b"make studio" in answer.content
        assert b"__NONCE__" not in answer.content
        assert server.send("GET", "/studio/assets/main.js").status == 404

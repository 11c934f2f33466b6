"""PUT, GET, HEAD, list and DELETE below /mlflow-artifacts/artifacts."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from runyard.server import files, uploads
from tests.api.artifact_server import PROXY, Client, artifact_server


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data") / "artifacts"


@pytest.fixture(scope="module")
def client(root: Path) -> Iterator[Client]:
    with artifact_server(str(root)) as client:
        yield client


@pytest.mark.parametrize("prefix", ["/api", "/ajax-api"])
def test_put_answers_an_empty_200_and_get_returns_the_bytes(client: Client, prefix: str) -> None:
    path = f"{prefix}/2.0/mlflow-artifacts/artifacts/basic{prefix}/f.bin"
    answer = client.put(path, b"hello")
    assert (answer.status, answer.body) == (200, b"") and "content-type" not in answer.headers
    assert client.get(path).body == b"hello"


def test_an_empty_file_arrives_chunked(client: Client) -> None:
    answer = client.send("PUT", f"{PROXY}/chunked/empty", iter([]), encode_chunked=True)
    assert answer.status == 200
    assert client.get(f"{PROXY}?path=chunked").json == {
        "files": [{"path": "empty", "is_dir": False, "file_size": 0}]
    }


def test_a_chunked_upload_is_stored_whole(client: Client) -> None:
    data = os.urandom(3_000_000)
    pieces = (data[start : start + 100_000] for start in range(0, len(data), 100_000))
    assert client.send("PUT", f"{PROXY}/chunked/f", pieces, encode_chunked=True).status == 200
    assert client.get(f"{PROXY}/chunked/f").body == data


def test_a_second_put_replaces_the_file(client: Client) -> None:
    for body in (b"one", b"three"):
        client.put(f"{PROXY}/twice", body)
    assert client.get(f"{PROXY}/twice").body == b"three"


def test_a_download_cannot_run_in_a_browser(client: Client) -> None:
    client.put(f"{PROXY}/page/x%20y.html", b"<script>")
    headers = client.get(f"{PROXY}/page/x%20y.html").headers
    assert headers["content-disposition"] == "attachment; filename*=UTF-8''x%20y.html"
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("MLmodel", "text/plain"),
        ("a.yaml", "text/plain"),
        ("a.txt", "text/plain"),
        ("a.json", "application/json"),
        ("a.png", "image/png"),
        ("a.unknown-kind", "application/octet-stream"),
    ],
)
def test_the_type_follows_the_name(client: Client, name: str, kind: str) -> None:
    client.put(f"{PROXY}/kinds/{name}", b"x")
    assert client.get(f"{PROXY}/kinds/{name}").headers["content-type"].startswith(kind)


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=5-500", 206, b"56789"),
        ("bytes=0-1,4-5", 200, b"0123456789"),
        ("bytes=5-2", 200, b"0123456789"),
        ("bytes=-", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
        ("nonsense", 200, b"0123456789"),
    ],
)
def test_a_range_is_honoured_when_it_makes_sense(
    client: Client, asked: str, status: int, body: bytes
) -> None:
    client.put(f"{PROXY}/ranged", b"0123456789")
    answer = client.get(f"{PROXY}/ranged", Range=asked)
    assert (answer.status, answer.body) == (status, body)
    assert int(answer.headers["content-length"]) == len(body)
    assert ("content-range" in answer.headers) == (status == 206)


def test_a_partial_answer_says_which_part(client: Client) -> None:
    client.put(f"{PROXY}/ranged", b"0123456789")
    assert client.get(f"{PROXY}/ranged", Range="bytes=2-4").headers["content-range"] == "bytes 2-4/10"


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_outside_the_file_is_416(client: Client, asked: str) -> None:
    client.put(f"{PROXY}/ranged", b"0123456789")
    assert client.get(f"{PROXY}/ranged", Range=asked).status == 416


def test_head_has_the_headers_of_get_and_no_body(client: Client) -> None:
    client.put(f"{PROXY}/headed", b"12345")
    got, head = client.get(f"{PROXY}/headed"), client.send("HEAD", f"{PROXY}/headed")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "5")
    assert {k: v for k, v in head.headers.items() if k != "date"} == {
        k: v for k, v in got.headers.items() if k != "date"
    }


def test_a_known_etag_is_answered_304(client: Client) -> None:
    client.put(f"{PROXY}/cached", b"one")
    etag = client.get(f"{PROXY}/cached").headers["etag"]
    answer = client.get(f"{PROXY}/cached", If_None_Match=etag)
    assert (answer.status, answer.body) == (304, b"")
    client.put(f"{PROXY}/cached", b"two")
    assert client.get(f"{PROXY}/cached", If_None_Match=etag).body == b"two"


def test_if_range_with_an_old_etag_gets_the_whole_file(client: Client) -> None:
    client.put(f"{PROXY}/resumed", b"one")
    etag = client.get(f"{PROXY}/resumed").headers["etag"]
    assert client.get(f"{PROXY}/resumed", Range="bytes=1-", If_Range=etag).status == 206
    client.put(f"{PROXY}/resumed", b"two")
    assert client.get(f"{PROXY}/resumed", Range="bytes=1-", If_Range=etag).body == b"two"


def test_a_listing_has_basenames_sorted(client: Client) -> None:
    for name in ("b.txt", "a/x", "c"):
        client.put(f"{PROXY}/listed/{name}", b"12")
    assert client.get(f"{PROXY}?path=listed").json == {
        "files": [
            {"path": "a", "is_dir": True},
            {"path": "b.txt", "is_dir": False, "file_size": 2},
            {"path": "c", "is_dir": False, "file_size": 2},
        ]
    }
    assert client.names("listed/") == ["a", "b.txt", "c"]


@pytest.mark.parametrize("path", ["nothing/here", "onefile"])
def test_listing_a_file_or_nothing_is_an_empty_object(client: Client, path: str) -> None:
    client.put(f"{PROXY}/onefile", b"x")
    assert client.get(f"{PROXY}?path={path}").json == {}


def test_the_root_can_be_listed_and_hides_uploads_under_way(client: Client) -> None:
    client.put(f"{PROXY}/top", b"x")
    for query in ("", "?path=", "?path=."):
        names = [found["path"] for found in client.get(f"{PROXY}{query}").json["files"]]
        assert "top" in names and not any(name.startswith(".runyard") for name in names)


def test_delete_is_recursive_and_repeatable(client: Client) -> None:
    for name in ("a/b/c", "a/d"):
        client.put(f"{PROXY}/gone/{name}", b"x")
    for _ in range(2):
        answer = client.send("DELETE", f"{PROXY}/gone/a")
        assert (answer.status, answer.json) == (200, {})
    assert client.names("gone") == []


@pytest.mark.parametrize("path", [f"{PROXY}/", f"{PROXY}/.", f"{PROXY}/./", f"{PROXY}/%2e", f"{PROXY}/.."])
def test_the_root_is_never_deleted(client: Client, root: Path, path: str) -> None:
    client.put(f"{PROXY}/kept", b"x")
    assert client.send("DELETE", path).status == 400
    assert (root / "kept").read_bytes() == b"x"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_missing_file_is_404(client: Client, method: str) -> None:
    answer = client.send(method, f"{PROXY}/not/there")
    assert answer.status == 404
    if method == "GET":
        assert answer.json["error_code"] == "RESOURCE_DOES_NOT_EXIST"
        assert answer.json["message"].startswith("No such artifact")


def test_a_directory_cannot_be_read_or_overwritten(client: Client) -> None:
    client.put(f"{PROXY}/dir/f", b"x")
    assert client.get(f"{PROXY}/dir").status == 400
    assert client.put(f"{PROXY}/dir", b"x").status == 400
    assert client.get(f"{PROXY}/dir/f").body == b"x"


def test_nothing_can_lie_below_a_file(client: Client) -> None:
    client.put(f"{PROXY}/flat", b"x")
    assert client.put(f"{PROXY}/flat/below", b"x").status == 400


def test_a_trailing_slash_is_refused_for_a_file(client: Client) -> None:
    assert client.put(f"{PROXY}/slash/", b"x").status == 400


@pytest.mark.parametrize(
    "name", ["a b", "100%.txt", "50%25", "%41", "x#y", "q?z", "p+q", "ünï", "日本", "a&b=c", ";x"]
)
def test_odd_names_survive_the_round_trip(client: Client, name: str) -> None:
    path = f"{PROXY}/odd/{quote(name, safe='')}"
    assert client.put(path, name.encode()).status == 200
    assert name in client.names("odd")
    assert client.get(path).body == name.encode()
    assert client.send("DELETE", path).status == 200
    assert name not in client.names("odd")


def test_a_large_file_goes_through_whole(client: Client) -> None:
    data = os.urandom(9_000_000)
    assert client.put(f"{PROXY}/large", data).status == 200
    assert client.get(f"{PROXY}/large").body == data
    assert client.get(f"{PROXY}/large", Range="bytes=1000000-7999999").body == data[1_000_000:8_000_000]


@pytest.mark.parametrize("sent", [1_000, 3_000_000])
def test_a_client_that_leaves_mid_upload_leaves_nothing(client: Client, root: Path, sent: int) -> None:
    client.put(f"{PROXY}/aborted/old", b"old")
    with socket.create_connection(("127.0.0.1", client.port)) as sock:
        head = f"PUT {PROXY}/aborted/old HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {sent * 2}\r\n\r\n"
        sock.sendall(head.encode() + b"x" * sent)
    _eventually(lambda: not list((root / ".runyard-uploads").iterdir()))
    assert client.get(f"{PROXY}/aborted/old").body == b"old"
    assert client.names("aborted") == ["old"]


def test_a_client_that_leaves_mid_download_frees_the_file(client: Client, root: Path) -> None:
    client.put(f"{PROXY}/left", b"x" * 8_000_000)
    with socket.create_connection(("127.0.0.1", client.port)) as sock:
        sock.sendall(f"GET {PROXY}/left HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert sock.recv(1_000)
    _eventually(lambda: not any(_is_open(fd, root / "left") for fd in os.listdir("/proc/self/fd")))


def test_a_client_that_sends_nothing_more_is_let_go(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "IDLE_S", 0.2)
    head = f"PUT {PROXY}/stalled HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", client.port), timeout=20) as sock:
        sock.sendall(head.encode() + b"x" * 2_000_000)
        assert sock.recv(12) == b"HTTP/1.1 400"
    assert client.get(f"{PROXY}/stalled").status == 404
    assert list((root / ".runyard-uploads").iterdir()) == []


def test_a_client_that_reads_nothing_more_is_let_go(
    client: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.put(f"{PROXY}/unread", b"x" * 30_000_000)
    monkeypatch.setattr(files, "IDLE_S", 0.2)
    with socket.create_connection(("127.0.0.1", client.port)) as sock:
        sock.sendall(f"GET {PROXY}/unread HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert sock.recv(1_000)
        _eventually(lambda: not any(_is_open(fd, root / "unread") for fd in os.listdir("/proc/self/fd")))


def test_server_info_promises_nothing_that_a_directory_cannot_do(client: Client) -> None:
    for prefix in ("/api", "/ajax-api"):
        info = client.get(f"{prefix}/3.0/mlflow/server-info").json
        assert info["artifact_serving_enabled"] is True
        assert not any(value for name, value in info.items() if "presigned" in name or "multipart" in name)


def _is_open(fd: str, path: Path) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{fd}") == str(path)
    except OSError:
        return False


def _eventually(holds: object, limit_s: float = 10) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)

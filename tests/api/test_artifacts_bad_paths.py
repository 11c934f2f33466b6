"""Paths that try to leave the artifact root, in every spelling and on every route: 400, and nothing outside changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.api.artifact_server import MODEL, PROXY, RUN, RUN_ROOT, Client, artifact_server

DOTS = ["..", "%2e%2e", "%2E%2e", ".%2e", "%252e%252e", "%25252e%25252e", "%252E%252E"]
SLASHES = ["/", "%2f", "%2F", "%5c", "%255c", "%252f", "%25252f", "\\"]
TRAVERSALS = [f"{dots}{slash}secret" for dots in DOTS for slash in SLASHES]
TRAVERSALS += [f"x{slash}{dots}{slash}{dots}{slash}secret" for dots in DOTS for slash in SLASHES]
OTHERS = [
    "/etc/passwd",
    "//etc/passwd",
    "%2fetc%2fpasswd",
    "C:/",
    "C:%5cWindows",
    "c:secret",
    "a//b",
    "a/",
    "a%00b",
    "a%0ab",
    "a%0d%0aSet-Cookie:x",
    "a%7f",
    "a/..%2500/b",
    "%252fetc",
    "%ff%fe",
    "%c0%ae%c0%ae/secret",
    "n" * 256,
    "/".join(["d" * 250] * 9),
    "/".join(["d"] * 200),
    ".runyard-uploads/x",
]
BAD = TRAVERSALS + OTHERS
HARMLESS_FOR_READING = {".runyard-uploads/x"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("base")
    (base / "secret").write_bytes(b"top secret")
    return base


@pytest.fixture(scope="module")
def client(base: Path) -> Iterator[Client]:
    with artifact_server(str(base / "artifacts")) as client:
        client.put(f"{PROXY}/{RUN_ROOT}/model/MLmodel", b"x")
        yield client


@pytest.fixture(autouse=True)
def _secret_is_untouched(base: Path) -> Iterator[None]:
    yield
    assert (base / "secret").read_bytes() == b"top secret"
    assert sorted(entry.name for entry in base.iterdir()) == ["artifacts", "secret"]


@pytest.mark.parametrize("path", BAD)
def test_the_proxy_refuses(client: Client, path: str) -> None:
    expected = {400, 404} if path in HARMLESS_FOR_READING else {400}
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        if method == "DELETE" and path == "a/":
            continue
        answer = client.send(method, f"{PROXY}/{path}", b"x" if method == "PUT" else None)
        assert answer.status in expected, (method, answer.status)
        assert b"top secret" not in answer.body
        if method == "PUT":
            assert answer.json["error_code"] == "INVALID_PARAMETER_VALUE"
            assert "Invalid path" in answer.json["message"]


@pytest.mark.parametrize("path", [path for path in BAD if path not in {*HARMLESS_FOR_READING, "a/"}])
def test_queries_refuse(client: Client, path: str) -> None:
    for url in (
        f"{PROXY}?path={path}",
        f"/api/2.0/mlflow/artifacts/list?run_id={RUN}&path={path}",
        f"/get-artifact?run_id={RUN}&path={path}",
        f"/model-versions/get-artifact?name=net&version=1&path={path}",
        f"/ajax-api/2.0/mlflow/logged-models/{MODEL}/artifacts/files?artifact_file_path={path}",
        f"/api/2.0/mlflow/logged-models/{MODEL}/artifacts/directories?artifact_directory_path={path}",
    ):
        answer = client.get(url)
        assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE"), url
        assert b"top secret" not in answer.body
    upload = client.send("POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_id={RUN}&path={path}", b"x")
    assert upload.status == 400


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "a\\..\\b", "..%2fsecret", "a/../../secret", "C:/x"]
)
def test_bodies_refuse(client: Client, path: str) -> None:
    for url, fields in (
        (f"/api/2.0/mlflow-artifacts/mpu/create/{quote(path, safe='')}", {"path": "f", "num_parts": 1}),
        ("/api/2.0/mlflow-artifacts/mpu/create/dir", {"path": "../../f", "num_parts": 1}),
        ("/api/2.0/mlflow/artifacts/presigned-upload-url", {"run_id": RUN, "path": path}),
        ("/api/2.0/mlflow/artifacts/presigned-download-url", {"run_id": RUN, "path": path}),
    ):
        assert client.post(url, fields).status in (400, 501), url


def test_what_was_decoded_once_is_not_decoded_again(client: Client, base: Path) -> None:
    assert client.put(f"{PROXY}/once/a%2541b", b"x").status == 200
    assert client.put(f"{PROXY}/once/a%2500b%252fc", b"x").status == 200
    assert (base / "artifacts" / "once" / "a%41b").exists()
    assert client.names("once") == ["a%00b%2fc", "a%41b"]


def test_links_inside_the_root_are_not_followed(client: Client, base: Path) -> None:
    inside = base / "artifacts" / "planted"
    inside.mkdir(parents=True, exist_ok=True)
    (inside / "up").symlink_to(base)
    (inside / "file").symlink_to(base / "secret")
    for path in ("planted/up/secret", "planted/file"):
        assert client.get(f"{PROXY}/{path}").status in (400, 404)
    assert client.put(f"{PROXY}/planted/up/secret", b"overwritten").status in (400, 404)
    assert client.names("planted") == []
    assert client.names("planted/up") == []
    assert client.put(f"{PROXY}/planted/file", b"new").status == 200
    assert client.send("DELETE", f"{PROXY}/planted").status == 200
    assert not inside.exists()

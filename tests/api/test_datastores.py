"""Datastores of every kind, on real servers: registered, filled, read, listed, emptied."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from runyard.server.settings import Settings
from tests.api.live_server import JSON, Client, live_server
from tests.api.people import People
from tests.components.azurite import azurite_server, script
from tests.components.gcs import gcs_gateway, open_bucket
from tests.components.s3 import S3Server, missing_programs, s3_server
from tests.components.sshd import missing_program, ssh_server

STORES = "/api/v1/datastores"
KINDS = ("workspace", "local", "s3", "azure", "gcs", "sftp")
CANARY = "canary-1b2c3d4e5f"
OUTSIDE = (
    "../x",
    "a/../../x",
    "%2e%2e/x",
    "%252e%252e%252fx",
    "/etc/passwd",
    "..%2fx",
    "a%00b",
    "a%5c..%5cx",
    "%ff",
)


@dataclass
class Place:
    """A server, the directory of its data, and how each kind of storage is reached."""

    client: Client
    data: Path
    allowed: Path
    storages: dict[str, dict[str, Any]] = field(default_factory=dict)

    def register(self, kind: str, **changes: Any) -> str:
        """The name of a new datastore."""
        name = self.client.name(kind).replace("-", "_")
        fields = {"name": name, "kind": kind, **self.storages[kind], **changes}
        found = self.client.ok("POST", STORES, **fields)
        assert found["kind"] == kind and found["has_secret"] == bool(fields.get("secret"))
        return name

    def put(self, name: str, path: str, data: bytes) -> None:
        assert self.client.send("PUT", f"{STORES}/{name}/file/{quote(path)}", data).status == 200

    def read(self, name: str, path: str) -> bytes:
        answer = self.client.send("GET", f"{STORES}/{name}/file/{quote(path)}")
        assert answer.status == 200, answer.content
        return answer.content

    def files(self, name: str, path: str = "", **query: Any) -> list[str]:
        """Paths of all pages."""
        found, token = list[str](), ""
        while True:
            fields = {"path": path, "page_token": token, **query}
            page = self.client.call("GET", f"{STORES}/{name}/files", fields).json()
            found += [one["path"] for one in page["items"]]
            token = page["next_page_token"] or ""
            if not token:
                return found


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    if missing_programs():
        pytest.skip("Ceph is not installed; run scripts/install-components")
    with s3_server() as server:
        server.create_bucket("data")
        open_bucket(server, "open-data")
        yield server


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    data, allowed = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("allowed")
    with live_server(data, Settings(data=str(data), datastore_roots=str(allowed))) as client:
        made = Place(client, data, allowed)
        made.storages["workspace"] = {}
        made.storages["local"] = {"config": {"path": str(allowed / "store")}}
        yield made


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, place: Place) -> str:
    """Each kind, its server started when it is first needed."""
    wanted = str(request.param)
    if wanted not in place.storages:
        place.storages[wanted] = request.getfixturevalue(f"{wanted}_storage")
    return wanted


@pytest.fixture(scope="module")
def s3_storage(s3: S3Server) -> dict[str, Any]:
    config = {"bucket": "data", "prefix": "some/where", "endpoint": s3.url, "access_key_id": s3.access_key}
    return {"config": config, "secret": {"secret_access_key": s3.secret_key}}


@pytest.fixture(scope="module")
def azure_storage() -> Iterator[dict[str, Any]]:
    if script() is None:
        pytest.skip("Azurite is not installed; run scripts/install-components")
    with azurite_server() as server:
        server.create_container("data")
        config = {"account": server.account, "container": "data", "endpoint": server.url}
        yield {"config": config, "secret": {"account_key": server.key}}


@pytest.fixture(scope="module")
def gcs_storage(s3: S3Server) -> Iterator[dict[str, Any]]:
    with gcs_gateway(s3) as server:
        account = server.environment["GOOGLE_SERVICE_ACCOUNT_KEY"]
        config = {"bucket": "open-data", "prefix": "gcs", "endpoint": server.url}
        yield {"config": config, "secret": {"service_account": account}}


@pytest.fixture(scope="module")
def sftp_storage() -> Iterator[dict[str, Any]]:
    if missing_program():
        pytest.skip("openssh-server is not installed; run scripts/install-components")
    with ssh_server() as server:
        config = {"host": "127.0.0.1", "port": server.port, "user": server.user, "host_key": server.host_key}
        yield {
            "config": {**config, "path": str(server.files)},
            "secret": {"private_key": server.private_key},
        }


def test_files_go_in_and_come_back(place: Place, kind: str) -> None:
    name = place.register(kind)
    big = bytes(range(256)) * 4_096 * 10
    place.put(name, "t/a b/ü.txt", b"hello")
    place.put(name, "t/big.bin", big)
    assert place.read(name, "t/a b/ü.txt") == b"hello"
    assert place.read(name, "t/big.bin") == big
    ranged = place.client.send("GET", f"{STORES}/{name}/file/t/big.bin", headers={"range": "bytes=255-257"})
    assert (ranged.status, ranged.content) == (206, b"\xff\x00\x01")
    assert ranged.headers["content-range"] == f"bytes 255-257/{len(big)}"
    head = place.client.send("HEAD", f"{STORES}/{name}/file/t/big.bin")
    assert (head.status, head.headers["content-length"]) == (200, str(len(big)))
    place.put(name, "t/a b/ü.txt", b"")
    assert place.read(name, "t/a b/ü.txt") == b""
    assert place.client.send("DELETE", f"{STORES}/{name}/file/t").status == 200
    assert place.client.send("GET", f"{STORES}/{name}/file/t/big.bin").status == 404


def test_lists_are_ordered_and_paged(place: Place, kind: str) -> None:
    name = place.register(kind)
    paths = sorted(["l/a", "l/a-b/x", "l/a/../b".replace("a/../", ""), "l/a.txt", "l/d/e/f", "l/d/g", "l/é"])
    for path in paths:
        place.put(name, path, b"1")
    for size in (1, 3, 1_000):
        assert place.files(name, "l", recursive=True, max_results=size) == paths
        assert place.files(name, "l", max_results=size) == ["l/a", "l/a-b", "l/a.txt", "l/b", "l/d", "l/é"]
    assert place.files(name, "l/d/", recursive=True) == ["l/d/e/f", "l/d/g"]
    assert place.files(name, "l/d/g") == ["l/d/g"]
    assert place.files(name, "nothing") == []
    place.client.send("DELETE", f"{STORES}/{name}/file/l")


def test_no_path_leads_out(place: Place, kind: str) -> None:
    name = place.register(kind)
    for path in OUTSIDE:
        for method in ("GET", "PUT", "DELETE"):
            answer = place.client.send(
                method, f"{STORES}/{name}/file/{path}", b"x" if method == "PUT" else None
            )
            assert answer.status == 400, (method, path, answer.content)
    for path in ("../x", "/etc", "a\\b", "%2e%2e/x"):
        assert place.client.fails("GET", f"{STORES}/{name}/files?path={quote(path)}")[0] == 400
    assert place.client.send("DELETE", f"{STORES}/{name}/file/").status == 400
    assert place.client.send("PUT", f"{STORES}/{name}/file/", b"x").status == 400


def test_no_answer_file_or_log_holds_a_secret(
    place: Place, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    name = place.register(kind)
    place.put(name, "x", b"1")
    answers = [
        place.client.send("GET", STORES).content,
        place.client.send("GET", f"{STORES}/{name}").content,
        place.client.send("GET", f"{STORES}/{name}/file/absent").content,
    ]
    secrets = [str(one) for one in place.storages[kind].get("secret", {}).values()]
    secrets += [line for text in secrets for line in text.splitlines() if len(line) > 60]
    for secret in secrets:
        assert all(secret.encode() not in answer for answer in answers)
        assert secret not in caplog.text
        for file in place.data.rglob("*"):
            assert not file.is_file() or secret.encode() not in file.read_bytes(), file


def test_wrong_credentials_are_told_without_repeating_them(
    place: Place, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fields = {
        "s3": {"secret_access_key": CANARY},
        "azure": {"account_key": "Y2FuYXJ5LTFiMmMzZDRlNWY="},
        "sftp": {"password": CANARY},
    }
    if kind not in fields:
        return
    body = {**place.storages[kind], "secret": fields[kind], "name": "wrong", "kind": kind}
    answer = place.client.call("POST", STORES, body)
    assert answer.status == 400 and b"skip_validation" in answer.content
    assert b"try again" not in answer.content, "it cannot both be wrong and come right by itself"
    for text in (answer.content.decode(), caplog.text):
        assert CANARY not in text and "Y2FuYXJ5" not in text
    assert place.client.call("GET", f"{STORES}/wrong").status == 404
    assert place.client.call("POST", STORES, {**body, "skip_validation": True}).status == 200
    assert place.client.send("GET", f"{STORES}/wrong/file/x").status == 503
    assert place.client.call("DELETE", f"{STORES}/wrong").status == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "ftp"},
        {"kind": "s3", "config": {"bucket": "b"}},
        {"kind": "s3", "config": {"bucket": "b", "access_key_id": "a"}},
        {"kind": "s3", "config": {"bucket": "b", "anonymous": True}, "secret": {"secret_access_key": CANARY}},
        {"kind": "s3", "config": {"bucket": "../b", "anonymous": True}},
        {"kind": "s3", "config": {"bucket": "bb", "anonymous": True, "endpoint": f"http://u:{CANARY}@h"}},
        {"kind": "s3", "config": {"bucket": "bb", "anonymous": True, "endpoint": "file:///etc"}},
        {"kind": "s3", "config": {"bucket": "bb", "anonymous": True, "region": "evil.example/"}},
        {"kind": "s3", "config": {"bucket": "bb", "anonymous": True, "prefix": "../x"}},
        {"kind": "s3", "config": {"bucket": "bb", "secret_access_key": CANARY}},
        {"kind": "azure", "config": {"account": "a/b", "container": "c"}, "secret": {"account_key": CANARY}},
        {
            "kind": "azure",
            "config": {"account": "acc", "container": "ccc"},
            "secret": {"account_key": CANARY},
        },
        {"kind": "azure", "config": {"account": "acc", "container": "ccc"}},
        {"kind": "gcs", "config": {"bucket": "bb"}, "secret": {"service_account": "{" + CANARY}},
        {"kind": "gcs", "config": {"bucket": "bb"}},
        {
            "kind": "sftp",
            "config": {"host": "h", "user": "u", "host_key": ""},
            "secret": {"password": CANARY},
        },
        {"kind": "sftp", "config": {"host": "-oProxyCommand=x", "user": "u", "host_key": ""}},
        {"kind": "sftp", "config": {"host": "h", "user": "u"}, "secret": {"password": CANARY}},
        {"kind": "workspace", "config": {"path": "/etc"}},
        {"kind": "workspace", "secret": CANARY},
        {"kind": "workspace", "secret": {"x": [CANARY]}},
        {"kind": "local", "config": {"path": "/etc"}},
        {"kind": "local", "config": {"path": "relative"}},
        {"kind": "local", "config": {"path": 7}},
        {"kind": "workspace", "name": "../up"},
        {"kind": "workspace", "name": ".hidden"},
        {"kind": "workspace", "name": ""},
        {"kind": "workspace", "name": "workspaceblobstore", "overwrite": True},
    ],
)
def test_what_cannot_be_is_refused_without_repeating_secrets(place: Place, fields: dict[str, Any]) -> None:
    answer = place.client.call("POST", STORES, {"name": "n", **fields})
    assert answer.status == 400, answer.content
    assert CANARY.encode() not in answer.content


def test_local_directories_lie_below_what_the_administrator_allows(place: Place, tmp_path: Path) -> None:
    (place.allowed / "link").symlink_to(tmp_path)
    for path in (place.allowed / "link", place.allowed / ".." / "x", place.data, place.allowed.parent):
        fields = {"name": "n", "kind": "local", "config": {"path": str(path)}}
        assert place.client.fails("POST", STORES, **fields) == (400, "INVALID_PARAMETER_VALUE")
    (tmp_path / "other").mkdir()
    with live_server(tmp_path / "other") as bare:
        body = {"name": "n", "kind": "local", "config": {"path": str(tmp_path)}}
        answer = bare.call("POST", STORES, body)
        assert answer.status == 400 and b"--datastore-roots" in answer.content


def test_links_of_a_local_directory_are_not_followed(place: Place, tmp_path: Path) -> None:
    name = place.register("local")
    (tmp_path / "secret").write_text("secret")
    (place.allowed / "store" / "out").symlink_to(tmp_path)
    assert place.client.send("GET", f"{STORES}/{name}/file/out/secret").status in (400, 404)
    assert place.client.send("PUT", f"{STORES}/{name}/file/out/planted", b"x").status >= 400
    assert not (tmp_path / "planted").exists()
    (place.allowed / "store" / "out").unlink()


def test_a_replaced_datastore_keeps_nothing_of_the_old_secret(
    place: Place, s3_storage: dict[str, Any]
) -> None:
    place.storages["s3"] = s3_storage
    name = place.register("s3")
    again = {"name": name, "kind": "s3", **s3_storage}
    assert place.client.fails("POST", STORES, **again) == (400, "RESOURCE_ALREADY_EXISTS")
    without = {key: value for key, value in again.items() if key != "secret"}
    assert place.client.fails("POST", STORES, **without, overwrite=True)[0] == 400
    moved = {**again, "config": {**s3_storage["config"], "prefix": "elsewhere"}, "overwrite": True}
    place.put(name, "here", b"old")
    place.client.ok("POST", STORES, **moved)
    assert place.client.send("GET", f"{STORES}/{name}/file/here").status == 404


def test_the_servers_own_credentials_are_never_used(
    place: Place, s3_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = s3_storage["secret"]["secret_access_key"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_storage["config"]["access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    config = {**s3_storage["config"], "access_key_id": "", "anonymous": True}
    assert place.client.fails("POST", STORES, name="n", kind="s3", config=config)[0] == 400
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-the-server")
    place.register("s3")


def test_defaults(place: Place) -> None:
    name = place.register("workspace")
    by_name = {one["name"]: one for one in place.client.ok("GET", STORES)["items"]}
    assert by_name["workspaceblobstore"]["is_default"] and by_name["workspacefilestore"]["built_in"]
    assert place.client.ok("POST", f"{STORES}/{name}/default")["is_default"]
    assert place.client.ok("GET", f"{STORES}/{name}")["is_default"]
    place.client.ok("DELETE", f"{STORES}/{name}")
    assert place.client.ok("GET", f"{STORES}/workspaceblobstore")["is_default"]
    assert place.client.fails("DELETE", f"{STORES}/workspaceblobstore")[0] == 400
    assert place.client.fails("POST", f"{STORES}/nobody/default") == (404, "RESOURCE_DOES_NOT_EXIST")


def test_lists_of_datastores_have_pages(place: Place) -> None:
    for _ in range(3):
        place.register("workspace")
    everything = [one["name"] for one in place.client.ok("GET", STORES, max_results=1000)["items"]]
    found, token = list[str](), ""
    while True:
        page = place.client.ok("GET", STORES, max_results=2, page_token=token)
        found += [one["name"] for one in page["items"]]
        token = page["next_page_token"] or ""
        if not token:
            break
    assert found == everything == sorted(everything)


def test_another_workspace_has_none_of_it(place: Place) -> None:
    name = place.register("workspace")
    place.put(name, "mine", b"1")
    place.put("workspaceblobstore", "mine", b"1")
    place.client.ok("POST", "/api/v1/workspaces", name="second", create_group=True)
    other = Place(place.client.also(base="/workspaces/second"), place.data, place.allowed, place.storages)
    for method, path in (
        ("GET", f"{STORES}/{name}"),
        ("DELETE", f"{STORES}/{name}"),
        ("POST", f"{STORES}/{name}/default"),
        ("GET", f"{STORES}/{name}/files"),
    ):
        assert other.client.fails(method, path) == (404, "RESOURCE_DOES_NOT_EXIST")
    for method in ("GET", "PUT", "DELETE"):
        assert other.client.send(method, f"{STORES}/{name}/file/mine").status == 404
    assert other.client.send("GET", f"{STORES}/workspaceblobstore/file/mine").status == 404
    assert other.files("workspaceblobstore", recursive=True) == []
    other.put("workspaceblobstore", "theirs", b"2")
    assert "theirs" not in place.files("workspaceblobstore", recursive=True)
    assert other.client.ok("POST", STORES, name=name, kind="workspace")["name"] == name
    assert other.client.send("GET", f"{STORES}/{name}/file/mine").status == 404
    other.client.close()


def test_an_upload_that_ends_early_leaves_nothing(place: Place, kind: str) -> None:
    name = place.register(kind)
    target = f"{STORES}/{name}/file/short"
    with socket.create_connection(("127.0.0.1", place.client.port)) as connection:
        head = f"PUT {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n"
        connection.sendall(head.encode() + b"only")
    assert place.client.send("GET", target).status == 404
    assert place.files(name, recursive=True).count("short") == 0


def test_bodies_of_other_types_are_files_too(place: Place) -> None:
    name = place.register("workspace")
    place.client.send("PUT", f"{STORES}/{name}/file/x.json", json.dumps({"a": 1}).encode(), JSON)
    assert json.loads(place.read(name, "x.json")) == {"a": 1}


@pytest.mark.parametrize("base", ["", "/workspaces/kept-apart"])
def test_artifact_routes_lead_to_no_datastore(place: Place, base: str) -> None:
    if base:
        place.client.ok("POST", "/api/v1/workspaces", name="kept-apart", create_group=True)
    there = Place(place.client.also(base=base), place.data, place.allowed, place.storages)
    there.put("workspaceblobstore", "private", b"mine")
    artifacts = "/api/2.0/mlflow-artifacts/artifacts"
    for path in ("datastores", "datastores/workspaceblobstore/private", "datastores/workspaceblobstore"):
        for method in ("GET", "PUT", "DELETE"):
            answer = there.client.send(method, f"{artifacts}/{path}", b"x" if method == "PUT" else None)
            assert answer.status == 400, (method, path, answer.content)
        assert there.client.send("GET", f"{artifacts}?path={path}").status == 400
    assert b"datastores" not in there.client.send("GET", artifacts).content
    for location in ("mlflow-artifacts:/datastores", "mlflow-artifacts:/Datastores/x"):
        fields = {"name": there.client.name(), "artifact_location": location}
        assert there.client.fails("POST", "experiments/create", **fields)[0] == 400
    assert there.read("workspaceblobstore", "private") == b"mine"


def test_who_logs_in_reaches_no_host_beside_the_server(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path), auth="required", datastore_hosts="127.0.0.2")
    with live_server(tmp_path, settings) as client:
        owner = client.also(token=People(tmp_path).with_roles(("Owner", "/")))
        s3 = {"bucket": "bb", "anonymous": True}
        sftp = {"user": "u", "host_key": "ssh-ed25519 AAAA"}
        ends = ("http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "http://169.254.169.254/latest")
        bad = [{"kind": "s3", "config": {**s3, "endpoint": end}} for end in ends]
        bad.append({"kind": "gcs", "config": {**s3, "endpoint": ends[0]}})
        azure = {"account": "acc", "container": "ccc", "anonymous": True}
        bad.append({"kind": "azure", "config": {**azure, "endpoint": ends[0]}})
        bad.append({"kind": "sftp", "config": {**sftp, "host": "localhost"}, "secret": {"password": "p"}})
        for fields in bad:
            answer = owner.call("POST", STORES, {"name": "n", "skip_validation": True, **fields})
            assert answer.status == 400 and b"--datastore-hosts" in answer.content, (fields, answer.content)
        listed = {**s3, "endpoint": "http://127.0.0.2:1"}
        owner.ok("POST", STORES, name="listed", kind="s3", config=listed, skip_validation=True)
        nearby = {"name": "later", "kind": "s3", "config": json.dumps({**s3, "endpoint": ends[0]})}
        owner.ok("POST", "/api/v1/import/datastores", items=[nearby])
        assert owner.send("GET", f"{STORES}/later/file/x").status == 400
        assert owner.send("GET", f"{STORES}/later/files").status == 400

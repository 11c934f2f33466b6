"""The keyvault: values come back to those who may read them, and lie nowhere in plain text."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runyard.server.settings import Settings
from tests.api.live_server import Client, live_server

SECRETS = "/api/v1/secrets"
CANARY = "canary-0f9e8d7c6b"


@dataclass
class Place:
    client: Client
    data: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("data")
    with live_server(data) as client:
        yield Place(client, data)


@pytest.mark.parametrize("value", ["", CANARY, "ü 日本 🙂", "line\nline\0nul", "x" * 65_536])
def test_values_come_back(place: Place, value: str) -> None:
    name = place.client.name("s")
    assert place.client.ok("POST", SECRETS, name=name, value=value) == {}
    assert place.client.ok("GET", f"{SECRETS}/{name}") == {"name": name, "value": value}
    place.client.ok("POST", SECRETS, name=name, value="other")
    assert place.client.ok("GET", f"{SECRETS}/{name}")["value"] == "other"
    place.client.ok("DELETE", f"{SECRETS}/{name}")
    for method in ("GET", "DELETE"):
        assert place.client.fails(method, f"{SECRETS}/{name}") == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize("name", ["", "../x", "a b", "a/b", "-x", "x" * 128, "ü", "a\0b"])
def test_names_that_cannot_be_are_refused(place: Place, name: str) -> None:
    assert place.client.fails("POST", SECRETS, name=name, value="v") == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("value", [None, 1, [CANARY], {"a": CANARY}, CANARY * 10_000])
def test_values_that_cannot_be_are_refused_and_not_repeated(place: Place, value: object) -> None:
    answer = place.client.call("POST", SECRETS, {"name": "n", "value": value})
    assert answer.status == 400 and CANARY.encode() not in answer.content


def test_lists_have_names_only_and_pages(place: Place) -> None:
    names = [place.client.name("listed") for _ in range(5)]
    for name in names:
        place.client.ok("POST", SECRETS, name=name, value=CANARY)
    found, token = list[str](), ""
    while True:
        answer = place.client.call("GET", SECRETS, {"max_results": 2, "page_token": token})
        assert CANARY.encode() not in answer.content
        found += [one["name"] for one in answer.json()["items"]]
        token = answer.json()["next_page_token"] or ""
        if not token:
            break
    assert set(names) <= set(found) and found == sorted(found)


def test_no_file_and_no_log_holds_a_value(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    place.client.ok("POST", SECRETS, name="canary", value=CANARY)
    place.client.ok("GET", f"{SECRETS}/canary")
    assert CANARY not in caplog.text
    for file in place.data.rglob("*"):
        assert not file.is_file() or CANARY.encode() not in file.read_bytes(), file


def test_another_workspace_has_none_of_it(place: Place) -> None:
    place.client.ok("POST", SECRETS, name="mine", value="v")
    place.client.ok("POST", "/api/v1/workspaces", name="second")
    other = place.client.also(base="/workspaces/second")
    for method in ("GET", "DELETE"):
        assert other.fails(method, f"{SECRETS}/mine") == (404, "RESOURCE_DOES_NOT_EXIST")
    other.ok("POST", SECRETS, name="mine", value="theirs")
    assert place.client.ok("GET", f"{SECRETS}/mine")["value"] == "v"
    other.close()


def test_roles(place: Place) -> None:
    """A Reader sees neither secrets nor their names, a Data Scientist reads and changes none."""
    place.client.ok("POST", SECRETS, name="of-roles", value="v")
    for role, reads in (("Reader", False), ("Data Scientist", True)):
        one = as_role(place.client, role)
        answers = {one.call("GET", path).status for path in (SECRETS, f"{SECRETS}/of-roles")}
        assert answers == ({200} if reads else {403})
        assert one.fails("POST", SECRETS, name="x", value="v") == (403, "PERMISSION_DENIED")
        assert one.fails("DELETE", f"{SECRETS}/of-roles") == (403, "PERMISSION_DENIED")
        stores = "/api/v1/datastores"
        assert one.fails("POST", stores, name="x", kind="workspace") == (403, "PERMISSION_DENIED")
        assert b"secret_access" not in one.call("GET", stores).content
        written = one.send("PUT", f"{stores}/workspaceblobstore/file/x", b"x").status
        assert written == (200 if reads else 403)
        one.close()


def test_a_secret_of_another_key_says_what_to_do(tmp_path: Path) -> None:
    first = Settings(data=str(tmp_path), secret_key="first" * 8)
    with live_server(tmp_path, first) as client:
        client.ok("POST", SECRETS, name="s", value=CANARY)
    second = Settings(data=str(tmp_path), secret_key="second" * 8)
    with live_server(tmp_path, second) as client:
        answer = client.call("GET", f"{SECRETS}/s")
        assert answer.status == 400 and b"RUNYARD_PREVIOUS_SECRET_KEYS" in answer.content
    rotated = Settings(data=str(tmp_path), secret_key="second" * 8, previous_secret_keys="first" * 8)
    with live_server(tmp_path, rotated) as client:
        assert client.ok("GET", f"{SECRETS}/s")["value"] == CANARY


def as_role(client: Client, role: str) -> Client:
    """A client of a new service account that has one role in the default workspace."""
    name = client.name("robot")
    client.ok("POST", "/api/v1/service-accounts", name=name)
    token = client.ok("POST", "/api/v1/tokens", name="t", service_account=name)["token"]
    scope = "/subscriptions/default/resourceGroups/default/workspaces/default"
    client.ok("POST", "/api/v1/role-assignments", principal=name, role=role, scope=scope)
    return client.also(token=token)

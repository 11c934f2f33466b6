"""Registered datasets: versions, archive, and definitions that make no sense."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.live_server import Client, live_server

DATASETS = "/api/v1/datasets"
PATHS = [{"path": "a/*.csv", "datastore": "workspaceblobstore"}]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with live_server(tmp_path_factory.mktemp("data")) as client:
        yield client


def tabular(**changes: Any) -> dict[str, Any]:
    return {"kind": "tabular", "definition": {"paths": PATHS, "format": "delimited", **changes}}


def register(server: Client, name: str, **fields: Any) -> Any:
    return server.ok("POST", DATASETS, name=name, **{**tabular(), **fields})


def test_versions_count_up(server: Client) -> None:
    name = server.name("titanic data")
    first = register(server, name, description="d", tags={"k": "v"})
    assert (first["version"], first["latest_version"], first["tags"]) == (1, 1, {"k": "v"})
    assert register(server, name)["id"] == first["id"]
    other = tabular(separator=";")
    answer = server.call("POST", DATASETS, {"name": name, **other})
    assert answer.status == 400 and "create_new_version" in answer.json()["message"]
    second = register(server, name, **other, create_new_version=True)
    assert (second["version"], second["definition"]["separator"]) == (2, ";")
    one = f"{DATASETS}/{name.replace(' ', '%20')}"
    assert server.ok("GET", one)["version"] == 2
    assert server.ok("GET", f"{one}?version=latest&x=")["version"] == 2
    assert server.call("GET", one, {"version": 1}).json()["id"] == first["id"]
    assert server.ok("GET", f"/api/v1/dataset-versions/{first['id']}")["version"] == 1
    assert server.call("GET", one, {"version": 3}).status == 404
    for version in ("x", "-1", "1" * 30):
        assert server.call("GET", one, {"version": version}).status == 400


def test_archived_ones_are_hidden_and_come_back(server: Client) -> None:
    name = server.name("d")
    register(server, name)
    server.ok("POST", f"{DATASETS}/{name}/archive")
    server.ok("POST", f"{DATASETS}/{name}/archive")
    assert name not in listed(server) and name in listed(server, archived="true")
    assert server.ok("GET", f"{DATASETS}/{name}")["archived"]
    server.ok("POST", f"{DATASETS}/{name}/reactivate")
    assert name in listed(server)
    server.ok("DELETE", f"{DATASETS}/{name}")
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/archive"), ("POST", "/reactivate")):
        assert server.fails(method, f"{DATASETS}/{name}{path}") == (404, "RESOURCE_DOES_NOT_EXIST")


def listed(server: Client, **query: str) -> list[str]:
    """Names on all pages of two."""
    found, token = list[str](), ""
    while True:
        page = server.call("GET", DATASETS, {"max_results": 2, "page_token": token, **query}).json()
        found += [one["name"] for one in page["items"]]
        token = page["next_page_token"] or ""
        if not token:
            return found


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": " x"},
        {"name": "a/b"},
        {"kind": "sound"},
        {"kind": "file"},
        tabular(format="xlsx"),
        tabular(paths=[]),
        tabular(paths=[{"path": "../x", "datastore": "s"}]),
        tabular(paths=[{"path": "", "datastore": "s"}]),
        tabular(paths=[{"path": "x" * 2_000_000}]),
        tabular(steps=[{"op": "explode"}]),
        tabular(steps=[{"op": "take", "count": -1}]),
        tabular(steps=[{"op": "take", "count": 10**30}]),
        tabular(steps=[{"op": "sample", "fraction": 1.5}]),
        tabular(steps=[{"op": "take"}] * 101),
        {"description": "a\0b"},
        {"description": "x" * 10_001},
        {"tags": {str(number): "" for number in range(101)}},
    ],
)
def test_what_cannot_be_is_refused(server: Client, fields: dict[str, Any]) -> None:
    answer = server.call("POST", DATASETS, {"name": "n", **tabular(), **fields})
    assert (answer.status, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE"), answer.content


def test_another_workspace_has_none_of_it(server: Client) -> None:
    name = server.name("d")
    made = register(server, name)
    server.ok("POST", "/api/v1/workspaces", name="second")
    other = server.also(base="/workspaces/second")
    for method, path in (
        ("GET", f"{DATASETS}/{name}"),
        ("GET", f"/api/v1/dataset-versions/{made['id']}"),
        ("DELETE", f"{DATASETS}/{name}"),
        ("POST", f"{DATASETS}/{name}/archive"),
    ):
        assert other.fails(method, path) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert listed(other) == []
    assert register(other, name)["version"] == 1
    other.close()

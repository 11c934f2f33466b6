"""/api/v1/views: whose they are, who sees and changes them, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.live_server import JSON, Client, live_server
from tests.api.people import People

VIEWS = "/api/v1/views"
HERE = "/subscriptions/default/resourceGroups/default/workspaces/default"
STATE = {"search": {"filter": "metrics.`val/loss` < 0.1", "camelCase": [1, None, {"innerKey": "é"}]}}
HOSTILE = ["<script>alert(1)</script>", "a\nb", "' OR 1=1 --", "😀", "x" * 200, "..", "{{7*7}}"]
LARGE = {"x": "y" * (64 * 1024 - 8)}  # exactly as many bytes as may be


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("views")


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[Client]:
    with live_server(directory) as client:
        yield client


def somebody(server: Client, directory: Path, *roles: tuple[str, str]) -> Client:
    return server.also(token=People(directory).with_roles(*roles))


def save(client: Client, name: str = "v", **fields: Any) -> dict[str, Any]:
    made = client.ok("POST", VIEWS, **{"name": name, "page": "runs", "state": STATE, **fields})
    return dict(made)


def ids(client: Client, **query: Any) -> set[str]:
    return {one["id"] for one in client.ok("GET", VIEWS, **query)["items"]}


def test_a_view_comes_back_as_it_was_saved(server: Client) -> None:
    made = save(server, "my view", page="compare")
    assert (made["name"], made["page"], made["experiment_id"], made["shared"]) == (
        "my view",
        "compare",
        None,
        False,
    )
    assert (made["state"], made["owner"], made["own"]) == (STATE, "local", True)
    assert server.ok("GET", f"{VIEWS}/{made['id']}") == made
    assert made in server.ok("GET", VIEWS, page="compare")["items"]


def test_what_a_change_leaves_out_stays(server: Client) -> None:
    experiment = server.experiment()
    made = save(server, experiment_id=experiment)
    renamed = server.ok("PUT", f"{VIEWS}/{made['id']}", name="other")
    assert renamed == {**made, "name": "other", "updated_ms": renamed["updated_ms"]}
    state = {"search": {"sortBy": "x"}}
    assert server.ok("PUT", f"{VIEWS}/{made['id']}", state=state, shared=True)["state"] == state
    assert ids(server, experiment_id=experiment, page="runs") == {made["id"]}


def test_a_deleted_one_is_gone(server: Client) -> None:
    made = save(server)
    assert server.ok("DELETE", f"{VIEWS}/{made['id']}") == {}
    for method in ("GET", "PUT", "DELETE"):
        assert server.fails(method, f"{VIEWS}/{made['id']}") == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_kept_as_text(server: Client, name: str) -> None:
    made = save(server, name)
    assert server.ok("GET", f"{VIEWS}/{made['id']}")["name"] == name


def test_the_largest_state_is_kept(server: Client) -> None:
    assert len(json.dumps(LARGE, separators=(",", ":"))) == 64 * 1024
    assert save(server, state=LARGE)["state"] == LARGE


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "  \n"},
        {"name": "x" * 201},
        {"name": "a\0b"},
        {"name": None},
        {"name": 7.5},
        {"page": ""},
        {"page": "Runs"},
        {"page": "../runs"},
        {"page": "x" * 51},
        {"state": None},
        {"state": []},
        {"state": "text"},
        {"state": {"x": LARGE["x"] + "y"}},
        {"shared": "perhaps"},
        {"experiment_id": "x"},
        {"experiment_id": "1e9"},
    ],
)
def test_what_makes_no_sense_is_refused(server: Client, wrong: dict[str, Any]) -> None:
    fields = {"name": "v", "page": "runs", "state": {}, **wrong}
    assert server.fails("POST", VIEWS, **fields) == (400, "INVALID_PARAMETER_VALUE")
    made = save(server)
    (key,) = wrong
    if wrong[key] is not None:
        assert server.fails("PUT", f"{VIEWS}/{made['id']}", **wrong)[0] == 400


@pytest.mark.parametrize("field", ["name", "page", "state"])
def test_a_view_needs_its_parts(server: Client, field: str) -> None:
    fields = {"name": "v", "page": "runs", "state": {}}
    del fields[field]
    assert server.fails("POST", VIEWS, **fields) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "number", ["1" + "0" * 400, "-9223372036854775809", "1e400", '"\\ud800"', "[" * 60 + "]" * 60]
)
def test_odd_values_in_a_state_are_kept_or_refused(server: Client, number: str) -> None:
    body = f'{{"name": "v", "page": "runs", "state": {{"x": {number}}}}}'.encode()
    answer = server.send("POST", VIEWS, body, JSON)
    assert answer.status in (200, 400), answer.content
    assert ids(server) or answer.status == 400  # whatever is kept can be read


@pytest.mark.parametrize(
    "query", [{"max_results": 0}, {"max_results": 1001}, {"page_token": "x"}, {"page": "A B"}]
)
def test_lists_that_make_no_sense_are_refused(server: Client, query: dict[str, Any]) -> None:
    assert server.fails("GET", VIEWS, **query)[0] == 400


def test_lists_come_in_pages(server: Client) -> None:
    made = [save(server, page="paged")["id"] for _ in range(5)]
    found: list[str] = []
    query: dict[str, Any] = {"page": "paged", "max_results": 2}
    while True:
        page = server.ok("GET", VIEWS, **query)
        found += [one["id"] for one in page["items"]]
        if not page["next_page_token"]:
            break
        query["page_token"] = page["next_page_token"]
    assert found == made


def test_a_page_of_large_ones_is_short_and_none_is_missed(server: Client) -> None:
    made = [save(server, page="large", state=LARGE)["id"] for _ in range(40)]
    pages: list[list[str]] = []
    query: dict[str, Any] = {"page": "large"}
    while not pages or query["page_token"]:
        answer = server.call("GET", VIEWS, query)
        assert answer.status == 200 and len(answer.content) < 1_300_000
        page = answer.json()
        pages.append([one["id"] for one in page["items"]])
        query["page_token"] = page["next_page_token"]
    assert [one for page in pages for one in page] == made
    assert len(pages) == 3
    assert ids(server, page="large", max_results=3) == set(made[:3])
    for one in made:
        server.ok("DELETE", f"{VIEWS}/{one}")


def test_an_unknown_experiment_is_not_found(server: Client) -> None:
    assert server.fails("POST", VIEWS, name="v", page="runs", state={}, experiment_id="987654321")[0] == 404


def test_private_views_are_seen_by_their_owner_alone(server: Client, directory: Path) -> None:
    made = save(server)
    for other in (somebody(server, directory, ("Owner", "/")), somebody(server, directory, ("Reader", HERE))):
        assert made["id"] not in ids(other)
        for method in ("GET", "PUT", "DELETE"):
            assert other.fails(method, f"{VIEWS}/{made['id']}")[0] == 404


def test_a_reader_keeps_views_and_shares_none(server: Client, directory: Path) -> None:
    reader = somebody(server, directory, ("Reader", HERE))
    made = save(reader)
    assert reader.fails("PUT", f"{VIEWS}/{made['id']}", shared=True) == (403, "PERMISSION_DENIED")
    assert reader.fails("POST", VIEWS, name="v", page="runs", state={}, shared=True)[0] == 403
    reader.ok("PUT", f"{VIEWS}/{made['id']}", name="still mine")
    reader.ok("DELETE", f"{VIEWS}/{made['id']}")


def test_shared_views_are_seen_by_readers_and_changed_by_writers(server: Client, directory: Path) -> None:
    made = save(server, shared=True)
    reader = somebody(server, directory, ("Reader", HERE))
    writer = somebody(server, directory, ("Data Scientist", HERE))
    seen = reader.ok("GET", f"{VIEWS}/{made['id']}")
    assert seen == {**made, "own": False}
    assert reader.fails("PUT", f"{VIEWS}/{made['id']}", name="x")[0] == 403
    assert reader.fails("DELETE", f"{VIEWS}/{made['id']}")[0] == 403
    assert writer.ok("PUT", f"{VIEWS}/{made['id']}", name="better")["owner"] == "local"
    assert writer.fails("PUT", f"{VIEWS}/{made['id']}", shared=False)[0] == 403
    writer.ok("DELETE", f"{VIEWS}/{made['id']}")
    assert made["id"] not in ids(server)


def test_a_role_in_one_experiment_shows_the_views_of_that_one(server: Client, directory: Path) -> None:
    mine, theirs = server.experiment(), server.experiment()
    shared = {one: save(server, shared=True, experiment_id=one)["id"] for one in (mine, theirs)}
    whole = save(server, shared=True)["id"]
    person = somebody(server, directory, ("Data Scientist", f"{HERE}/experiments/{mine}"))
    assert ids(person) == {shared[mine]}
    for hidden in (shared[theirs], whole):
        assert person.fails("GET", f"{VIEWS}/{hidden}")[0] == 404
    own = save(person, experiment_id=mine, shared=True)["id"]
    assert own in ids(server)
    assert person.fails("POST", VIEWS, name="v", page="runs", state={}, experiment_id=theirs)[0] == 404
    assert person.fails("PUT", f"{VIEWS}/{own}", experiment_id=theirs)[0] == 404
    assert person.fails("POST", VIEWS, name="v", page="runs", state={}, shared=True)[0] == 403
    private = save(person)["id"]
    assert private in ids(person)


def test_another_workspace_has_its_own(server: Client) -> None:
    name = server.name("w")
    server.ok("POST", "/api/v1/workspaces", name=name)
    other = server.also(base=f"/workspaces/{name}")
    made = save(server, shared=True)
    assert ids(other) == set()
    for method in ("GET", "PUT", "DELETE"):
        assert other.fails(method, f"{VIEWS}/{made['id']}")[0] == 404
    assert save(other)["id"] not in ids(server)


def test_nobody_without_a_role_is_told_anything(server: Client, directory: Path) -> None:
    nobody = somebody(server, directory)
    assert nobody.fails("GET", VIEWS)[0] == 404
    assert nobody.fails("POST", VIEWS, name="v", page="runs", state={})[0] == 404

"""Run records and properties over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from runyard.server.settings import Settings
from tests.api.live_server import JSON, UNKNOWN_RUN, Client, live_server
from tests.api.people import People

RUNS = "/api/v1/runs"
INVALID = (400, "INVALID_PARAMETER_VALUE")
NOT_FOUND = (404, "RESOURCE_DOES_NOT_EXIST")


def create(server: Client, **fields: Any) -> Any:
    return server.ok("POST", RUNS, **fields)["run"]


def record(**fields: Any) -> dict[str, Any]:
    return {"uuid": uuid.uuid4().hex, "name": "n", "kind": "list", "logged_ms": 1, "body": {}, **fields}


def test_a_run_is_made_under_the_id_of_choice(server: Client) -> None:
    experiment = server.experiment()
    run_id = f"my-exp_1700000000_{uuid.uuid4().hex[:8]}"
    properties = {"ContentSnapshotId": "s"}
    made = create(
        server, experiment_id=experiment, run_id=run_id, name="r", tags={"camelCase": "v"},
        properties=properties, start_ms=5,
    )  # fmt: skip
    assert (made["info"]["run_id"], made["info"]["run_name"], made["info"]["start_time"]) == (run_id, "r", 5)
    stored = server.ok("GET", "runs/get", run_id=run_id)["run"]["data"]["tags"]
    assert {tag["key"]: tag["value"] for tag in stored} == {"camelCase": "v", "mlflow.runName": "r"}
    assert server.ok("GET", f"{RUNS}/{run_id}/properties") == {"properties": properties}
    assert create(server, experiment_id=experiment, run_id=run_id)["info"] == made["info"]
    assert server.fails("POST", RUNS, experiment_id=server.experiment(), run_id=run_id) == (
        400,
        "RESOURCE_ALREADY_EXISTS",
    )


def test_a_run_is_made_by_the_name_of_its_experiment(server: Client) -> None:
    name = server.name()
    experiment = server.experiment(name=name)
    assert create(server, experiment_name=name)["info"]["experiment_id"] == experiment
    assert server.fails("POST", RUNS, experiment_name=server.name()) == NOT_FOUND
    assert server.fails("POST", RUNS) == INVALID


def test_a_child_names_its_parent(server: Client) -> None:
    experiment = server.experiment()
    parent = server.run(experiment)
    child = create(server, experiment_id=experiment, parent_run_id=parent)
    assert {"key": "mlflow.parentRunId", "value": parent} in child["data"]["tags"]
    assert server.fails("POST", RUNS, experiment_id=experiment, parent_run_id=UNKNOWN_RUN) == NOT_FOUND


@pytest.mark.parametrize(
    "fields",
    [
        {"run_id": ""},
        {"run_id": "-a"},
        {"run_id": "a/b"},
        {"run_id": "a" * 256},
        {"start_ms": -1},
        {"tags": {"": "v"}},
        {"tags": {"k": "x" * 8_001}},
        {"properties": {"k" * 251: "v"}},
        {"properties": {"k": "a\x00b"}},
        {"properties": {str(number): "v" for number in range(101)}},
    ],
)
def test_a_bad_run_is_refused(server: Client, fields: Any) -> None:
    assert server.fails("POST", RUNS, experiment_id=server.experiment(), **fields) == INVALID


def test_records_keep_their_bodies_as_sent(server: Client) -> None:
    run_id = server.run()
    body = {"camelCase": None, "value": [1, 2.5, "ü", None, True], "\x00": {"$float": "nan"}}
    sent = [record(name=f"n{number}", body=body) for number in range(3)]
    for _ in range(2):
        server.ok("POST", f"{RUNS}/{run_id}/records", records=sent)
    first = server.ok("GET", f"{RUNS}/{run_id}/records", max_results=2)
    rest = server.ok("GET", f"{RUNS}/{run_id}/records", max_results=2, page_token=first["next_page_token"])
    assert first["items"] + rest["items"] == sent
    assert server.ok("GET", f"{RUNS}/{run_id}/records", name="n1")["items"] == [sent[1]]
    assert server.ok("GET", f"{RUNS}/{run_id}/records", kind="row") == {"items": []}


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": "unheard-of"},
        {"uuid": ""},
        {"uuid": "a/b"},
        {"name": ""},
        {"name": "x" * 501},
        {"name": "a\x00"},
        {"logged_ms": -1},
        {"body": [1]},
        {"body": {"value": float("nan")}},
    ],
)
def test_a_bad_record_is_refused_with_all_that_came_with_it(server: Client, bad: Any) -> None:
    run_id = server.run()
    assert server.fails("POST", f"{RUNS}/{run_id}/records", records=[record(), record(**bad)]) == INVALID
    assert server.ok("GET", f"{RUNS}/{run_id}/records")["items"] == []


def test_limits_of_records(server: Client) -> None:
    path = f"{RUNS}/{server.run()}/records"
    assert server.fails("POST", path, records=[record() for _ in range(1_001)]) == INVALID
    large = server.call("POST", path, {"records": [record(body={"x": "y" * 1024 * 1024})]})
    assert large.status == 413
    server.ok("POST", path, records=[record(body={"x": "y" * (1024 * 1024 - 8)})])
    assert server.fails("GET", path, max_results=1_001) == INVALID


def test_properties_are_set_once(server: Client) -> None:
    path = f"{RUNS}/{server.run()}/properties"
    server.ok("POST", path, properties={"someKey": "1", "B": "2"})
    server.ok("POST", path, properties={"someKey": "1"})
    assert server.fails("POST", path, properties={"someKey": "2"}) == (400, "RESOURCE_ALREADY_EXISTS")
    assert server.ok("GET", path) == {"properties": {"B": "2", "someKey": "1"}}


def test_properties_of_several_runs(server: Client) -> None:
    first, second = server.run(), server.run()
    server.ok("POST", f"{RUNS}/{first}/properties", properties={"a": "1"})
    found = server.ok("POST", "/api/v1/run-properties", run_ids=[second, UNKNOWN_RUN, first, first])["items"]
    assert sorted(found, key=lambda one: len(one["properties"])) == [
        {"run_id": second, "properties": {}},
        {"run_id": first, "properties": {"a": "1"}},
    ]
    assert server.fails("POST", "/api/v1/run-properties", run_ids=["x"] * 1_001) == INVALID


@pytest.mark.parametrize("path", ["records", "properties"])
def test_an_unknown_run_is_not_found(server: Client, path: str) -> None:
    assert server.fails("GET", f"{RUNS}/{UNKNOWN_RUN}/{path}") == NOT_FOUND
    body: dict[str, Any] = {"records": [], "properties": {}}
    assert server.fails("POST", f"{RUNS}/{UNKNOWN_RUN}/{path}", **body) == NOT_FOUND


def test_a_body_that_is_no_json_is_refused(server: Client) -> None:
    answer = server.send("POST", f"{RUNS}/{server.run()}/records", b"\xff", JSON)
    assert answer.status == 400


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, People]]:
    """A server that demands a credential, and its people."""
    data = tmp_path_factory.mktemp("closed")
    with live_server(data, Settings(data=str(data), auth="required")) as client:
        yield client, People(data)


SCOPE = "/subscriptions/default/resourceGroups/default/workspaces/default"


def test_a_role_in_one_experiment_is_good_for_its_runs_alone(closed: tuple[Client, People]) -> None:
    server, people = closed
    owner = server.also(token=people.token(people.add(("Owner", "/"))))
    mine, theirs = owner.experiment(name="mine"), owner.experiment(name="theirs")
    one = server.also(token=people.token(people.add(("Data Scientist", f"{SCOPE}/experiments/{mine}"))))
    run, other = owner.run(mine), owner.run(theirs)
    assert create(one, experiment_name="mine")["info"]["experiment_id"] == mine
    assert create(one, experiment_id=mine, parent_run_id=run)["info"]["experiment_id"] == mine
    one.ok("POST", f"{RUNS}/{run}/records", records=[record()])
    one.ok("POST", f"{RUNS}/{run}/properties", properties={"a": "b"})
    assert len(one.ok("GET", f"{RUNS}/{run}/records")["items"]) == 1
    assert one.ok("POST", "/api/v1/run-properties", run_ids=[run])["items"]
    for refused in (
        one.call("POST", RUNS, {"experiment_name": "theirs"}),
        one.call("POST", RUNS, {"experiment_id": theirs}),
        one.call("POST", RUNS, {"experiment_id": mine, "parent_run_id": other}),
        one.call("POST", f"{RUNS}/{other}/records", {"records": [record()]}),
        one.call("POST", f"{RUNS}/{other}/properties", {"properties": {"a": "b"}}),
        one.call("GET", f"{RUNS}/{other}/records"),
        one.call("GET", f"{RUNS}/{other}/properties"),
        one.call("POST", "/api/v1/run-properties", {"run_ids": [run, other]}),
    ):
        assert (refused.status, refused.json()["error_code"]) == NOT_FOUND


def test_a_role_that_is_denied_in_one_experiment(closed: tuple[Client, People]) -> None:
    server, people = closed
    owner = server.also(token=people.token(people.add(("Owner", "/"))))
    name = "denied"
    experiment = owner.experiment(name=name)
    deny = [("Data Scientist", f"{SCOPE}/experiments/{experiment}")]
    one = server.also(token=people.token(people.add(("Owner", "/"), deny=deny)))
    assert one.fails("POST", RUNS, experiment_name=name) == NOT_FOUND
    assert one.fails("POST", RUNS, experiment_id=experiment) == NOT_FOUND
    reader = people.add(("Reader", "/"), ("Data Scientist", f"{SCOPE}/experiments/{owner.experiment()}"))
    told = server.also(token=people.token(reader)).fails("POST", RUNS, experiment_name=name)
    assert told[1] == "PERMISSION_DENIED"


def test_a_run_id_of_another_workspace_tells_nothing(server: Client) -> None:
    server.ok("POST", "/api/v1/workspaces", name="records-2")
    elsewhere = server.also(base="/workspaces/records-2")
    run = elsewhere.run(elsewhere.experiment())
    for path in ("records", "properties"):
        assert server.fails("GET", f"{RUNS}/{run}/{path}") == NOT_FOUND
    assert server.ok("POST", "/api/v1/run-properties", run_ids=[run])["items"] == []
    assert server.fails("POST", RUNS, experiment_id=server.experiment(), parent_run_id=run) == NOT_FOUND
    made = create(server, experiment_id=server.experiment(), run_id=run)
    assert (
        made["info"]["run_id"],
        elsewhere.ok("GET", "runs/get", run_id=run)["run"]["info"] == made["info"],
    ) == (
        run,
        False,
    )

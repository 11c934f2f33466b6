"""Runs as a table over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runyard.wire.api import columns
from tests.api.live_server import JSON, UNKNOWN_EXPERIMENT, UNKNOWN_RUN, Answer, Client

INVALID = (400, "INVALID_PARAMETER_VALUE")
TABLE, ROWS = "/api/v1/runs/table", "/api/v1/runs/rows"


def ask(server: Client, path: str, headers: dict[str, str] | None = None, **fields: Any) -> Answer:
    return server.send("POST", path, json.dumps(fields).encode(), {**JSON, **(headers or {})})


def read(server: Client, path: str, **fields: Any) -> dict[str, Any]:
    answer = ask(server, path, **fields)
    assert answer.status == 200, answer.content
    assert answer.headers["content-type"] == columns.MEDIA
    return columns.unpack(answer.content)


def logged(server: Client, experiment: str, name: str, loss: float, lr: str) -> str:
    run = server.run(experiment, run_name=name, start_time=1_000)
    for step, value in enumerate((loss, loss / 2)):
        server.ok("POST", "runs/log-metric", run_id=run, key="loss", value=value, timestamp=1, step=step)
    server.ok("POST", "runs/log-parameter", run_id=run, key="lr", value=lr)
    return run


@pytest.fixture(scope="module")
def experiment(server: Client) -> str:
    made = server.experiment()
    for name, loss, lr in (("a", 4.0, "0.1"), ("b", 2.0, "0.1"), ("c", 8.0, "0.2")):
        logged(server, made, name, loss, lr)
    return made


def test_a_page_has_handles_and_columns_in_order(server: Client, experiment: str) -> None:
    answer = read(
        server,
        TABLE,
        experiment_ids=[experiment],
        order_by=["metrics.loss DESC"],
        columns={
            "metrics": [{"key": "loss"}, {"key": "loss", "stat": "max"}],
            "params": ["lr"],
            "tags": ["mlflow.runName", "none"],
        },
    )
    table = answer["table"]
    assert (table["n"], answer["total"], answer["next_page_token"]) == (3, 3, None)
    assert columns.read(answer["rows"]) == columns.read(table["handle"])
    assert columns.read(table["name"]) == ["c", "a", "b"]
    assert [columns.read(one) for one in table["metrics"]] == [[4.0, 2.0, 1.0], [8.0, 4.0, 2.0]]
    assert table["metric_columns"] == [{"key": "loss", "stat": "last"}, {"key": "loss", "stat": "max"}]
    assert [columns.read(one) for one in table["params"]] == [["0.2", "0.1", "0.1"]]
    assert [columns.read(one) for one in table["tags"]] == [["c", "a", "b"], [None] * 3]
    assert columns.read(table["experiment_id"]) == [experiment] * 3
    assert columns.read(table["status"]) == [1, 1, 1] and columns.read(table["stage"]) == [0, 0, 0]
    assert columns.read(table["start_ms"]) == [1_000] * 3 and columns.read(table["end_ms"]) == [None] * 3


def test_rows_by_handle_and_by_id_are_the_same(server: Client, experiment: str) -> None:
    page = read(server, TABLE, experiment_ids=[experiment], columns={"info": False})
    wanted = {"all_metrics": True, "all_params": True}
    handles = columns.read(page["rows"])[::-1]
    by_handle = read(server, ROWS, handles=handles, columns=wanted)["table"]
    assert by_handle["run_id"] == page["table"]["run_id"][::-1] and "name" not in page["table"]
    assert by_handle == read(server, ROWS, run_ids=by_handle["run_id"], columns=wanted)["table"]
    assert (by_handle["metric_columns"], by_handle["param_keys"]) == (
        [{"key": "loss", "stat": "last"}],
        ["lr"],
    )


def test_pages_follow_one_another(server: Client, experiment: str) -> None:
    found, token = [], None
    while True:
        page = read(
            server,
            TABLE,
            experiment_ids=[experiment],
            filter="params.lr = '0.1'",
            max_results=1,
            page_token=token,
        )
        found += columns.read(page["table"]["name"])
        token = page["next_page_token"]
        if token is None:
            break
    assert sorted(found) == ["a", "b"]


def test_who_has_the_answer_is_not_sent_it_again(server: Client) -> None:
    experiment = server.experiment()
    run = logged(server, experiment, "a", 1.0, "1")
    fields: dict[str, Any] = {"experiment_ids": [experiment], "columns": {"metrics": [{"key": "loss"}]}}
    tag = ask(server, TABLE, **fields).headers["etag"]
    again = ask(server, TABLE, {"If-None-Match": tag}, **fields)
    assert (again.status, again.content) == (304, b"")
    server.ok("POST", "runs/log-metric", run_id=run, key="loss", value=9, timestamp=9, step=9)
    changed = ask(server, TABLE, {"If-None-Match": tag}, **fields)
    assert changed.status == 200 and changed.headers["etag"] != tag


def test_the_whole_workspace_is_asked_by_naming_no_experiment(server: Client) -> None:
    server.ok("POST", "/api/v1/workspaces", name=(name := server.name("w")))
    inside = server.also(base=f"/workspaces/{name}")
    runs = {inside.run(), inside.run()}
    assert set(read(inside, TABLE)["table"]["run_id"]) == runs
    assert not runs & set(read(server, TABLE, max_results=20_000, rows=500)["table"]["run_id"])


def test_views(server: Client) -> None:
    experiment = server.experiment()
    kept, gone = server.run(experiment), server.run(experiment)
    server.ok("POST", "runs/delete", run_id=gone)
    for view, expected in (("active", {kept}), ("deleted", {gone}), ("all", {kept, gone})):
        found = read(server, TABLE, experiment_ids=[experiment], view=view)["table"]
        assert set(found["run_id"]) == expected


def test_what_is_not_there_is_left_out(server: Client, experiment: str) -> None:
    assert read(server, TABLE, experiment_ids=[UNKNOWN_EXPERIMENT])["table"]["n"] == 0
    assert read(server, ROWS, handles=[2**62, -1, 2**32])["table"]["n"] == 0
    assert read(server, ROWS, run_ids=[UNKNOWN_RUN, "x"])["table"]["n"] == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"filter": "metrics.loss >"},
        {"filter": "nothing.x = 1"},
        {"order_by": ["loss"]},
        {"order_by": "metrics.loss"},
        {"view": "some"},
        {"max_results": 0},
        {"max_results": 20_001},
        {"rows": -1},
        {"rows": 501},
        {"page_token": "x"},
        {"experiment_ids": ["a"]},
        {"experiment_ids": ["1"] * 10_001},
        {"columns": {"metrics": [{"key": "m", "stat": "median"}]}},
        {"columns": {"metrics": ["m"]}},
        {"columns": {"params": ["k"] * 1_001}},
        {"columns": {"params": ["a\0b"]}},
        {"columns": {"tags": ["k" * 501]}},
        {"columns": {"text_limit": 0}},
        {"columns": {"text_limit": 8_193}},
        {"columns": {"all_params": True, "text_limit": 8_192}},
    ],
)
def test_bad_tables_are_refused(server: Client, fields: dict[str, Any]) -> None:
    assert server.fails("POST", TABLE, **fields) == INVALID


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"handles": [], "run_ids": []},
        {"handles": [1], "run_ids": ["a"]},
        {"handles": list(range(1_001))},
        {"handles": ["x"]},
        {"handles": [2**63]},
        {"run_ids": ["a\0"]},
        {"handles": [1], "columns": {"tags": ["\0"]}},
    ],
)
def test_bad_rows_are_refused(server: Client, fields: dict[str, Any]) -> None:
    assert server.fails("POST", ROWS, **fields) == INVALID

"""Groups of runs over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runyard.wire.api import columns
from tests.api.live_server import JSON, Client
from tests.api.test_run_table import TABLE, ask, read
from tests.api.test_run_table_roles import Lab, lab  # noqa: F401

PATH = "/api/v1/runs/groups"
INVALID = (400, "INVALID_PARAMETER_VALUE")
BY = [{"kind": "param", "key": "lr"}]


@pytest.fixture(scope="module")
def experiment(server: Client) -> str:
    made = server.experiment()
    for lr, loss in (("0.1", 1.0), ("0.1", 3.0), ("0.2", 5.0)):
        run = server.run(made)
        server.ok("POST", "runs/log-parameter", run_id=run, key="lr", value=lr)
        server.ok("POST", "runs/log-metric", run_id=run, key="loss", value=loss, timestamp=1)
    return made


def test_groups_and_their_members(server: Client, experiment: str) -> None:
    found = read(server, PATH, experiment_ids=[experiment], by=BY, metrics=[{"key": "loss"}])
    assert (found["n"], found["total"], found["runs"], found["by"]) == (2, 2, 3, BY)
    assert columns.read(found["values"][0]) == ["0.1", "0.2"] and columns.read(found["count"]) == [2, 1]
    (loss,) = found["metrics"]
    assert (loss["key"], loss["stat"]) == ("loss", "last")
    assert columns.read(loss["mean"]) == [2.0, 5.0] and columns.read(loss["numbers"]) == [2, 1]
    assert columns.read(loss["min"]) == [1.0, 5.0] and columns.read(loss["max"]) == [3.0, 5.0]
    assert columns.read(loss["std"])[1] is None
    members = read(server, TABLE, experiment_ids=[experiment], filter=found["filter"][0])
    assert members["total"] == 2


def test_pages(server: Client, experiment: str) -> None:
    first = read(server, PATH, experiment_ids=[experiment], by=BY, max_results=1)
    second = read(
        server, PATH, experiment_ids=[experiment], by=BY, max_results=1, page_token=first["next_page_token"]
    )
    assert columns.read(second["values"][0]) == ["0.2"] and second["next_page_token"] is None


def test_who_has_the_answer_is_not_sent_it_again(server: Client, experiment: str) -> None:
    fields: dict[str, Any] = {"experiment_ids": [experiment], "by": BY}
    tag = ask(server, PATH, None, **fields).headers["etag"]
    assert ask(server, PATH, {"If-None-Match": tag}, **fields).status == 304


def test_what_is_closed_is_not_grouped(lab: Lab) -> None:  # noqa: F811
    for client in (lab.guest, lab.barred):
        assert read(client, PATH, by=BY)["runs"] == 1
        assert ask(client, PATH, None, by=BY, experiment_ids=[lab.closed]).status == 404
    assert read(lab.owner, PATH, by=BY)["runs"] == 2
    body = json.dumps({"by": BY}).encode()
    assert lab.owner.with_headers({}).send("POST", PATH, body, JSON).status == 401


@pytest.mark.parametrize(
    "fields",
    [
        {"by": []},
        {"by": None},
        {"by": BY * 2},
        {"by": [{"kind": "param", "key": f"k{n}"} for n in range(4)]},
        {"by": [{"kind": "metric", "key": "m"}]},
        {"by": [{"kind": "param"}]},
        {"by": [{"kind": "param", "key": "\0"}]},
        {"metrics": [{"key": "m"}] * 51},
        {"metrics": [{"key": "m", "stat": "median"}]},
        {"metrics": [{"key": "m" * 501}]},
        {"filter": "metrics."},
        {"view": "none"},
        {"max_results": 0},
        {"max_results": 1_001},
        {"page_token": "x"},
        {"experiment_ids": ["x"]},
    ],
)
def test_bad_requests(server: Client, fields: dict[str, Any]) -> None:
    assert server.fails("POST", PATH, **{"by": BY, **fields}) == INVALID

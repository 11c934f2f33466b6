"""POST runs/search over HTTP, below both prefixes. The grammar itself is tested in tests/unit/store/search."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.live_server import UNKNOWN_EXPERIMENT, Client

INVALID = (400, "INVALID_PARAMETER_VALUE")


def names(answer: Any) -> list[str]:
    return [run["info"]["run_name"] for run in answer.get("runs", [])]


def search(api: Client, experiment: str, **fields: Any) -> Any:
    return api.ok("POST", "runs/search", experiment_ids=[experiment], **fields)


@pytest.fixture
def experiment(api: Client) -> str:
    """Three runs: loss 0.3, 0.2, 0.1; depth 1, 2, 3; the last one failed."""
    made = api.experiment()
    for number in (1, 2, 3):
        run = api.run(made, run_name=f"r{number}", start_time=number * 1_000)
        points = [
            {"key": "loss", "value": value, "timestamp": 1, "step": step}
            for step, value in enumerate((9, 0.4 - number / 10))
        ]
        params, tags = [{"key": "depth", "value": str(number)}], [{"key": "team name", "value": "vision"}]
        api.ok("POST", "runs/log-batch", run_id=run, metrics=points, params=params, tags=tags)
        api.ok(
            "POST", "runs/update", run_id=run, status="FAILED" if number == 3 else "FINISHED", end_time=9_999
        )
    return made


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("", ["r3", "r2", "r1"]),
        ("metrics.loss < 0.25", ["r3", "r2"]),
        ("metrics.loss < 0.25 and params.depth = '2'", ["r2"]),
        ("params.depth != '2'", ["r3", "r1"]),
        ("metrics.loss < 0.25 and", ["r3", "r2"]),
        ("run_id IN ('a', 'b')", []),
        ("run_id NOT IN ('a', 'b')", ["r3", "r2", "r1"]),
        ("tags.`team name` = 'vision'", ["r3", "r2", "r1"]),
        ("tags.`team name` ILIKE 'VIS%'", ["r3", "r2", "r1"]),
        ("attributes.status = 'FAILED'", ["r3"]),
        ("attributes.start_time >= 2000", ["r3", "r2"]),
        ("run_name = 'r1'", ["r1"]),
        ("metrics.`loss`.max > 8", ["r3", "r2", "r1"]),
        ("metrics.absent > 0", []),
    ],
)
def test_filters(api: Client, experiment: str, clause: str, expected: list[str]) -> None:
    assert names(search(api, experiment, filter=clause)) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ([], ["r3", "r2", "r1"]),
        (["attributes.start_time ASC"], ["r1", "r2", "r3"]),
        (["metrics.loss"], ["r3", "r2", "r1"]),
        (["params.depth DESC"], ["r3", "r2", "r1"]),
        (["tags.`team name`", "run_name"], ["r1", "r2", "r3"]),
        (["metrics.absent", "run_name"], ["r1", "r2", "r3"]),
    ],
)
def test_orders(api: Client, experiment: str, order: list[str], expected: list[str]) -> None:
    assert names(search(api, experiment, order_by=order)) == expected


def test_a_found_run_is_the_same_as_a_fetched_one(api: Client, experiment: str) -> None:
    found = search(api, experiment)["runs"][0]
    fetched = api.ok("GET", "runs/get", run_id=found["info"]["run_id"])["run"]
    assert (found["info"], found["data"]) == (fetched["info"], fetched["data"])


def test_pages_hold_each_run_once_while_runs_are_added(api: Client, experiment: str) -> None:
    found: list[str] = []
    token = ""
    while True:
        answer = search(api, experiment, max_results=1, **({"page_token": token} if token else {}))
        found += names(answer)
        api.run(experiment, start_time=99_000 + len(found), run_name="late")
        token = answer.get("next_page_token", "")
        if not token:
            break
    assert found == ["r3", "r2", "r1"]


def test_a_token_is_bound_to_its_search(api: Client, experiment: str) -> None:
    token = search(api, experiment, max_results=1)["next_page_token"]
    other = {"experiment_ids": [experiment], "max_results": 1, "page_token": token, "order_by": ["run_name"]}
    assert api.fails("POST", "runs/search", **other) == INVALID


@pytest.mark.parametrize(
    ("view", "expected"), [("ACTIVE_ONLY", 2), ("DELETED_ONLY", 1), ("ALL", 3), (2, 1), (None, 2)]
)
def test_view_types(api: Client, experiment: str, view: Any, expected: int) -> None:
    api.ok("POST", "runs/delete", run_id=search(api, experiment)["runs"][0]["info"]["run_id"])
    fields = {} if view is None else {"run_view_type": view}
    assert len(names(search(api, experiment, **fields))) == expected


def test_several_experiments_are_searched_and_unknown_ones_ignored(api: Client, experiment: str) -> None:
    other = api.experiment()
    api.run(other, run_name="elsewhere", start_time=1)
    ids = [experiment, other, UNKNOWN_EXPERIMENT]
    assert names(api.ok("POST", "runs/search", experiment_ids=ids)) == ["r3", "r2", "r1", "elsewhere"]


@pytest.mark.parametrize("fields", [{}, {"experiment_ids": []}, {"experiment_ids": [UNKNOWN_EXPERIMENT]}])
def test_nothing_found_is_an_empty_object(api: Client, fields: dict[str, Any]) -> None:
    assert api.ok("POST", "runs/search", **fields) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"experiment_ids": ["x"]},
        {"experiment_ids": "0"},
        {"experiment_ids": [None]},
        {"max_results": 0},
        {"max_results": -1},
        {"max_results": 50_001},
        {"max_results": 2**31},
        {"run_view_type": "SOME"},
        {"page_token": "made up"},
        {"order_by": "run_name"},
        {"order_by": ["nothing.loss"]},
        {"order_by": ["metrics.loss SIDEWAYS"]},
        {"filter": 5.5},
        {"filter": "metrics.loss"},
        {"filter": "metrics.loss > 'text'"},
        {"filter": "params.depth > 5"},
        {"filter": "params.depth = 5"},
        {"filter": "status = 'a' OR status = 'b'"},
        {"filter": "attributes.nothing = 'x'"},
        {"filter": "params.depth IN ('1', '3')"},
        {"filter": "'; DROP TABLE runs; --"},
    ],
    ids=repr,
)
def test_refused(api: Client, wrong: dict[str, Any]) -> None:
    assert api.fails("POST", "runs/search", **{"experiment_ids": ["0"], **wrong}) == INVALID


def test_there_is_no_get(api: Client) -> None:
    assert api.fails("GET", "runs/search") == (405, "ENDPOINT_NOT_FOUND")

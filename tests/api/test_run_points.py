"""All points of a run over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.live_server import UNKNOWN_RUN, Client

INVALID = (400, "INVALID_PARAMETER_VALUE")


def path(run: str) -> str:
    return f"/api/v1/runs/{run}/points"


def logged(server: Client, **series: list[Any]) -> str:
    run = server.run()
    for name, values in series.items():
        points = [
            {"key": name, "value": value, "timestamp": 100 + at, "step": at}
            for at, value in enumerate(values)
        ]
        server.ok("POST", "runs/log-batch", run_id=run, metrics=points)
    return run


def read(server: Client, run: str, size: int) -> tuple[dict[str, list[Any]], int]:
    """Values by name, and the number of pages."""
    found: dict[str, list[Any]] = {}
    token: dict[str, str] = {}
    pages = 0
    while True:
        page = server.ok("GET", path(run), max_results=size, **token)
        pages += 1
        for part in page["items"]:
            assert len(part["steps"]) == len(part["timestamps"]) == len(part["values"])
            found.setdefault(part["name"], []).extend(part["values"])
        if "next_page_token" not in page:
            return found, pages
        token = {"page_token": page["next_page_token"]}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
def test_every_point_comes_once_in_its_order(server: Client, size: int) -> None:
    series: dict[str, list[Any]] = {
        "b c": [1.0, 2.0, 3.0, 4.0],
        "a": [0.5],
        "ünï/x": ["NaN", 2.0],
        "z": [9.0, 8.0],
    }
    run = logged(server, **series)
    found, pages = read(server, run, size)
    assert found == series and list(found) == sorted(series)
    assert pages >= 9 // size


def test_columns(server: Client) -> None:
    run = logged(server, m=[1.5, 2.5])
    assert server.ok("GET", path(run)) == {
        "items": [{"name": "m", "steps": [0, 1], "timestamps": [100, 101], "values": [1.5, 2.5]}]
    }


def test_a_page_holds_at_most_1000_series(server: Client) -> None:
    run = server.run()
    for start in (0, 1_000, 2_000):
        points = [
            {"key": f"m{number}", "value": 1, "timestamp": 1, "step": 0}
            for number in range(start, start + 1_000)
        ]
        server.ok("POST", "runs/log-batch", run_id=run, metrics=points)
    assert [len(part) for part in read(server, run, 5_000)[:1]] == [3_000]
    assert read(server, run, 5_000)[1] == 3


def test_points_that_came_twice_do_not_end_a_page_early_for_good(server: Client) -> None:
    """What a series says that it has may be too much until it is looked at again."""
    run = server.run()
    points = [{"key": "a", "value": 1, "timestamp": 100 - at, "step": at} for at in range(5)]
    for _ in range(3):
        server.ok("POST", "runs/log-batch", run_id=run, metrics=points)
    server.ok("POST", "runs/log-batch", run_id=run, metrics=[{**points[0], "key": "b"}])
    for size in (1, 5, 6, 14):
        found, _ = read(server, run, size)
        assert {name: len(values) for name, values in found.items()} == {"a": 5, "b": 1}


def test_a_run_without_points(server: Client) -> None:
    assert server.ok("GET", path(server.run())) == {"items": []}


def test_what_is_refused(server: Client) -> None:
    run = server.run()
    assert server.fails("GET", path(UNKNOWN_RUN)) == (404, "RESOURCE_DOES_NOT_EXIST")
    for size in (0, -1, 50_001):
        assert server.fails("GET", path(run), max_results=size) == INVALID
    for token in ("x", "eyJhIjogMX0=", "ü"):
        assert server.fails("GET", path(run), page_token=token) == INVALID

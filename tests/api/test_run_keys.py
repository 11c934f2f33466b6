"""The names in runs over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.live_server import UNKNOWN_EXPERIMENT, Client

INVALID = (400, "INVALID_PARAMETER_VALUE")
KEYS, VALUES = "/api/v1/runs/keys", "/api/v1/runs/values"


@pytest.fixture(scope="module")
def experiment(server: Client) -> str:
    made = server.experiment()
    for lr in ("0.1", "0.2", "0.1"):
        run = server.run(made)
        server.ok("POST", "runs/log-parameter", run_id=run, key="lr", value=lr)
        server.ok("POST", "runs/log-metric", run_id=run, key="loss", value=1, timestamp=1)
    return made


def test_keys(server: Client, experiment: str) -> None:
    answer = server.ok("POST", KEYS, experiment_ids=[experiment], kinds=["metric", "param"])
    expected = [{"kind": "metric", "key": "loss"}, {"kind": "param", "key": "lr"}]
    assert answer == {"items": expected, "next_page_token": None, "whole": True}
    first = server.ok("POST", KEYS, experiment_ids=[experiment], kinds=["metric", "param"], max_results=1)
    token = first["next_page_token"]
    rest = server.ok("POST", KEYS, experiment_ids=[experiment], kinds=["metric", "param"], page_token=token)
    assert first["items"] + rest["items"] == expected
    assert server.ok("POST", KEYS, experiment_ids=[UNKNOWN_EXPERIMENT])["items"] == []


def test_values(server: Client, experiment: str) -> None:
    answer = server.ok("POST", VALUES, experiment_ids=[experiment], kind="param", key="lr")
    assert answer == {"items": ["0.1", "0.2"], "more": False, "whole": True}
    some = server.ok("POST", VALUES, experiment_ids=[experiment], kind="param", key="lr", prefix="0.2")
    assert some["items"] == ["0.2"]


@pytest.mark.parametrize(
    "fields",
    [
        {"kinds": []},
        {"kinds": ["dataset"]},
        {"max_results": 0},
        {"max_results": 1_001},
        {"page_token": "x"},
        {"prefix": "a\0"},
        {"prefix": "a" * 501},
        {"experiment_ids": ["x"]},
    ],
)
def test_bad_requests_for_keys(server: Client, fields: dict[str, Any]) -> None:
    assert server.fails("POST", KEYS, **fields) == INVALID


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "metric"},
        {"kind": None},
        {"key": None},
        {"key": "\0"},
        {"prefix": "\0"},
        {"max_results": 201},
        {"max_results": -1},
        {"experiment_ids": ["x"]},
    ],
)
def test_bad_requests_for_values(server: Client, fields: dict[str, Any]) -> None:
    assert server.fails("POST", VALUES, **{"kind": "param", "key": "k", **fields}) == INVALID

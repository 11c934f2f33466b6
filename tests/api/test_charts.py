"""Charts over HTTP."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from runyard.wire.api import columns
from tests.api.live_server import JSON, UNKNOWN_RUN, Answer, Client

INVALID = (400, "INVALID_PARAMETER_VALUE")
SERIES, GROUPS = "/api/v1/charts/series", "/api/v1/charts/groups"


def logged(server: Client, key: str, values: list[Any], run: str | None = None) -> str:
    run = run or server.run(start_time=1_000)
    points = [
        {"key": key, "value": value, "timestamp": 1_100 + at, "step": at} for at, value in enumerate(values)
    ]
    for start in range(0, len(points), 1_000):
        server.ok("POST", "runs/log-batch", run_id=run, metrics=points[start : start + 1_000])
    return run


def ask(server: Client, path: str, headers: Any = None, **fields: Any) -> Answer:
    return server.send("POST", path, json.dumps(fields).encode(), {**JSON, **(headers or {})})


def unpacked(answer: Answer) -> dict[str, Any]:
    """The answer with its columns as lists."""
    assert answer.status == 200, answer.content
    assert answer.headers["content-type"] == columns.MEDIA
    body = answer.content
    found = columns.unpack(gzip.decompress(body) if "content-encoding" in answer.headers else body)
    for one in found.get("series") or found.get("bands") or []:
        for name, value in one.items():
            if isinstance(value, dict):
                one[name] = columns.read(value)
    return found


def test_few_points_are_given_as_they_are(server: Client) -> None:
    first = logged(server, "loss", [3.0, "NaN", "-Infinity"])
    second = logged(server, "acc", [0.5])
    found = unpacked(
        ask(server, SERIES, run_ids=[second, UNKNOWN_RUN, first, second], metrics=["loss", "acc"])
    )
    series = found.pop("series")
    assert found == {
        "x": "step",
        "x_metric": None,
        "buckets": 800,
        "runs": [second, first],
        "metrics": ["loss", "acc"],
    }
    alike = {"stored": 1, "in_range": 1, "exact": True, "x": [0.0]}
    assert series == [
        {**alike, "run": 0, "metric": 1, "last": [0.5]},
        {
            "run": 1,
            "metric": 0,
            "stored": 3,
            "in_range": 3,
            "exact": True,
            "x": [0.0, 1.0, 2.0],
            "last": [3.0, None, -float("inf")],
            "nans": [0, 1, 0],
        },
    ]


def test_many_points_come_in_buckets(server: Client) -> None:
    run = logged(server, "loss", [float(at % 10) for at in range(5_000)])
    (series,) = unpacked(ask(server, SERIES, run_ids=[run], metrics=["loss"], buckets=50))["series"]
    assert (series["stored"], series["in_range"], series["exact"]) == (5_000, 5_000, False)
    assert series["x"] == [100.0 * at for at in range(50)]
    assert series["x_last"] == [100.0 * at + 99 for at in range(50)]
    assert series["count"] == [100] * 50 and series["mean"] == [4.5] * 50 and "nans" not in series
    assert (series["min"], series["max"], series["last"]) == ([0.0] * 50, [9.0] * 50, [9.0] * 50)
    part = {"run_ids": [run], "metrics": ["loss"], "buckets": 50, "start": 100, "end": 149.5}
    (series,) = unpacked(ask(server, SERIES, **part))["series"]
    assert series["exact"] and series["x"] == [float(at) for at in range(100, 150)]
    assert (series["stored"], series["in_range"]) == (5_000, 50)


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({}, [0.0, 1.0, 2.0]),
        ({"x": "time"}, [1_100.0, 1_101.0, 1_102.0]),
        ({"x": "relative"}, [100.0, 101.0, 102.0]),
        ({"x": "relative", "start": 101}, [101.0, 102.0]),
        ({"x": "time", "start": 1_100.5, "end": 1_101.5}, [1_101.0]),
        ({"x": "time", "start": 5e3}, []),
        ({"x_metric": "epoch"}, [0.0, 0.5, 1.0]),
        ({"x_metric": "epoch", "end": 0.5}, [0.0, 0.5]),
    ],
)
def test_axes(server: Client, fields: dict[str, Any], places: list[float]) -> None:
    run = logged(server, "loss", [1.0, 2.0, 3.0])
    logged(server, "epoch", [0.0, 0.5, 1.0, 1.5], run)
    (series,) = unpacked(ask(server, SERIES, run_ids=[run], metrics=["loss"], **fields))["series"]
    assert series["x"] == places


def test_groups(server: Client) -> None:
    runs = [logged(server, "loss", [value, value + 1]) for value in (1.0, 3.0)]
    groups = [
        {"name": "both", "run_ids": runs},
        {"name": "none", "run_ids": [UNKNOWN_RUN]},
        {"name": "one", "run_ids": runs[:1]},
    ]
    found = unpacked(ask(server, GROUPS, groups=groups, metrics=["loss"], buckets=2))
    assert found["groups"] == ["both", "none", "one"]
    both, one = found["bands"]
    assert both == {
        "group": 0,
        "metric": 0,
        "x": [0.0, 1.0],
        "mean": [2.0, 3.0],
        "min": [1.0, 2.0],
        "max": [3.0, 4.0],
        "std": [1.0, 1.0],
        "n": [2, 2],
    }
    assert (one["group"], one["std"], one["n"]) == (2, [0.0, 0.0], [1, 1])


@pytest.mark.parametrize("path", [SERIES, GROUPS])
def test_who_has_the_chart_is_sent_it_again_only_after_a_change(server: Client, path: str) -> None:
    run = logged(server, "loss", [1.0, 2.0])
    fields: dict[str, Any] = {"metrics": ["loss"]}
    fields |= {"run_ids": [run]} if path == SERIES else {"groups": [{"name": "g", "run_ids": [run]}]}
    first = ask(server, path, **fields)
    tag = first.headers["etag"]
    again = ask(server, path, {"If-None-Match": tag}, **fields)
    assert (again.status, again.content, again.headers["etag"]) == (304, b"", tag)
    assert ask(server, path, {"If-None-Match": tag}, **fields, buckets=7).status == 200
    assert ask(server, path, {"If-None-Match": tag}, **{**fields, "metrics": ["acc"]}).status == 200
    server.ok("POST", "runs/log-metric", run_id=run, key="loss", value=9, timestamp=2_000, step=2)
    changed = ask(server, path, {"If-None-Match": tag}, **fields)
    assert changed.status == 200 and changed.headers["etag"] != tag
    key = "last" if path == SERIES else "mean"
    (one,) = (unpacked(changed)[name] for name in ("series", "bands") if name in unpacked(changed))
    assert one[0][key] == [1.0, 2.0, 9.0]


def test_a_long_chart_is_compressed_for_who_asks(server: Client) -> None:
    run = logged(server, "loss", [1.0] * 1_500)
    plain = ask(server, SERIES, run_ids=[run], metrics=["loss"])
    short = ask(server, SERIES, {"Accept-Encoding": "gzip"}, run_ids=[run], metrics=["loss"])
    assert short.headers["content-encoding"] == "gzip" and len(short.content) < len(plain.content) / 3
    assert unpacked(short) == unpacked(plain)


@pytest.mark.parametrize(
    "fields",
    [
        {"run_ids": []},
        {"run_ids": None},
        {"run_ids": "x"},
        {"run_ids": [1]},
        {"run_ids": ["a\0"]},
        {"run_ids": [f"{at:032x}" for at in range(1_001)]},
        {"run_ids": [f"{at:032x}" for at in range(1_000)], "metrics": ["a", "b", "c"]},
        {"metrics": []},
        {"metrics": ["a\0"]},
        {"metrics": ["a", "a"]},
        {"metrics": [f"m{at}" for at in range(51)]},
        {"x": "metric"},
        {"x": 1},
        {"x_metric": "a\0"},
        {"start": "x"},
        {"start": float("nan")},
        {"end": float("inf")},
        {"start": 2, "end": 1},
        {"buckets": 0},
        {"buckets": 4_001},
        {"buckets": 1e30},
    ],
)
def test_bad_requests(server: Client, fields: dict[str, Any]) -> None:
    good: dict[str, Any] = {"run_ids": [UNKNOWN_RUN], "metrics": ["loss"]}
    assert ask(server, SERIES, **good).status == 200
    assert server.fails("POST", SERIES, **{**good, **fields}) == INVALID
    if "run_ids" in fields:
        fields = {**fields, "groups": [{"name": "g", "run_ids": fields["run_ids"]}]}
        del fields["run_ids"]
    grouped: dict[str, Any] = {"groups": [{"run_ids": [UNKNOWN_RUN]}], "metrics": ["loss"]}
    assert ask(server, GROUPS, **grouped).status == 200
    assert server.fails("POST", GROUPS, **{**grouped, **fields}) == INVALID


@pytest.mark.parametrize("groups", [[], [{}], ["x"], "x", [{"run_ids": [UNKNOWN_RUN]}] * 201])
def test_bad_groups(server: Client, groups: Any) -> None:
    assert server.fails("POST", GROUPS, groups=groups, metrics=["loss"]) == INVALID


def test_many_series_have_fewer_buckets_each(server: Client) -> None:
    run_ids = [f"{at:032x}" for at in range(1_000)]
    found = unpacked(ask(server, SERIES, run_ids=run_ids, metrics=["a", "b"], buckets=4_000))
    assert (found["buckets"], found["runs"], found["series"]) == (500, [], [])


@pytest.mark.parametrize("place", [-(2**63), 2**63 - 1])
def test_steps_and_times_may_be_huge(server: Client, place: int) -> None:
    run = server.run(start_time=-(2**62))
    for at in (place, 0):
        server.ok("POST", "runs/log-metric", run_id=run, key="m", value=1, timestamp=max(at, 5), step=at)
    for axis in ("step", "time", "relative"):
        for buckets in (1, 800):
            (series,) = unpacked(ask(server, SERIES, run_ids=[run], metrics=["m"], x=axis, buckets=buckets))[
                "series"
            ]
            assert series["in_range"] == 2 and 1 <= len(series["x"]) <= 2
        part = {"start": -1e300, "end": 1e300}
        (series,) = unpacked(ask(server, SERIES, run_ids=[run], metrics=["m"], x=axis, **part))["series"]
        assert series["in_range"] == 2
        grouped = {"groups": [{"run_ids": [run]}], "metrics": ["m"], "x": axis, "buckets": 3}
        assert unpacked(ask(server, GROUPS, **grouped))["bands"][0]["n"][0] == 1

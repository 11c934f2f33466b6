"""Logging to a run over HTTP, below both prefixes: metrics, params, tags, batches."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.live_server import JSON, UNKNOWN_RUN, Client

NOT_FOUND = (404, "RESOURCE_DOES_NOT_EXIST")
INVALID = (400, "INVALID_PARAMETER_VALUE")
LARGEST = 1.7976931348623157e308
BAD_KEYS = ["", "k" * 251, "a\tb", "a\nb", "a$b", "../k", "a/../b", "/k", "a//b", ".", "a/", "é\x00"]


def data_of(api: Client, run: str) -> Any:
    return api.ok("GET", "runs/get", run_id=run)["run"]["data"]


def metric(api: Client, run: str, key: str = "m") -> Any:
    return next(one for one in data_of(api, run)["metrics"] if one["key"] == key)


def log(api: Client, run: str, value: Any, timestamp: int = 1, step: int = 0, key: str = "m") -> Any:
    return api.ok("POST", "runs/log-metric", run_id=run, key=key, value=value, timestamp=timestamp, step=step)


def history(api: Client, run: str, key: str = "m") -> list[Any]:
    answer: list[Any] = api.ok("GET", "metrics/get-history", run_id=run, metric_key=key).get("metrics", [])
    return answer


class TestMetrics:
    def test_the_last_by_step_then_time_then_value_is_the_latest(self, api: Client) -> None:
        run = api.run()
        for step, timestamp, value in ((1, 5, 0.5), (2, 1, 0.25), (2, 3, 0.125), (2, 3, 0.75), (0, 99, 9)):
            assert log(api, run, value, timestamp, step) == {}
        assert metric(api, run) == {"key": "m", "value": 0.75, "timestamp": 3, "step": 2}

    def test_a_repeated_point_is_stored_once(self, api: Client) -> None:
        run = api.run()
        for _ in range(3):
            log(api, run, 1.5, 7, 3)
        assert history(api, run) == [{"key": "m", "value": 1.5, "timestamp": 7, "step": 3}]

    def test_a_step_that_is_not_sent_is_zero(self, api: Client) -> None:
        run = api.run()
        api.ok("POST", "runs/log-metric", run_id=run, key="m", value=1, timestamp=1)
        assert metric(api, run)["step"] == 0

    @pytest.mark.parametrize(
        ("sent", "stored"),
        [
            ("1.5", 1.5),
            ('"1.5"', 1.5),
            ('"1e3"', 1_000.0),
            ("-0.0", 0.0),
            ("5e-324", 5e-324),
            ('"NaN"', "NaN"),
            ("NaN", "NaN"),
            ('"Infinity"', LARGEST),
            ('"-Infinity"', -LARGEST),
            ("Infinity", LARGEST),
        ],
    )
    def test_values_in_every_spelling(self, api: Client, sent: str, stored: Any) -> None:
        run = api.run()
        body = f'{{"run_id": "{run}", "key": "m", "value": {sent}, "timestamp": 1}}'
        answer = api.send("POST", f"{api.prefix}/2.0/mlflow/runs/log-metric", body.encode(), JSON)
        assert answer.status == 200, answer.content
        assert metric(api, run)["value"] == stored

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("timestamp", "12"),
            ("timestamp", 12.0),
            ("step", "12"),
            ("step", 12.0),
            ("step", -12),
            ("step", 2**63 - 1),
        ],
    )
    def test_integers_in_every_spelling(self, api: Client, name: str, value: Any) -> None:
        run = api.run()
        fields = {"timestamp": 1, "step": 0, name: value}
        api.ok("POST", "runs/log-metric", run_id=run, key="m", value=1, **fields)
        assert metric(api, run)[name] == int(value)

    def test_lower_camel_case_names_are_accepted(self, api: Client) -> None:
        run = api.run()
        api.ok("POST", "runs/log-metric", runId=run, key="m", value=1, timestamp=1)
        api.ok("POST", "runs/log-metric", runUuid=run, key="n", value=1, timestamp=1)
        assert {one["key"] for one in data_of(api, run)["metrics"]} == {"m", "n"}

    def test_json_inside_a_json_string_is_accepted(self, api: Client) -> None:
        run = api.run()
        inner = json.dumps({"run_id": run, "key": "m", "value": 1, "timestamp": 1})
        target = f"{api.prefix}/2.0/mlflow/runs/log-metric"
        assert api.send("POST", target, json.dumps(inner).encode(), JSON).status == 200
        assert metric(api, run)["value"] == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            {"value": None},
            {"value": "much"},
            {"value": []},
            {"value": {}},
            {"timestamp": None},
            {"timestamp": -1},
            {"timestamp": 1.5},
            {"timestamp": 2**63},
            {"timestamp": "today"},
            {"step": 1.5},
            {"step": 2**63},
            {"step": -(2**63) - 1},
            {"step": "last"},
            {"key": None},
            {"key": 5.5},
            {"run_id": None},
            *({"key": key} for key in BAD_KEYS),
        ],
        ids=repr,
    )
    def test_refused(self, api: Client, wrong: dict[str, Any]) -> None:
        fields = {"run_id": api.run(), "key": "m", "value": 1, "timestamp": 1, **wrong}
        assert api.fails("POST", "runs/log-metric", **fields) == INVALID

    def test_an_unknown_run_is_not_found(self, api: Client) -> None:
        fields = {"run_id": UNKNOWN_RUN, "key": "m", "value": 1, "timestamp": 1}
        assert api.fails("POST", "runs/log-metric", **fields) == NOT_FOUND


class TestParams:
    def test_a_param_is_set_once(self, api: Client) -> None:
        run = api.run()
        for _ in range(2):
            assert api.ok("POST", "runs/log-parameter", run_id=run, key="p", value="1") == {}
        assert api.fails("POST", "runs/log-parameter", run_id=run, key="p", value="2") == INVALID
        assert data_of(api, run)["params"] == [{"key": "p", "value": "1"}]

    def test_an_absent_value_is_empty(self, api: Client) -> None:
        run = api.run()
        api.ok("POST", "runs/log-parameter", run_id=run, key="p")
        assert data_of(api, run)["params"] == [{"key": "p", "value": ""}]

    def test_a_long_value_is_cut_at_6000(self, api: Client) -> None:
        run = api.run()
        for _ in range(2):
            api.ok("POST", "runs/log-parameter", run_id=run, key="p", value="ü" * 6_001)
        assert data_of(api, run)["params"][0]["value"] == "ü" * 6_000

    @pytest.mark.parametrize(
        "wrong",
        [
            {"value": []},
            {"value": {}},
            {"value": "a\x00"},
            {"key": None},
            *({"key": key} for key in BAD_KEYS),
        ],
        ids=repr,
    )
    def test_refused(self, api: Client, wrong: dict[str, Any]) -> None:
        fields = {"run_id": api.run(), "key": "p", "value": "v", **wrong}
        assert api.fails("POST", "runs/log-parameter", **fields) == INVALID

    def test_an_unknown_run_is_not_found(self, api: Client) -> None:
        assert api.fails("POST", "runs/log-parameter", run_id=UNKNOWN_RUN, key="p", value="v") == NOT_FOUND


class TestTags:
    def test_a_tag_is_overwritten_and_deleted(self, api: Client) -> None:
        run = api.run(run_name="n")
        for value in ("a", "b", "b"):
            assert api.ok("POST", "runs/set-tag", run_id=run, key="t", value=value) == {}
        assert {"key": "t", "value": "b"} in data_of(api, run)["tags"]
        assert api.ok("POST", "runs/delete-tag", run_id=run, key="t") == {}
        assert data_of(api, run)["tags"] == [{"key": "mlflow.runName", "value": "n"}]

    def test_the_tag_of_the_name_renames_the_run(self, api: Client) -> None:
        run = api.run(run_name="before")
        api.ok("POST", "runs/set-tag", run_id=run, key="mlflow.runName", value="after")
        assert api.ok("GET", "runs/get", run_id=run)["run"]["info"]["run_name"] == "after"

    def test_a_long_value_is_cut_at_8000(self, api: Client) -> None:
        run = api.run()
        api.ok("POST", "runs/set-tag", run_id=run, key="t", value="😀" * 8_001)
        assert {"key": "t", "value": "😀" * 8_000} in data_of(api, run)["tags"]

    @pytest.mark.parametrize(
        "wrong",
        [{"value": []}, {"value": "a\x00"}, {"key": None}, *({"key": key} for key in BAD_KEYS)],
        ids=repr,
    )
    def test_refused(self, api: Client, wrong: dict[str, Any]) -> None:
        fields = {"run_id": api.run(), "key": "t", "value": "v", **wrong}
        assert api.fails("POST", "runs/set-tag", **fields) == INVALID

    def test_unknown_runs_and_tags_are_not_found(self, api: Client) -> None:
        assert api.fails("POST", "runs/set-tag", run_id=UNKNOWN_RUN, key="t", value="v") == NOT_FOUND
        assert api.fails("POST", "runs/delete-tag", run_id=UNKNOWN_RUN, key="t") == NOT_FOUND
        assert api.fails("POST", "runs/delete-tag", run_id=api.run(), key="absent") == NOT_FOUND
        assert api.fails("POST", "runs/delete-tag", key="t") == INVALID


def points(count: int) -> list[dict[str, Any]]:
    return [
        {"key": f"m{number % 7}", "value": number, "timestamp": number, "step": number}
        for number in range(count)
    ]


def pairs(count: int) -> list[dict[str, str]]:
    return [{"key": f"k{number}", "value": str(number)} for number in range(count)]


class TestBatches:
    def test_everything_of_a_batch_is_stored(self, api: Client) -> None:
        run = api.run()
        assert (
            api.ok("POST", "runs/log-batch", run_id=run, metrics=points(20), params=pairs(3), tags=pairs(2))
            == {}
        )
        data = data_of(api, run)
        assert (len(data["metrics"]), len(data["params"])) == (7, 3)
        assert {"key": "k1", "value": "1"} in data["tags"]
        assert [one["step"] for one in history(api, run, "m0")] == [0, 7, 14]

    def test_a_repeated_batch_changes_nothing(self, api: Client) -> None:
        run = api.run()
        seen = []
        for _ in range(2):
            api.ok("POST", "runs/log-batch", run_id=run, metrics=points(50), params=pairs(5), tags=pairs(5))
            seen.append((data_of(api, run), history(api, run, "m1")))
        assert seen[0] == seen[1]

    @pytest.mark.parametrize(
        ("metrics", "params", "tags", "fine"),
        [
            (1_000, 0, 0, True),
            (1_001, 0, 0, False),
            (0, 100, 0, True),
            (0, 101, 0, False),
            (0, 0, 100, True),
            (0, 0, 101, False),
            (800, 100, 100, True),
            (801, 100, 100, False),
            (0, 0, 0, True),
        ],
    )
    def test_limits(self, api: Client, metrics: int, params: int, tags: int, fine: bool) -> None:
        body = {"run_id": api.run(), "metrics": points(metrics), "params": pairs(params), "tags": pairs(tags)}
        answer = api.call("POST", "runs/log-batch", body)
        assert answer.status == (200 if fine else 400), answer.content

    @pytest.mark.parametrize(
        "wrong",
        [
            {"params": [{"key": "p", "value": "other"}]},
            {"params": [{"key": "q", "value": "1"}, {"key": "q", "value": "1"}]},
            {"metrics": [*points(3), {"key": "m", "timestamp": 1}]},
            {"metrics": [*points(3), {"key": "m", "value": "x", "timestamp": 1}]},
            {"metrics": [*points(3), {"key": "m", "value": 1, "timestamp": -1}]},
            {"metrics": [*points(3), {"key": "../m", "value": 1, "timestamp": 1}]},
            {"metrics": {"m": 1}},
            {"tags": [{"key": "new", "value": "1"}, {"value": "1"}]},
            {"tags": [{"key": "new", "value": "1"}, {"key": "t" * 251, "value": "1"}]},
            {"tags": [None]},
        ],
        ids=lambda wrong: repr(wrong)[-60:],
    )
    def test_nothing_of_a_refused_batch_is_stored(self, api: Client, wrong: dict[str, Any]) -> None:
        run = api.run()
        api.ok("POST", "runs/log-parameter", run_id=run, key="p", value="first")
        before = data_of(api, run)
        body = {"run_id": run, "metrics": points(2), "params": pairs(2), "tags": pairs(2), **wrong}
        assert api.fails("POST", "runs/log-batch", **body) == INVALID
        assert data_of(api, run) == before

    def test_a_batch_needs_a_run(self, api: Client) -> None:
        assert api.fails("POST", "runs/log-batch", metrics=points(1)) == INVALID
        assert api.fails("POST", "runs/log-batch", run_uuid=api.run(), metrics=points(1)) == INVALID
        assert api.fails("POST", "runs/log-batch", run_id=UNKNOWN_RUN, metrics=points(1)) == NOT_FOUND

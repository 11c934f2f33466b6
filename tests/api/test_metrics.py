"""Histories of metrics over HTTP, below both prefixes: get-history, get-history-bulk, get-history-bulk-interval."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.live_server import UNKNOWN_RUN, Client

INVALID = (400, "INVALID_PARAMETER_VALUE")
HISTORY, BULK, INTERVAL = (
    "metrics/get-history",
    "metrics/get-history-bulk",
    "metrics/get-history-bulk-interval",
)


def run_with(api: Client, steps: range, experiment: str | None = None) -> str:
    """A run whose metric m has one point per step; the value is the step."""
    run = api.run(experiment)
    every = [{"key": "m", "value": step, "timestamp": 1_000 + step, "step": step} for step in steps]
    for at in range(0, len(every), 1_000):
        api.ok("POST", "runs/log-batch", run_id=run, metrics=every[at : at + 1_000])
    return run


def steps(answer: Any) -> list[int]:
    return [point["step"] for point in answer.get("metrics", [])]


class TestHistory:
    def test_all_points_come_without_max_results(self, api: Client) -> None:
        answer = api.ok("GET", HISTORY, run_id=run_with(api, range(1_500)), metric_key="m")
        assert steps(answer) == list(range(1_500))
        assert answer["metrics"][7] == {"key": "m", "value": 7, "timestamp": 1_007, "step": 7}
        assert "next_page_token" not in answer

    def test_the_order_is_time_then_step_then_value(self, api: Client) -> None:
        run = api.run()
        for timestamp, step, value in ((2, 0, 1), (1, 5, 1), (1, 4, 2), (1, 4, 1)):
            api.ok(
                "POST", "runs/log-metric", run_id=run, key="m", value=value, timestamp=timestamp, step=step
            )
        found = api.ok("GET", HISTORY, run_uuid=run, metric_key="m")["metrics"]
        assert [(one["timestamp"], one["step"], one["value"]) for one in found] == [
            (1, 4, 1),
            (1, 4, 2),
            (1, 5, 1),
            (2, 0, 1),
        ]

    def test_pages_hold_each_point_once(self, api: Client) -> None:
        run = run_with(api, range(25))
        found: list[int] = []
        token = ""
        while True:
            fields = {"run_id": run, "metric_key": "m", "max_results": 10}
            answer = api.ok("GET", HISTORY, **fields, **({"page_token": token} if token else {}))
            found += steps(answer)
            token = answer.get("next_page_token", "")
            if not token:
                break
        assert found == list(range(25))

    @pytest.mark.parametrize("fields", [{"run_id": UNKNOWN_RUN, "metric_key": "m"}, {"metric_key": "absent"}])
    def test_nothing_known_is_an_empty_object(self, api: Client, fields: dict[str, str]) -> None:
        assert api.ok("GET", HISTORY, **{"run_id": api.run(), **fields}) == {}

    @pytest.mark.parametrize(
        "wrong",
        [
            {"metric_key": None},
            {"run_id": None},
            {"max_results": "0"},
            {"max_results": "-5"},
            {"max_results": "many"},
            {"max_results": str(2**31)},
            {"max_results": "5", "page_token": "made up"},
        ],
        ids=repr,
    )
    def test_refused(self, api: Client, wrong: dict[str, Any]) -> None:
        fields = {"run_id": api.run(), "metric_key": "m", **wrong}
        sent = {name: value for name, value in fields.items() if value is not None}
        assert api.fails("GET", HISTORY, **sent) == INVALID


class TestBulk:
    def test_points_name_their_run_and_come_in_its_order(self, api: Client) -> None:
        one, two = sorted([run_with(api, range(2)), run_with(api, range(2))])
        found = api.ok("GET", BULK, run_id=[two, one], metric_key="m")["metrics"]
        assert [(point["run_id"], point["step"]) for point in found] == [
            *((one, step) for step in range(2)),
            *((two, step) for step in range(2)),
        ]

    def test_max_results_bounds_the_answer(self, api: Client) -> None:
        run = run_with(api, range(9))
        assert len(api.ok("GET", BULK, run_id=[run], metric_key="m", max_results=4)["metrics"]) == 4

    @pytest.mark.parametrize(
        "fields",
        [{"metric_key": "m"}, {"run_id": ["r"]}, {"run_id": ["r"] * 101, "metric_key": "m"}],
        ids=repr,
    )
    def test_refused(self, api: Client, fields: dict[str, Any]) -> None:
        assert api.fails("GET", BULK, **fields) == INVALID


class TestInterval:
    def test_a_short_series_comes_whole(self, api: Client) -> None:
        run = run_with(api, range(50))
        assert steps(api.ok("GET", INTERVAL, run_ids=[run], metric_key="m")) == list(range(50))

    def test_a_long_series_is_sampled_from_first_to_last(self, api: Client) -> None:
        run = run_with(api, range(2_000))
        found = steps(api.ok("GET", INTERVAL, run_ids=[run], metric_key="m", max_results=10))
        assert len(found) <= 12 and found == sorted(set(found))
        assert (found[0], found[-1]) == (0, 1_999)

    def test_a_range_of_steps_bounds_the_sample(self, api: Client) -> None:
        run = run_with(api, range(100))
        fields = {"run_ids": [run], "metric_key": "m", "start_step": 10, "end_step": 20}
        assert steps(api.ok("GET", INTERVAL, **fields)) == list(range(10, 21))

    def test_several_runs_are_sampled_each(self, api: Client) -> None:
        runs = [run_with(api, range(5)), run_with(api, range(5))]
        found = api.ok("GET", INTERVAL, run_ids=runs, metric_key="m")["metrics"]
        assert {point["run_id"] for point in found} == set(runs) and len(found) == 10

    @pytest.mark.parametrize(
        "wrong",
        [
            {"run_ids": []},
            {"run_ids": ["r"] * 101},
            {"metric_key": None},
            {"max_results": 0},
            {"max_results": 2_501},
            {"start_step": 1},
            {"end_step": 1},
            {"start_step": 5, "end_step": 4},
            {"start_step": "x", "end_step": 4},
        ],
        ids=lambda wrong: repr(wrong)[:60],
    )
    def test_refused(self, api: Client, wrong: dict[str, Any]) -> None:
        fields = {"run_ids": ["r"], "metric_key": "m", **wrong}
        sent = {name: value for name, value in fields.items() if value is not None}
        assert api.fails("GET", INTERVAL, **sent) == INVALID

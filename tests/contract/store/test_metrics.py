"""Points: the latest by MLflow's rule, histories, special values and replays, on both databases."""

from __future__ import annotations

import math
import random
import sys

import pytest

from runyard.entities.run import MetricPoint
from tests.contract.store.stores import Stores

NAN, INF = float("nan"), float("inf")


def history(stores: Stores, run_id: str, key: str, size: int | None = None) -> list[tuple[int, int, float]]:
    """(step, ms, value) of all points, page after page."""
    rows, token = list[tuple[int, int, float]](), None
    while True:
        page = stores.do(stores.metrics.history(stores.workspace, run_id, key, size, token))
        rows += zip(page.steps, page.ms, page.values, strict=True)
        token = page.next_page_token
        if token is None:
            return rows


@pytest.mark.parametrize(
    ("points", "latest"),
    [
        ([(1.0, 5, 1), (2.0, 4, 2)], (2.0, 2, 4)),  # (value, ms, step): the greatest step
        ([(1.0, 5, 1), (2.0, 4, 1)], (1.0, 1, 5)),  # then the latest time
        ([(1.0, 5, 1), (2.0, 5, 1)], (2.0, 1, 5)),  # then the greatest value
        ([(-1.0, 5, 1), (NAN, 5, 1)], ("NaN", 1, 5)),  # where NaN counts as 0
        ([(1.0, 5, 1), (NAN, 5, 1)], (1.0, 1, 5)),
        ([(1.0, 5, -3), (2.0, 5, -4)], (1.0, -3, 5)),
    ],
)
def test_latest_point_follows_the_rule_in_any_order_and_grouping(
    stores: Stores, points: list[tuple[float, int, int]], latest: tuple[object, int, int]
) -> None:
    made = [MetricPoint("m", *point) for point in points]
    for order in (made, made[::-1]):
        together, apart = stores.new_run(), stores.new_run()
        stores.log(together, *order)
        for point in order:
            stores.log(apart, point)
        assert stores.data(together, "metrics") == stores.data(apart, "metrics") == {"m": latest}


def test_special_values_come_back_exactly(stores: Stores) -> None:
    values = [NAN, INF, -INF, 0.0, -0.0, 5e-324, -1.7976931348623157e308, 1 / 3, 2.0**53 + 2]
    run_id = stores.new_run()
    stores.log(run_id, *(MetricPoint("m", value, 1, step) for step, value in enumerate(values)))
    found = [value for _, _, value in history(stores, run_id, "m")]
    assert list(map(repr, found)) == list(map(repr, values))


def test_latest_value_may_be_nan_or_infinite(stores: Stores) -> None:
    run_id = stores.new_run()
    stores.log(run_id, MetricPoint("n", NAN, 1), MetricPoint("i", INF, 1), MetricPoint("j", -INF, 1))
    found = {key: value for key, (value, _, _) in stores.data(run_id, "metrics").items()}
    assert found == {"n": "NaN", "i": sys.float_info.max, "j": -sys.float_info.max}, "as MLflow shows them"


def test_steps_and_times_of_64_bits_come_back_exactly(stores: Stores) -> None:
    run_id = stores.new_run()
    edges = [-(2**63), -1, 0, 2**53 + 1, 2**63 - 1]
    stores.log(run_id, *(MetricPoint("m", 1.0, abs(edge) % 2**62, edge) for edge in edges))
    assert sorted(step for step, _, _ in history(stores, run_id, "m")) == edges


def test_points_again_change_nothing(stores: Stores) -> None:
    run_id = stores.new_run()
    points = [MetricPoint("m", float(step), step, step) for step in range(50)]
    for part in (points, points, points[10:20], points[::-1]):
        stores.log(run_id, *part)
    for point in points[:5]:
        stores.log(run_id, point)
    assert [step for step, _, _ in history(stores, run_id, "m")] == list(range(50))
    assert stores.data(run_id, "metrics") == {"m": (49.0, 49, 49)}


def test_same_step_with_another_value_is_another_point(stores: Stores) -> None:
    run_id = stores.new_run()
    for value in (1.0, 2.0, 1.0):
        stores.log(run_id, MetricPoint("m", value, 1, 1))
    assert [value for _, _, value in history(stores, run_id, "m")] == [1.0, 2.0]


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_history_comes_by_time_then_step_in_pages_of_any_size(stores: Stores, size: int) -> None:
    run_id = stores.new_run()
    rows = [(step, step // 3, float(step)) for step in range(40)]
    random.Random(1).shuffle(rows)
    for start in range(0, 40, 9):
        stores.log(run_id, *(MetricPoint("m", value, ms, step) for step, ms, value in rows[start:][:9]))
    assert history(stores, run_id, "m", size) == sorted(rows, key=lambda row: (row[1], row[0]))


def test_history_pages_show_each_point_once_while_more_arrive(stores: Stores) -> None:
    run_id = stores.new_run()
    stores.log(run_id, *(MetricPoint("m", 0.0, step, step) for step in range(100)))
    steps, token = list[int](), None
    for more in range(100, 110):
        page = stores.do(stores.metrics.history(stores.workspace, run_id, "m", 15, token))
        steps += page.steps
        token = page.next_page_token
        if token is None:
            break
        stores.log(run_id, MetricPoint("m", 0.0, more, more))
    assert len(steps) == len(set(steps))
    assert set(range(100)) <= set(steps)


def test_unknown_run_or_key_has_no_history(stores: Stores) -> None:
    run_id = stores.new_run()
    stores.log(run_id, MetricPoint("m", 1.0, 1))
    assert history(stores, run_id, "other") == history(stores, "0" * 32, "m") == []
    stores.enter_new_workspace()
    assert history(stores, run_id, "m") == []


def test_bulk_reads_the_runs_in_order_and_no_more_than_asked(stores: Stores) -> None:
    runs = sorted(stores.new_run() for _ in range(3))
    for run_id in runs:
        stores.log(run_id, *(MetricPoint("m", 1.0, step, step) for step in range(10)))
    found = stores.do(stores.metrics.bulk(stores.workspace, runs[::-1], "m", 25))
    assert [(run_id, len(one.steps)) for run_id, one in found] == list(zip(runs, (10, 10, 5), strict=True))


def test_sample_keeps_first_last_and_bounds(stores: Stores) -> None:
    run_id = stores.new_run()
    stores.log(run_id, *(MetricPoint("m", math.sin(step), step, step) for step in range(1_000)))
    ((_, whole),) = stores.do(stores.metrics.sampled(stores.workspace, [run_id], "m", 50, None, None))
    assert (whole.steps[0], whole.steps[-1]) == (0, 999)
    assert len(whole.steps) <= 60
    ((_, part),) = stores.do(stores.metrics.sampled(stores.workspace, [run_id], "m", 50, 100, 200))
    assert 100 <= min(part.steps) <= max(part.steps) <= 200


def test_run_holds_thousands_of_series(stores: Stores) -> None:
    run_id = stores.new_run()
    for start in range(0, 5_000, 1_000):
        stores.log(run_id, *(MetricPoint(f"m{number}", 1.0, 1) for number in range(start, start + 1_000)))
    assert len(stores.data(run_id, "metrics")) == 5_000


def test_writers_of_one_series_at_the_same_time_lose_nothing(stores: Stores, others: Stores) -> None:
    run_id = stores.new_run()
    writes = [
        (stores, others)[number % 2].runs.log(
            stores.workspace,
            run_id,
            metrics=[MetricPoint("m", 1.0, number * 5 + i, number * 5 + i) for i in range(5)],
        )
        for number in range(100)
    ]
    assert set(stores.at_once(*writes)) == {None}
    assert [step for step, _, _ in history(stores, run_id, "m")] == list(range(500))
    assert stores.data(run_id, "metrics") == {"m": (1.0, 499, 499)}


def test_writers_of_the_same_series_of_many_runs_do_not_end_in_deadlock(
    stores: Stores, others: Stores
) -> None:
    runs = [stores.new_run() for _ in range(8)]
    writes = []
    for number in range(160):
        server, run_id = (stores, others)[number % 2], runs[number * 5 % 8 if number % 2 else -number * 3 % 8]
        keys = ("a", "b", "c") if number % 4 < 2 else ("c", "b", "a")
        points = [MetricPoint(f"{key}{number % 7}", 1.0, number, number) for key in keys]
        writes.append(server.runs.log(stores.workspace, run_id, metrics=points))
    assert set(stores.at_once(*writes)) == {None}

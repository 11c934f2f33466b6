"""Series through the real stores: whatever order points come in and whatever the compaction does meanwhile, every
answer is that of a plain sorted list of distinct points."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runyard.entities.run import MetricPoint
from runyard.store.sql.compact_runs import put_in_place, work_out
from runyard.store.sql.compaction import Compactor
from runyard.store.sql.series.compaction import Sizes
from runyard.store.sql.series.sample import sample_indices
from tests.contract.store.series_stage import Row, Stage, rows_of, same

SMALL_SIZES = Sizes(seal=6, small=3, chunk=5, tail=4, level=8, merged=12, depth=2, untangled=20)
KEYS = ("a", "b", "c")
STEPS = st.one_of(st.integers(0, 8), st.sampled_from([-(2**63), 2**63 - 1]))
TIMES = st.one_of(st.integers(0, 8), st.sampled_from([0, 2**53]))
# Sums of these are exact in any order.
VALUES = st.sampled_from([0.0, -0.0, 1.0, 2.0, -3.0, 0.5, 1e6, math.nan])
WILD = st.sampled_from([math.inf, -math.inf, 1.7e308, 5e-324, math.nan])
Batch = list[tuple[str, int, int, float]]
BATCHES = st.lists(st.tuples(st.sampled_from(KEYS), STEPS, TIMES, VALUES | WILD), min_size=1, max_size=25)
STEPS_TAKEN = st.lists(
    st.one_of(
        BATCHES.map(lambda batch: ("log", batch)),
        st.integers(0, 5).map(lambda number: ("again", number)),
        st.sampled_from([("compact", 0), ("compact", 1), ("compact some", 0)]),
    ),
    min_size=1,
    max_size=12,
)


def value_order(value: float) -> tuple[float, bool, float]:
    """NaN as 0 and just after it; -0.0 before 0.0."""
    return (0.0, True, 1.0) if math.isnan(value) else (value, False, math.copysign(1.0, value))


class Model:
    """All points as they came."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {key: [] for key in KEYS}

    def add(self, batch: Batch) -> None:
        for key, step, ms, value in batch:
            self._rows[key].append((step, ms, value))

    def by_time(self, key: str) -> list[Row]:
        """Distinct points in history order."""
        ordered = sorted(self._rows[key], key=lambda row: (row[1], row[0], value_order(row[2])))
        distinct: dict[object, Row] = {}
        for row in ordered:
            distinct.setdefault((row[0], row[1], same(row[2])), row)
        return list(distinct.values())

    def by_step(self, key: str) -> list[Row]:
        return sorted(self.by_time(key), key=lambda row: (row[0], row[1], value_order(row[2])))


def listed(rows: Sequence[Row]) -> list[tuple[int, int, object]]:
    return [(step, ms, same(value)) for step, ms, value in rows]


def play(stage: Stage, compactor: Compactor, run: str, taken: Sequence[tuple[str, object]]) -> Model:
    """Do what was drawn."""
    model, batches = Model(), list[Batch]()
    for what, with_it in taken:
        if what == "log":
            assert isinstance(with_it, list)
            batches.append(with_it)
        if what == "again" and isinstance(with_it, int) and with_it < len(batches):
            batches.append(batches[with_it])
        if what in ("log", "again") and batches:
            model.add(batches[-1])
            stage.log(run, [MetricPoint(key, value, ms, step) for key, step, ms, value in batches[-1]])
        if what == "compact":
            stage.do(compactor.pass_once(quiet_passes=int(str(with_it))))
        if what == "compact some":
            stage.do(compactor.pass_once())
    return model


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(taken=STEPS_TAKEN, size=st.integers(1, 9), limit=st.integers(1, 12), first=STEPS, last=STEPS)
def test_every_answer_is_that_of_a_sorted_list_of_distinct_points(
    stage: Stage, taken: list[tuple[str, object]], size: int, limit: int, first: int, last: int
) -> None:
    run = stage.new_run()
    compactor = stage.compactor(SMALL_SIZES)
    model = play(stage, compactor, run, taken)
    check_answers(stage, run, model, size, limit, (min(first, last), max(first, last)))
    stage.do(compactor.pass_once(quiet_passes=0))
    stage.do(compactor.pass_once(quiet_passes=0))
    check_answers(stage, run, model, size, limit, (min(first, last), max(first, last)))
    check_summaries(stage, run, model)


def check_answers(
    stage: Stage, run: str, model: Model, size: int, limit: int, bounds: tuple[int, int]
) -> None:
    whole = {key: listed(model.by_time(key)) for key in KEYS if model.by_time(key)}
    for series in (1, 2, 5):
        assert {key: listed(part) for key, part in stage.of_run(run, size, series).items()} == whole
    for key in KEYS:
        rows, by_step = model.by_time(key), model.by_step(key)
        assert rows_of(stage.history(run, key)) == listed(rows)
        assert [row for page in stage.pages(run, key, size) for row in rows_of(page)] == listed(rows)
        assert rows_of(stage.bulk([run], key, limit)[run]) == listed(rows[:limit]) if rows else True
        for inside, window in (
            (by_step, None),
            ([r for r in by_step if bounds[0] <= r[0] <= bounds[1]], bounds),
        ):
            chosen = [inside[i] for i in sample_indices(len(inside), limit)]
            found = stage.sampled([run], key, limit, window)
            assert rows_of(found[run]) == listed(chosen) if run in found else not rows


def zero_of(value: float | None) -> float:
    """Summaries take zeros of either sign and NaN for equal, as MLflow's latest metrics do: the first to come stays."""
    return 0.0 if value is None or math.isnan(value) else value + 0.0


def check_summaries(stage: Stage, run: str, model: Model) -> None:
    """The summary row once the compaction has counted."""
    for key in KEYS:
        rows = model.by_step(key)
        found = stage.summary(run, key)
        if not rows or found is None:
            assert not rows and found is None
            continue
        numbers = [row for row in rows if not math.isnan(row[2])]
        last, first = rows[-1], rows[0]
        assert (zero_of(found[0]), *found[1:3]) == (zero_of(last[2]), last[0], last[1])
        assert (zero_of(found[7]), *found[8:10]) == (zero_of(first[2]), first[0], first[1])
        assert found[10:12] == (len(rows), len(numbers))
        check_extremes(found[3:7], numbers)
        check_sum(found[12], [row[2] for row in numbers])


def check_extremes(found: tuple[object, ...], numbers: list[Row]) -> None:
    """Of equal extremes the smallest step counts."""
    if not numbers:
        assert found == (None,) * 4
        return
    low = min(numbers, key=lambda row: (row[2], row[0]))
    high = min(numbers, key=lambda row: (-row[2], row[0]))
    assert found == (low[2], low[0], high[2], high[0])


def check_sum(found: float | None, values: list[float]) -> None:
    """Of values so large that a sum overflows, and of infinite ones, no sum is kept."""
    if all(abs(value) < 1e7 for value in values):
        assert found == pytest.approx(sum(values))
    elif math.inf in values or -math.inf in values:
        assert found is None or not math.isfinite(found)


def test_a_chart_that_was_asked_for_shows_points_that_came_since(stage: Stage) -> None:
    run = stage.new_run()
    for step in range(5):
        stage.log(run, [MetricPoint("chart", float(step), step, step)])
        stage.log(run, [MetricPoint("other", 0.0, step, step)])
        assert stage.sampled([run], "chart", 3)[run] == stage.sampled([run], "chart", 3)[run]
        assert stage.sampled([run], "chart", 3)[run].steps[-1] == step


def test_a_quiet_run_leaves_nothing_in_the_log(stage: Stage) -> None:
    runs = [stage.new_run() for _ in range(30)]
    stage.do(stage.compactor().pass_once(quiet_passes=0))
    for run in runs:
        stage.log(run, [MetricPoint("a", step / 3, step, step) for step in range(20)])
    before = stage.database.writer.stats.commits
    compactor = stage.compactor()
    assert stage.do(compactor.pass_once(quiet_passes=0)) == 30
    assert stage.database.writer.stats.commits - before <= 3
    assert stage.count("point_log") == 0
    assert stage.do(compactor.pass_once(quiet_passes=0)) == 0


def test_tails_of_different_sizes_are_not_written_again_each_time(stage: Stage) -> None:
    """A run with many keys: a few new points do not rewrite all that it ever logged."""
    run = stage.new_run()
    compactor = stage.compactor(Sizes(seal=1000, small=1000, level=100))
    stage.log(run, [MetricPoint(f"wide{i}", 1.0, 1, 1) for i in range(1000)])
    stage.do(compactor.pass_once(quiet_passes=0))
    stage.log(run, [MetricPoint(f"wide{i}", 2.0, 2, 2) for i in range(50)])
    stage.do(compactor.pass_once(quiet_passes=0))
    assert sorted(stage.stored(run, "tails", "t.level, t.count")) == [(0, 50), (2, 1000)]
    assert rows_of(stage.history(run, "wide7")) == [(1, 1, (1.0, 1.0)), (2, 2, (2.0, 1.0))]


def test_a_slow_logger_leaves_few_small_chunks(stage: Stage) -> None:
    run = stage.new_run()
    compactor = stage.compactor(Sizes(seal=64, small=4, chunk=256))
    for start in range(0, 400, 4):
        stage.log(run, [MetricPoint("slow", float(i), i, i) for i in range(start, start + 4)])
        stage.do(compactor.pass_once(quiet_passes=0))
    assert stage.summary(run, "slow")[10] == 400  # type: ignore[index]
    assert len(stage.stored(run, "chunks", "t.id")) <= 400 // 64 + 1


def test_two_servers_that_compact_the_same_run_keep_each_point_once(stage: Stage) -> None:
    """Both work their change out on the same snapshot; the second finds the rows gone and writes nothing."""
    run = stage.new_run()
    points = [MetricPoint("twice", float(i), i, i) for i in range(100)]
    stage.log(run, points)
    due = [(number, True) for (number,) in stage.stored(run, "point_log", "DISTINCT r.id")]
    changes, damaged = stage.do(stage.database.read(lambda c: work_out(c, due)))
    assert damaged == []
    from_one = stage.do(stage.database.write(lambda tx: put_in_place(tx, changes)))
    from_other = stage.do(stage.database.write(lambda tx: put_in_place(tx, changes)))
    assert (from_one, from_other) == (len(changes), 0)
    assert len(stage.history(run, "twice").steps) == 100

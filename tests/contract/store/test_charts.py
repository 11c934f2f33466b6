"""Charts: every bucket is exact, however the points came and wherever they lie."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runyard.entities.chart import Axis, ChartAxis
from runyard.entities.run import MetricPoint
from runyard.errors import CorruptData, QueryTooExpensive
from runyard.store.sql import chart_rows, charts, overviews
from runyard.store.sql.charts import SqlCharts
from runyard.store.sql.series.compaction import Sizes
from tests.contract.store.chart_stage import Point, check, draw, one_series, small_pieces
from tests.contract.store.series_stage import WORKSPACE, Stage

SIZES = Sizes(seal=12, small=4, chunk=20, merged=24, tail=64, level=16)
NUMBERS = st.one_of(
    st.integers(-9, 30), st.integers(-(2**63), 2**63 - 1), st.sampled_from([-(2**63), 2**63 - 1])
)
VALUES = st.one_of(
    st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf, 1.0, -1.0, 5e-324]), st.floats(width=64)
)
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS, VALUES), min_size=1, max_size=60)


@pytest.fixture(autouse=True, scope="module")
def short() -> Iterator[None]:
    with small_pieces():
        yield


def log(stage: Stage, run: str, points: Sequence[Point], key: str = "loss") -> None:
    stage.log(run, [MetricPoint(key, value, ms, step) for step, ms, value in points])


def seal(stage: Stage) -> None:
    compactor = stage.compactor(SIZES)
    while stage.do(compactor.pass_once(quiet_passes=0)):
        pass


def line(count: int, first: int = 0) -> list[Point]:
    return [(i, 1_000 + 10 * i, math.sin(i)) for i in range(first, first + count)]


def axes(points: Sequence[Point], most: int) -> Iterator[ChartAxis]:
    """Each axis, whole and in part."""
    for kind, at in ((Axis.STEP, 0), (Axis.TIME, 1), (Axis.RELATIVE, 1)):
        shift = 1 if kind is Axis.RELATIVE else 0
        if shift and min(point[at] for point in points) == -(2**63):
            continue  # its distance from the start is none of int64
        places = sorted(point[at] - shift for point in points)
        yield ChartAxis(kind, None, None, most)
        for low, high in ((0.2, 0.7), (0.5, 0.5)):
            ends = [places[int(share * (len(places) - 1))] for share in (low, high)]
            if all(abs(end) <= 2**53 for end in ends):  # what a float can say
                yield ChartAxis(kind, ends[0], ends[1], most)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.tuples(POINTS, st.booleans()), min_size=1, max_size=4),
    most=st.sampled_from([1, 3, 8, 40]),
)
def test_buckets_say_what_a_plain_look_at_all_points_says(
    stage: Stage, pieces: list[tuple[list[Point], bool]], most: int
) -> None:
    run, points = stage.new_run(), list[Point]()
    for some, sealed in pieces:
        again = points[: len(some) // 4]  # replays
        log(stage, run, [*again, *some])
        points += some
        if sealed:
            seal(stage)
    for axis in axes(points, most):
        check(one_series(stage, run, axis), points, axis)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("how", ["rising", "resumed", "epochs", "shuffled", "no steps", "one time"])
def test_long_series_are_drawn_exactly(stage: Stage, how: str, seed: int) -> None:
    rng = random.Random(f"{how} {seed}")
    points = line(400)
    if how == "resumed":
        points = [*points[:250], *((step - 60, ms, value) for step, ms, value in points[250:])]
    elif how == "epochs":
        points = [(step % 50, ms, value) for step, ms, value in points]
    elif how == "shuffled":
        rng.shuffle(points)
    elif how == "no steps":
        points = [(0, ms, value) for _, ms, value in points]
    elif how == "one time":
        points = [(step, 5_000, value) for step, _, value in points]
    run = stage.new_run()
    while (
        points_left := points[sum(1 for _ in stage.history(run, "loss").steps) :] if how != "shuffled" else []
    ):
        log(stage, run, points_left[: rng.randint(1, 90)])
        if rng.random() < 0.6:
            seal(stage)
    if how == "shuffled":
        for start in range(0, 400, 80):
            log(stage, run, points[start : start + 80])
            seal(stage)
    for most in (1, 7, 30, 300):
        for axis in axes(points, most):
            check(one_series(stage, run, axis), points, axis)


def test_a_point_is_drawn_as_soon_as_it_is_logged(stage: Stage) -> None:
    run = stage.new_run()
    axis = ChartAxis(Axis.STEP, None, None, 5)
    assert one_series(stage, run, axis) is None
    points = line(100)
    log(stage, run, points[:90])
    seal(stage)
    for at in range(90, 100):
        log(stage, run, [points[at]])
        found = one_series(stage, run, axis)
        assert found is not None and found.final[-1] == at and found.last[-1] == math.sin(at)
        check(found, points[: at + 1], axis)


def test_detail_grows_as_the_part_shrinks(stage: Stage) -> None:
    run = stage.new_run()
    points = line(1_000)
    log(stage, run, points)
    seal(stage)
    sizes = []
    for end in (1_000, 300, 100, 20):
        axis = ChartAxis(Axis.STEP, 0, end, 20)
        found = one_series(stage, run, axis)
        check(found, points, axis)
        assert found is not None
        sizes.append((found.exact, found.first.size))
    assert sizes[3] == (True, 21)
    assert all(not exact and 17 <= size <= 20 for exact, size in sizes[:3])


def test_overviews_are_written_with_chunks_and_go_with_them(stage: Stage) -> None:
    run = stage.new_run()
    for start in range(0, 200, 10):
        log(stage, run, line(10, start))
        seal(stage)
        chunks = {row[0] for row in stage.stored(run, "chunks", "t.id, t.count") if row[1] >= 8}
        assert {row[0] for row in stage.stored(run, "overviews", "t.chunk_id")} == chunks
    assert len(chunks) >= 10


@pytest.mark.parametrize("harm", ["DELETE FROM overviews", "UPDATE overviews SET data = substr(data, 1, 60)"])
def test_what_is_missing_or_damaged_is_made_again_and_kept(stage: Stage, harm: str) -> None:
    run, points = stage.new_run(), line(400)
    log(stage, run, points)
    seal(stage)
    written = sorted(stage.stored(run, "overviews", "t.chunk_id, t.data"))
    assert len(written) == 20
    stage.execute(f"{harm} WHERE run_id = (SELECT id FROM runs WHERE uuid = ?)", (run,))
    axis = ChartAxis(Axis.TIME, None, None, 10)
    check(one_series(stage, run, axis), points, axis)
    assert sorted(stage.stored(run, "overviews", "t.chunk_id, t.data")) == written


def test_an_overview_of_a_chunk_that_is_gone_is_not_kept(stage: Stage) -> None:
    run = stage.new_run()
    log(stage, run, line(40))
    seal(stage)
    stage.execute("DELETE FROM overviews")
    found = stage.do(
        stage.database.read(
            lambda c: charts._drawn(c, WORKSPACE, [run], ["loss"], ChartAxis(Axis.STEP, None, None, 2))
        )
    )
    assert found.made
    log(stage, run, [(0, 1_000, 9.0)])
    seal(stage)
    before = sorted(stage.stored(run, "overviews", "t.chunk_id, t.data"))
    stage.do(stage.database.write(lambda tx: overviews.keep(tx, found.made)))
    after = sorted(stage.stored(run, "overviews", "t.chunk_id, t.data"))
    assert set(before) <= set(after)
    points = [*line(40), (0, 1_000, 9.0)]
    axis = ChartAxis(Axis.STEP, None, None, 3)
    check(one_series(stage, run, axis), points, axis)


def test_damaged_points_are_named(stage: Stage) -> None:
    run = stage.new_run()
    log(stage, run, line(60))
    seal(stage)
    stage.execute(
        "UPDATE chunks SET data = substr(data, 1, 20) WHERE run_id = (SELECT id FROM runs WHERE uuid = ?)",
        (run,),
    )
    axis = ChartAxis(Axis.STEP, None, None, 4)
    assert one_series(stage, run, axis) is not None  # drawn from its overviews
    for cut in (ChartAxis(Axis.STEP, 3, 50, 4), ChartAxis(Axis.STEP, None, None, 100)):
        with pytest.raises(CorruptData, match=f'metric "loss" of run {run} are damaged'):
            one_series(stage, run, cut)


def test_runs_come_in_the_order_asked_for_and_those_that_are_not_there_are_left_out(stage: Stage) -> None:
    first, second, empty = stage.new_run(), stage.new_run(), stage.new_run()
    for run in (first, second):
        log(stage, run, line(3))
    log(stage, second, line(2), "acc")
    axis = ChartAxis(Axis.STEP, None, None, 10)
    found = draw(stage, [second, "absent", empty, first], ["acc", "none", "loss"], axis)
    assert [run.run_id for run in found.runs] == [second, empty, first]
    assert [(one.run, one.metric, one.stored) for one in found.series] == [(0, 0, 2), (0, 2, 3), (2, 2, 3)]
    other = stage.do(SqlCharts(stage.database).series(WORKSPACE + 1, [first], ["loss"], axis))
    assert not other.runs and not other.series


def test_versions_change_with_what_is_logged(stage: Stage) -> None:
    store, run = SqlCharts(stage.database), stage.new_run()
    seen = []
    for _ in range(3):
        (found,) = stage.do(store.runs(WORKSPACE, [run, "absent"]))
        seen.append(found.version)
        log(stage, run, line(1, len(seen)))
    assert len(set(seen)) == 3


def test_another_metric_on_the_axis(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    run = stage.new_run()
    log(stage, run, [(i, i, i / 10) for i in range(100)], "epoch")
    log(stage, run, [(i, i + 5, float(i * i)) for i in range(0, 120, 2)])
    log(stage, run, [(4, 999, 7.0)])  # a later value of the same step counts
    seal(stage)
    found = one_series(stage, run, ChartAxis(Axis.STEP, 0.15, 1.0, 800, "epoch"))
    assert found is not None and found.exact
    assert found.first.tolist() == [0.2, 0.4, 0.6, 0.8, 1.0] and found.last.tolist() == [
        4.0,
        7.0,
        36.0,
        64.0,
        100.0,
    ]
    found = one_series(stage, run, ChartAxis(Axis.STEP, None, None, 4, "epoch"))
    assert found is not None and not found.exact and found.count.tolist() == [13, 12, 12, 13]
    assert one_series(stage, run, ChartAxis(Axis.STEP, None, None, 4, "absent")) is None
    monkeypatch.setattr(charts, "JOINED_POINTS", 100)
    with pytest.raises(QueryTooExpensive, match="joined by step.*fewer"):
        one_series(stage, run, ChartAxis(Axis.STEP, None, None, 4, "epoch"))


@pytest.mark.parametrize(("how", "axis"), [("fall", Axis.STEP), ("late", Axis.TIME)])
def test_too_many_points_out_of_order_are_refused(
    stage: Stage, how: str, axis: Axis, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stage.new_run()
    if how == "fall":
        log(stage, run, [(step % 3, ms, value) for step, ms, value in line(100)])
        seal(stage)
    else:
        for some in (line(300)[::2], line(300)[1::60]):
            log(stage, run, some)
            stage.do(stage.compactor(Sizes(seal=12, small=4, chunk=50, merged=0)).pass_once(quiet_passes=0))
    whole = ChartAxis(axis, None, None, 5)
    assert one_series(stage, run, whole) is not None
    monkeypatch.setattr(chart_rows, "DISORDER_POINTS", 20)
    with pytest.raises(QueryTooExpensive, match="out of order.*fewer runs"):
        one_series(stage, run, whole)


def test_where_steps_lie_over_one_another_buckets_get_wider_in_the_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stage.new_run()
    points = [*line(100), *((step, 5_000 + step, 1.0) for step in range(2, 102))]
    log(stage, run, points)
    seal(stage)
    axis = ChartAxis(Axis.STEP, None, None, 20)
    for limit, most in ((10**6, 20), (0, 1)):
        monkeypatch.setattr(chart_rows, "DISORDER_POINTS", limit)
        found = one_series(stage, run, axis)
        check(found, points, axis)
        assert found is not None and most / 2 < found.first.size <= most


def test_bands_of_groups(stage: Stage) -> None:
    runs = [stage.new_run() for _ in range(3)]
    for number, run in enumerate(runs):
        log(stage, run, [(step, step, float(10 * number + step)) for step in range(6 - 2 * number)])
    log(stage, runs[0], [(2, 2, math.nan)])
    store = SqlCharts(stage.database)
    axis = ChartAxis(Axis.STEP, None, None, 6)
    found = stage.do(
        store.bands(WORKSPACE, [runs, [runs[1], "absent", runs[1]], ["absent"]], ["none", "loss"], axis)
    )
    assert [(band.group, band.metric) for band in found] == [(0, 1), (1, 1)]
    band = found[0]
    assert band.place.tolist() == [0, 1, 2, 3, 4, 5]
    assert band.runs.tolist() == [3, 3, 2, 2, 1, 1]
    assert band.mean.tolist() == pytest.approx([10, 11, 7, 8, 4, 5])
    assert band.min.tolist() == [0, 1, 2, 3, 4, 5] and band.max.tolist() == [20, 21, 12, 13, 4, 5]
    assert band.std.tolist() == pytest.approx([math.sqrt(200 / 3), math.sqrt(200 / 3), 5, 5, 0, 0])
    assert found[1].runs.tolist() == [1] * 4


def test_runs_that_log_seldom_count_between_their_points(stage: Stage) -> None:
    often, seldom = stage.new_run(), stage.new_run()
    log(stage, often, [(step, step, 1.0) for step in range(9)])
    log(stage, seldom, [(0, 0, 3.0), (4, 4, 5.0)])
    axis = ChartAxis(Axis.STEP, None, None, 100)
    (band,) = stage.do(SqlCharts(stage.database).bands(WORKSPACE, [[often, seldom]], ["loss"], axis))
    assert band.mean.tolist() == [2, 2, 2, 2, 3, 1, 1, 1, 1]
    assert band.runs.tolist() == [2] * 5 + [1] * 4


@pytest.mark.parametrize("kind", Axis)
@pytest.mark.parametrize(
    "part", [(1e30, None), (None, -1e30), (1e300, 1e300), (5.2, 5.7), (900, 2_000), (-5e18, -4e18)]
)
def test_a_part_without_points_is_empty(
    stage: Stage, kind: Axis, part: tuple[float | None, float | None]
) -> None:
    run = stage.new_run()
    log(stage, run, [(step, step, 1.0) for step in range(40)])
    seal(stage)
    log(stage, run, [(50, 50, 1.0)])
    found = one_series(stage, run, ChartAxis(kind, *part, 10))
    assert found is not None and (found.stored, found.in_range, found.exact) == (41, 0, True)


def test_relative_places_count_from_the_start_of_each_run(stage: Stage) -> None:
    run = stage.new_run()
    stage.execute("UPDATE runs SET start_ms = 500 WHERE uuid = ?", (run,))
    log(stage, run, [(0, 700, 1.0), (1, 400, 2.0)])
    found = one_series(stage, run, ChartAxis(Axis.RELATIVE, None, None, 10))
    assert found is not None and found.first.tolist() == [-100, 200]
    found = one_series(stage, run, ChartAxis(Axis.RELATIVE, 0, 1e18, 10))
    assert found is not None and found.first.tolist() == [200]
    stage.execute("UPDATE runs SET start_ms = NULL WHERE uuid = ?", (run,))
    found = one_series(stage, run, ChartAxis(Axis.RELATIVE, 0, 1e30, 10))
    assert found is not None and found.first.tolist() == [0, 300]

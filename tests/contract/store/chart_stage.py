"""What a plain look at all points of a series says of the buckets that were drawn of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from runyard.entities.chart import Axis, Chart, ChartAxis, DrawnSeries
from runyard.store.sql import chart_rows
from runyard.store.sql.charts import SqlCharts
from runyard.store.sql.series import codec, overview
from tests.contract.store.series_stage import WORKSPACE, Stage

Point = tuple[int, int, float]  # step, ms, value


@contextmanager
def small_pieces() -> Iterator[None]:
    """Pieces of 4 points in chunks from 8 points on, and hardly any points read for more detail."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overview, "PIECE_POINTS", 4)
        patch.setattr(chart_rows, "PIECE_POINTS", 4)
        patch.setattr(codec, "OVERVIEW_FROM", 8)
        patch.setattr(chart_rows, "OVERVIEW_FROM", 8)
        patch.setattr(chart_rows, "SHORT_POINTS", 0)
        patch.setattr(chart_rows, "DETAIL_POINTS", 8)
        yield


def draw(stage: Stage, runs: Sequence[str], metrics: Sequence[str], axis: ChartAxis) -> Chart:
    """One chart, and all its overviews kept."""
    charts = SqlCharts(stage.database)
    found = stage.do(charts.series(WORKSPACE, runs, metrics, axis))
    stage.do(charts.kept())
    return found


def one_series(stage: Stage, run: str, axis: ChartAxis, metric: str = "loss") -> DrawnSeries | None:
    """The series of a chart of one metric of one run."""
    series = draw(stage, [run], [metric], axis).series
    assert len(series) <= 1
    return series[0] if series else None


def order(value: float) -> tuple[float, bool, float]:
    """NaN as 0 and after it, -0.0 before 0.0."""
    return (0.0, True, 1.0) if math.isnan(value) else (value, False, math.copysign(1.0, value))


def check(found: DrawnSeries | None, points: Sequence[Point], axis: ChartAxis, start_ms: int = 1) -> None:
    """Exactly the points of the part are in the buckets, and each bucket says what its points say."""

    def place(point: Point) -> int:
        if axis.kind is Axis.STEP:
            return point[0]
        return point[1] - (start_ms if axis.kind is Axis.RELATIVE else 0)

    def key(point: Point) -> tuple[int, int, tuple[float, bool, float]]:
        rest = point[1] if axis.kind is Axis.STEP else point[0]
        return place(point), rest, order(point[2])

    low = -math.inf if axis.start is None else axis.start
    high = math.inf if axis.end is None else axis.end
    distinct = {repr(point): point for point in points}.values()
    wanted = sorted((point for point in distinct if low <= place(point) <= high), key=key)
    if found is None:
        assert not points
        return
    assert found.in_range == len(wanted)
    if len(wanted) <= axis.buckets:
        assert found.exact
    if found.exact:
        assert len(wanted) <= 2 * axis.buckets
        assert found.first.tolist() == [place(point) for point in wanted]
        assert repr(found.last.tolist()) == repr([point[2] for point in wanted])
        return
    assert found.first.size <= axis.buckets
    firsts, finals = found.first.tolist(), found.final.tolist()
    assert all(final < first for final, first in zip(finals, firsts[1:], strict=False))
    for at, (first, final) in enumerate(zip(firsts, finals, strict=True)):
        inside = [point for point in wanted if first <= place(point) <= final]
        numbers = [point[2] for point in inside if not math.isnan(point[2])]
        assert (place(inside[0]), place(inside[-1])) == (first, final)
        assert (found.count[at], found.nans[at]) == (len(inside), len(inside) - len(numbers))
        assert repr(float(found.last[at])) == repr(inside[-1][2])
        assert repr(float(found.min[at])) == repr(min(numbers, default=math.nan)) or found.min[at] == 0
        assert repr(float(found.max[at])) == repr(max(numbers, default=math.nan)) or found.max[at] == 0

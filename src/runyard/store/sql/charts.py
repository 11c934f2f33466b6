"""Charts: what many series look like, at a cost of what is drawn and not of what is stored."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from runyard.entities.chart import Axis, Band, Chart, ChartAxis, ChartRun, DrawnSeries
from runyard.errors import CorruptData, QueryTooExpensive, RunyardError, shown
from runyard.store.sql import overviews
from runyard.store.sql.chart_bands import RunShape, bands_of, shape_of
from runyard.store.sql.chart_rows import (
    HIGHEST,
    LOWEST,
    SeriesReader,
    Wanted,
    in_detail,
    open_series,
    shifted,
)
from runyard.store.sql.database import Connection, Database
from runyard.store.sql.overviews import Made
from runyard.store.sql.search.fragments import among
from runyard.store.sql.series import chart
from runyard.store.sql.series.codec import CorruptChunk
from runyard.store.sql.series.points import Columns

log = logging.getLogger("runyard.store")

RUNS = "SELECT uuid, id, version, start_ms FROM runs WHERE workspace_id = ? AND |"
KEYS = "SELECT name, id FROM keys WHERE |"
JOINED_POINTS = 4_000_000
KEPT_AT_ONCE = 256


class Drawing(NamedTuple):
    """A chart, and the overviews that were made for it."""

    chart: Chart
    made: list[Made]


class SqlCharts:
    """Reads of charts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keeping: asyncio.Task[None] | None = None

    async def runs(self, workspace_id: int, run_ids: Sequence[str]) -> Sequence[ChartRun]:
        """The runs that there are, in the order asked for; their versions tell whether a chart may have changed."""
        return await self._database.read(lambda c: _runs(c, workspace_id, run_ids))

    async def series(
        self, workspace_id: int, run_ids: Sequence[str], metrics: Sequence[str], axis: ChartAxis
    ) -> Chart:
        """Buckets of each metric of each run that has it.

        Cost: rows of the chunks in the drawn part and of their overviews; the points of short series and up to
        2,000,000 others, and of chunks at the ends of the part.
        Raises: CorruptData; QueryTooExpensive, where more than 4,000,000 points would be joined by step.
        """
        found = await self._database.read(lambda c: _drawn(c, workspace_id, run_ids, metrics, axis))
        self._keep(found.made)
        return found.chart

    async def bands(
        self, workspace_id: int, groups: Sequence[Sequence[str]], metrics: Sequence[str], axis: ChartAxis
    ) -> Sequence[Band]:
        """Mean and spread of each metric over the runs of each group. Cost: that of the series of all their runs."""
        run_ids = list(dict.fromkeys(run_id for group in groups for run_id in group))

        def work(c: Connection) -> tuple[list[Band], list[Made]]:
            drawn, made = _drawn(c, workspace_id, run_ids, metrics, axis)
            shapes: dict[tuple[str, int], RunShape] = {
                (drawn.runs[one.run].run_id, one.metric): shape_of(one) for one in drawn.series
            }
            return bands_of(shapes, groups, len(metrics), axis), made

        found, made = await self._database.read(work)
        self._keep(made)
        return found

    def _keep(self, made: Sequence[Made]) -> None:
        """Write overviews beside whatever else goes on, a few at a time; those of a second chart wait for the next."""
        if made and (self._keeping is None or self._keeping.done()):
            self._keeping = asyncio.create_task(self._write(made))

    async def _write(self, made: Sequence[Made]) -> None:
        try:
            for start in range(0, len(made), KEPT_AT_ONCE):
                some = made[start : start + KEPT_AT_ONCE]
                await self._database.write(lambda tx, some=some: overviews.keep(tx, some), checked=True)  # type: ignore[misc]
        except RunyardError as exc:
            log.info("Overviews of %d chunks are made again when a chart asks: %s", len(made), exc)

    async def kept(self) -> None:
        """Wait until nothing is on its way."""
        if self._keeping is not None:
            await self._keeping


def _runs(c: Connection, workspace_id: int, run_ids: Sequence[str]) -> list[ChartRun]:
    some = among("uuid", list(run_ids), c.dialect)
    found = {
        row[0]: ChartRun(*row) for row in c.all(RUNS.replace("|", some.text), (workspace_id, *some.params))
    }
    return [found[run_id] for run_id in run_ids if run_id in found]


def _drawn(
    c: Connection, workspace_id: int, run_ids: Sequence[str], metrics: Sequence[str], axis: ChartAxis
) -> Drawing:
    runs = _runs(c, workspace_id, run_ids)
    names = among("name", list({*metrics, *([axis.metric] if axis.metric else [])}), c.dialect)
    keys: dict[str, int] = dict(c.all(KEYS.replace("|", names.text), names.params))
    drawer = (_ByMetric if axis.metric else _ByPlace)(c, axis, runs, keys)
    found = []
    for number, run in enumerate(runs):
        for place, name in enumerate(metrics):
            with _naming(run.run_id, name):
                one = drawer.draw(number, run, place, keys.get(name))
            if one is not None:
                found.append(one)
    return Drawing(Chart(runs, found), drawer.reader.made)


class _ByPlace:
    """Draws series over steps or time."""

    def __init__(
        self, c: Connection, axis: ChartAxis, runs: Sequence[ChartRun], keys: dict[str, int]
    ) -> None:
        self._axis = axis.kind
        wanted = [Wanted(run.row, *_bounds(axis, run.start_ms)) for run in runs]
        with _naming(*_all_of(runs)):
            self._series = open_series(c, wanted, list(keys.values()), axis.kind)
        self._starts = self._begin(runs, axis) if axis.kind is Axis.RELATIVE else {}
        self._detailed = in_detail(self._series.values(), axis.buckets)
        self.reader = SeriesReader(c, axis.buckets)

    def _begin(self, runs: Sequence[ChartRun], axis: ChartAxis) -> dict[int, int]:
        """When each run began; one without a start at the first of the points that are asked for."""
        starts = {run.row: run.start_ms for run in runs if run.start_ms is not None}
        without = [series for series in self._series.values() if series.run not in starts]
        for series in without:
            starts[series.run] = min(starts.get(series.run, HIGHEST), series.first_ms)
        for series in without:
            series.low, series.high = _bounds(axis, starts[series.run])
            series.narrow()
        return starts

    def draw(self, number: int, run: ChartRun, place: int, key: int | None) -> DrawnSeries | None:
        series = self._series.get((run.row, key)) if key is not None else None
        if series is None:
            return None
        exact, rows = self.reader.draw(series, in_detail=(run.row, series.key) in self._detailed)
        if self._axis is Axis.RELATIVE:
            start_ms = self._starts[run.row]
            rows = rows._replace(first=shifted(rows.first, start_ms), final=shifted(rows.final, start_ms))
        return DrawnSeries(number, place, series.stored, exact, *rows)


class _ByMetric:
    """Draws series over the values of another metric, joined by step."""

    def __init__(
        self, c: Connection, axis: ChartAxis, runs: Sequence[ChartRun], keys: dict[str, int]
    ) -> None:
        self._axis = axis
        self._other = keys.get(axis.metric or "")
        wanted = [Wanted(run.row, LOWEST, HIGHEST) for run in runs]
        with _naming(*_all_of(runs)):
            self._series = open_series(c, wanted, list(keys.values()), Axis.STEP)
        if sum(one.expected for one in self._series.values()) > JOINED_POINTS:
            raise QueryTooExpensive(
                f"More than {JOINED_POINTS:,} points would be joined by step to draw over metric "
                f"{shown(axis.metric or '')}. Ask for fewer runs or metrics, or draw over steps."
            )
        self.reader = SeriesReader(c, axis.buckets)
        self._places: tuple[int, Columns] | None = None

    def draw(self, number: int, run: ChartRun, place: int, key: int | None) -> DrawnSeries | None:
        values = self._series.get((run.row, key)) if key is not None else None
        other = self._series.get((run.row, self._other)) if self._other is not None else None
        if values is None or other is None:
            return None
        if self._places is None or self._places[0] != run.row:
            self._places = run.row, self.reader.columns(other)
        items = chart.joined_by_step(self._places[1], self.reader.columns(values))
        low = -math.inf if self._axis.start is None else self._axis.start
        high = math.inf if self._axis.end is None else self._axis.end
        items = items.rows((items.low >= low) & (items.low <= high))
        exact, rows = self.reader.rows_of(items)
        return DrawnSeries(number, place, values.stored, exact, *rows)


def _bounds(axis: ChartAxis, start_ms: int | None) -> tuple[int, int]:
    """The drawn part in the store's steps or times, both included."""
    shift = start_ms or 0 if axis.kind is Axis.RELATIVE else 0
    if axis.kind is Axis.RELATIVE and start_ms is None:
        return LOWEST, HIGHEST  # until the first point is known
    low = LOWEST if axis.start is None else math.ceil(axis.start) + shift
    high = HIGHEST if axis.end is None else math.floor(axis.end) + shift
    return min(max(low, LOWEST), HIGHEST + 1), max(min(high, HIGHEST), LOWEST - 1)


def _all_of(runs: Sequence[ChartRun]) -> tuple[str, str]:
    return (runs[0].run_id if len(runs) == 1 else f"{len(runs)} runs"), "metrics"


@contextmanager
def _naming(run_id: str, name: str) -> Iterator[None]:
    try:
        yield
    except CorruptChunk as exc:
        raise CorruptData(
            f"Stored points of metric {shown(name)} of run {run_id} are damaged ({exc}). Restore the database from a "
            "backup; other metrics and runs can still be read."
        ) from exc

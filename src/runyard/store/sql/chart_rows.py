"""Reading what a chart draws of one series: points where they are few, summaries of pieces where they are many."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from runyard.entities.chart import Axis, Places
from runyard.errors import QueryTooExpensive
from runyard.store.sql import overviews
from runyard.store.sql.database import Connection
from runyard.store.sql.overviews import Made
from runyard.store.sql.search.fragments import among
from runyard.store.sql.series import chart
from runyard.store.sql.series.chart import Buckets, Items
from runyard.store.sql.series.history import load_columns, merge_series
from runyard.store.sql.series.overview import (
    OVERVIEW_FROM,
    PIECE_POINTS,
    are_sound,
    is_rising,
    overview_of,
    read_overviews,
)
from runyard.store.sql.series.points import Bools, Columns, Ints, no_points
from runyard.store.sql.series_rows import load_chunks, loose_points_of
from runyard.store.sql.settle_series import Part, overlapping

SERIES = "SELECT run_id, key_id, count FROM series WHERE | ORDER BY run_id, key_id"
SPANS = """SELECT run_id, key_id, id, count, min_ms, max_ms, min_step, max_step FROM chunks WHERE |
    ORDER BY run_id, key_id, min_ms, min_step"""
WITH_LOG = "SELECT DISTINCT run_id FROM point_log WHERE |"
WITH_TAILS = "SELECT DISTINCT run_id FROM tails WHERE |"
LOWEST, HIGHEST = -(1 << 63), (1 << 63) - 1
DETAIL_POINTS = 2_000_000
"""So many points of a request are read for more detail than pieces have."""
DISORDER_POINTS = 8_000_000
"""So many because they came out of order; about 100 bytes of memory each."""
EXACT_SHARE = 2
"""Up to so many points for each bucket are given as they are, which takes less room than buckets do."""
SHORT_POINTS = 4096
"""A series of fewer is read in any case: it has too few pieces to be drawn from them."""


class Chunks(NamedTuple):
    """Chunks of one series without their data, in the order in which they begin; arrays of one length."""

    id: Ints
    points: Ints
    min_ms: Ints
    max_ms: Ints
    min_step: Ints
    max_step: Ints

    @property
    def size(self) -> int:
        """How many."""
        return self.id.size

    def rows(self, index: slice | Ints | Bools) -> Chunks:
        """Some of them."""
        return Chunks._make(column[index] for column in self)

    def parts(self) -> list[Part]:
        """Each as an object."""
        unknown = [0] * self.size, [None] * self.size
        return [Part(*row) for row in zip(*(column.tolist() for column in self), *unknown, strict=True)]

    @classmethod
    def of(cls, rows: npt.NDArray[np.int64]) -> Chunks:
        """Rows of six numbers."""
        return cls._make(rows.T)


NO_CHUNKS = Chunks.of(np.empty((0, 6), np.int64))


class StoredSeries(msgspec.Struct):
    """One series of a chart without its points, and which part of the axis is drawn."""

    run: int
    key: int
    stored: int
    axis: Axis
    low: int
    high: int
    chunks: Chunks
    loose: Columns

    @property
    def first_ms(self) -> int:
        """When its first point was."""
        firsts = [*self.chunks.min_ms[:1].tolist(), *self.loose.ms[:1].tolist()]
        return int(min(firsts, default=0))

    def narrow(self) -> None:
        """Leave out the chunks that lie outside the drawn part."""
        low, high = self.spans(self.chunks)
        inside = (low <= self.high) & (high >= self.low)
        if not inside.all():
            self.chunks = self.chunks.rows(inside)

    def spans(self, chunks: Chunks) -> tuple[Ints, Ints]:
        """Where chunks begin and end on the axis."""
        if self.axis is Axis.STEP:
            return chunks.min_step, chunks.max_step
        return chunks.min_ms, chunks.max_ms

    def is_cut(self, chunks: Chunks) -> Bools:
        """Whether only a part of each may be drawn."""
        low, high = self.spans(chunks)
        cut: Bools = (low < self.low) | (high > self.high)
        return cut

    @property
    def expected(self) -> int:
        """About how many points are drawn."""
        total = int(self.chunks.points.sum()) + self.loose.size
        cut = np.flatnonzero(self.is_cut(self.chunks))
        low, high = self.spans(self.chunks)
        for place in cut.tolist():
            first, last = int(low[place]), int(high[place])
            share = (min(last, self.high) - max(first, self.low) + 1) / (last - first + 1)
            total -= int(self.chunks.points[place] * (1 - share))
        return total


class Wanted(NamedTuple):
    """A run of a chart and the part of the axis that is drawn of it."""

    row: int
    low: int
    high: int


def open_series(
    c: Connection, runs: Sequence[Wanted], key_ids: Sequence[int], axis: Axis
) -> dict[tuple[int, int], StoredSeries]:
    """The series that there are, by (run, key). Cost: the rows of the chunks in the range, the runs' log and tails.

    Raises: CorruptChunk.
    """
    if not runs or not key_ids:
        return {}
    bounds = {run.row: (run.low, run.high) for run in runs}
    rows = among("run_id", list(bounds), c.dialect)
    both = rows + among("key_id", list(key_ids), c.dialect).wrap("AND ")
    found = {
        (run, key): StoredSeries(run, key, count, axis, *bounds[run], NO_CHUNKS, no_points())
        for run, key, count in c.all(SERIES.replace("|", both.text), both.params)
    }
    low, high = min(one.low for one in runs), max(one.high for one in runs)
    column = "step" if axis is Axis.STEP else "ms"
    sql = SPANS.replace("|", f"{both.text} AND max_{column} >= ? AND min_{column} <= ?")
    spans = c.all(sql, (*both.params, _int64(low), _int64(high)))
    for (run, key), rows_of_series in _split(np.array(spans, np.int64).reshape(-1, 8)):
        series = found[run, key]
        series.chunks = Chunks.of(rows_of_series)
        series.narrow()
    _add_loose(c, found, rows, key_ids)
    return found


def _int64(number: int) -> int:
    return min(max(number, LOWEST), HIGHEST)


def _split(rows: npt.NDArray[np.int64]) -> Iterator[tuple[tuple[int, int], npt.NDArray[np.int64]]]:
    """Rows by their first two numbers, by which they are sorted."""
    cuts = np.flatnonzero((rows[1:, :2] != rows[:-1, :2]).any(axis=1)) + 1
    for part in np.split(rows, cuts):
        if part.size:
            yield (int(part[0, 0]), int(part[0, 1])), part[:, 2:]


def _add_loose(
    c: Connection, found: dict[tuple[int, int], StoredSeries], rows: Any, key_ids: Sequence[int]
) -> None:
    """Points that are in no chunk."""
    holders = {
        row[0] for sql in (WITH_LOG, WITH_TAILS) for row in c.all(sql.replace("|", rows.text), rows.params)
    }
    for run in holders:
        for key, columns in loose_points_of(c, run, key_ids).items():
            if (run, key) in found:
                found[run, key].loose = columns


def in_detail(series: Collection[StoredSeries], buckets: int) -> set[tuple[int, int]]:
    """The series whose points are read, because they are few or their pieces too wide; shorter ones first."""
    chosen, left = set(), DETAIL_POINTS
    expected = sorted((one.expected, one.run, one.key) for one in series)
    pieces = 2 * buckets if sum(one[0] for one in expected) <= left else buckets // 2  # that are enough
    for points, run, key in expected:
        if points > max(EXACT_SHARE * buckets, SHORT_POINTS, min(left, PIECE_POINTS * pieces)):
            break
        left -= points
        chosen.add((run, key))
    return chosen


class SeriesReader:
    """Reads series of one request, one after the other; `made` are the overviews that were missing."""

    def __init__(self, c: Connection, buckets: int) -> None:
        self._c = c
        self._buckets = buckets
        self._disorder_left = DISORDER_POINTS
        self.made: list[Made] = []

    def draw(self, series: StoredSeries, *, in_detail: bool) -> tuple[bool, Buckets]:
        """(whether each row is a point, rows).

        Raises: CorruptChunk; QueryTooExpensive, where too many points came out of order.
        """
        items = self.points(series) if in_detail else self._items(series)
        if not in_detail and int(items.points.sum()) <= EXACT_SHARE * self._buckets:
            items, in_detail = self.points(series), True
        return self.rows_of(items) if in_detail else (False, chart.bucketed(items, self._buckets))

    def rows_of(self, items: Items) -> tuple[bool, Buckets]:
        """(whether each row is a point, rows) of points by ascending place."""
        if items.size <= EXACT_SHARE * self._buckets:
            return True, chart.exactly(items)
        return False, chart.bucketed(items, self._buckets)

    def points(self, series: StoredSeries) -> Items:
        """Each point of the drawn part, by ascending place."""
        return self._cut(series, self._columns(series.chunks.id, series.loose))

    def columns(self, series: StoredSeries) -> Columns:
        """All points of its chunks and the log, in history order."""
        return self._columns(series.chunks.id, series.loose)

    def _columns(self, ids: Ints | list[int], loose: Columns) -> Columns:
        numbers = [int(number) for number in ids]
        parts = load_columns(lambda some: load_chunks(self._c, some), numbers) if numbers else []
        return merge_series([*parts, loose])

    def _cut(self, series: StoredSeries, columns: Columns) -> Items:
        by_step = series.axis is Axis.STEP
        places = columns.steps if by_step else columns.ms
        if series.low > LOWEST or series.high < HIGHEST:
            columns = columns.rows((places >= series.low) & (places <= series.high))
        return chart.points_by_step(columns) if by_step else chart.points_by_ms(columns)

    def _items(self, series: StoredSeries) -> Items:
        """Points of chunks that must be read, and pieces of the others."""
        alone, items = self._apart(series)
        long = (alone.points >= OVERVIEW_FROM) & ~series.is_cut(alone)
        if not long.all():
            items.append(self._cut(series, self._columns(alone.rows(~long).id, no_points())))
            alone = alone.rows(long)
        found = self._overviews(series, alone)
        if series.axis is Axis.STEP:
            kept = self._in_order(alone, is_rising(found))
            if not kept.all():
                items.append(self._cut(series, self._columns(alone.rows(~kept).id, no_points())))
                found = [found[place] for place in np.flatnonzero(kept).tolist()]
        pieces = read_overviews(found)
        items.append(chart.items_by_step(pieces) if series.axis is Axis.STEP else chart.items_by_ms(pieces))
        return chart.joined(items)

    def _apart(self, series: StoredSeries) -> tuple[Chunks, list[Items]]:
        """Chunks that share no place with other points of the series, and all points of the others.

        Those may hold a point twice.
        """
        loose = series.loose
        if _follow(series.chunks, loose):
            return series.chunks, [self._cut(series, loose)]
        alone, items, done = list[int](), list[Items](), 0
        places = list(zip(loose.ms.tolist(), loose.steps.tolist(), strict=True))
        for group in overlapping(series.chunks.parts()):
            start = bisect_left(places, group[0].first)
            end = bisect_right(places, max(part.last for part in group))
            items.append(self._cut(series, loose.rows(slice(done, start))))
            done = end
            if len(group) == 1 and start == end:
                alone.append(group[0].id)
            else:
                self._spend(sum(part.count for part in group))
                some = self._columns([part.id for part in group], loose.rows(slice(start, end)))
                items.append(self._cut(series, some))
        items.append(self._cut(series, loose.rows(slice(done, None))))
        return series.chunks.rows(np.isin(series.chunks.id, alone)), items

    def _overviews(self, series: StoredSeries, chunks: Chunks) -> list[bytes]:
        """The overview of each; what is missing or damaged is made."""
        known = overviews.find(self._c, series.run, series.key, chunks.id)
        found = [known.get(number) for number in chunks.id.tolist()]
        sound = are_sound(found, chunks.points)
        for place in np.flatnonzero(~sound).tolist():
            data = overview_of(self._columns([int(chunks.id[place])], no_points()))
            chunk = tuple(int(column[place]) for column in chunks)
            self.made.append(Made(series.run, series.key, chunk, data))
            found[place] = data
        return found  # type: ignore[return-value]

    def _in_order(self, chunks: Chunks, rising: Bools) -> Bools:
        """Which are drawn from their pieces on the axis of steps: steps never fall in them, and no other lies over them.

        Once too many points would have to be read also those over which others lie: buckets get wider then.
        """
        low, high = chunks.min_step, chunks.max_step
        if rising.all() and (low[1:] >= high[:-1]).all():
            return rising
        self._spend(int(chunks.points[~rising].sum()))
        kept = np.zeros(chunks.size, np.bool_)
        order = np.lexsort((high, low))
        order = order[rising[order]]
        apart = low[order][1:] >= np.maximum.accumulate(high[order])[:-1]
        for group in np.split(order, np.flatnonzero(apart) + 1):
            points = int(chunks.points[group].sum())
            if group.size == 1 or points > self._disorder_left:
                kept[group] = True
            else:
                self._disorder_left -= points
        return kept

    def _spend(self, points: int) -> None:
        self._disorder_left -= points
        if self._disorder_left < 0:
            raise QueryTooExpensive(
                f"More than {DISORDER_POINTS:,} points that came out of order would be read. Ask for fewer runs or a "
                "part of the axis, or draw over time instead of steps."
            )


def _follow(chunks: Chunks, loose: Columns) -> bool:
    """Whether all parts of a series follow one another in history order."""
    if not chunks.size:
        return True
    later = chunks.min_ms[1:] > chunks.max_ms[:-1]
    later |= (chunks.min_ms[1:] == chunks.max_ms[:-1]) & (chunks.min_step[1:] > chunks.max_step[:-1])
    if not later.all():
        return False
    last = int(chunks.max_ms[-1]), int(chunks.max_step[-1])
    return not loose.size or (int(loose.ms[0]), int(loose.steps[0])) > last


def shifted(places: Ints, start_ms: int) -> Places:
    """Times as ms since a start; as floats where they leave int64."""
    if places.size and not LOWEST <= int(places[0]) - start_ms <= int(places[-1]) - start_ms <= HIGHEST:
        return places.astype(np.float64) - float(start_ms)
    return places - np.int64(start_ms)

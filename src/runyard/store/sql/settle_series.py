"""Exact counts of series that came out of order: replays may have been counted twice.

Chunks that share no time with another part of the series are taken as counted; only what overlaps is read.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush

import msgspec
import numpy as np

from runyard.store.sql.database import Connection, Transaction
from runyard.store.sql.series.history import HistoryReader, Span
from runyard.store.sql.series.points import Columns, Floats, no_points
from runyard.store.sql.series_rows import load_chunks, loose_points_of

READ_POINTS = 1_000_000
READ_DEPTH = 64
PAGE_POINTS = 65_536
SETTLED_AT_ONCE = 500
FIRST = (-1, -1)
DISORDERED = f"""SELECT run_id, key_id, count FROM series WHERE disordered = 1 AND (run_id, key_id) > (?, ?)
    ORDER BY run_id, key_id LIMIT {SETTLED_AT_ONCE}"""
PARTS = """SELECT id, count, min_ms, max_ms, min_step, max_step, numbers, sum_value FROM chunks
    WHERE run_id = ? AND key_id = ? ORDER BY min_ms, min_step"""
SETTLE = """UPDATE series SET count = ?, numbers = ?, sum = ?, disordered = 0
    WHERE run_id = ? AND key_id = ? AND count = ?"""


class Disordered(msgspec.Struct, frozen=True, gc=False):
    """A series to settle; `count` is what its summary says now."""

    run_id: int
    key_id: int
    count: int


class Totals(msgspec.Struct, frozen=True, gc=False):
    """Of distinct points; the sum leaves NaN out and is NaN when it has no value.

    `overlapping` is how many chunks overlap one another, directly or through others.
    """

    count: int
    numbers: int
    sum: float
    overlapping: int = 0


class Part(msgspec.Struct, frozen=True, gc=False):
    """A chunk without its data."""

    id: int
    count: int
    min_ms: int
    max_ms: int
    min_step: int
    max_step: int
    numbers: int
    sum: float | None

    @property
    def first(self) -> tuple[int, int]:
        """No point comes before this (ms, step)."""
        return self.min_ms, self.min_step

    @property
    def last(self) -> tuple[int, int]:
        """No point comes after this (ms, step)."""
        return self.max_ms, self.max_step

    @property
    def span(self) -> Span:
        return Span(self.id, self.count, self.min_ms, self.max_ms, self.min_step, self.max_step)


def find_disordered(c: Connection, after: tuple[int, int]) -> list[Disordered]:
    """The next series to settle, by run and key; after FIRST come all."""
    return [Disordered(*row) for row in c.all(DISORDERED, after)]


def count_series(c: Connection, run_id: int, key_ids: Sequence[int]) -> dict[int, Totals | None]:
    """Exact totals of series of one run, by key; None where too much overlaps to be read at once.

    Raises: CorruptChunk.
    """
    loose = loose_points_of(c, run_id, key_ids)
    return {
        key_id: _count(c, parts_of(c, run_id, key_id), loose.get(key_id, no_points())) for key_id in key_ids
    }


def parts_of(c: Connection, run_id: int, key_id: int) -> list[Part]:
    """The chunks of a series in the order in which they begin."""
    return [Part(*row) for row in c.all(PARTS, (run_id, key_id))]


def _count(c: Connection, parts: Sequence[Part], loose: Columns) -> Totals | None:
    """Of the points outside chunks, those that lie within a chunk may be in it too; the others are counted as is."""
    places = list(zip(loose.ms.tolist(), loose.steps.tolist(), strict=True))
    found, done = [], 0
    for group in overlapping(parts):
        start = bisect_left(places, group[0].first)
        end = bisect_right(places, max(part.last for part in group))
        found.append(totals_of(loose.rows(slice(done, start)).values))
        done = end
        inside = loose.rows(slice(start, end))
        if len(group) == 1 and not inside.size:
            found.append(_told(group[0]))
        elif sum(part.count for part in group) > READ_POINTS and depth_of(group) > READ_DEPTH:
            return None
        else:
            found.append(_read(c, group, inside))
    found.append(totals_of(loose.rows(slice(done, None)).values))
    return _added(found)


def _told(part: Part) -> Totals:
    return Totals(part.count, part.numbers, math.nan if part.sum is None else part.sum)


def _read(c: Connection, group: Sequence[Part], loose: Columns) -> Totals:
    """Totals of what overlaps, read in pages."""
    reader = HistoryReader([part.span for part in group], lambda ids: load_chunks(c, ids), loose)
    pages = [totals_of(page.columns.values) for page in reader.pages(PAGE_POINTS)]
    return _added([*pages, Totals(0, 0, 0.0, len(group))])


def _added(totals: Sequence[Totals]) -> Totals:
    return Totals(
        sum(one.count for one in totals),
        sum(one.numbers for one in totals),
        sum(one.sum for one in totals),
        max(one.overlapping for one in totals),
    )


def totals_of(values: Floats) -> Totals:
    """Totals of distinct points."""
    numbers = values[~np.isnan(values)]
    with np.errstate(all="ignore"):  # the sum of inf and -inf has no value
        return Totals(values.size, numbers.size, float(numbers.sum()))


def settle(tx: Transaction, counted: Iterable[tuple[Disordered, Totals]]) -> None:
    """Store totals, but of series to which points came meanwhile: they are counted again later."""
    for series, totals in counted:
        total = totals.sum if math.isfinite(totals.sum) else None
        tx.execute(SETTLE, (totals.count, totals.numbers, total, series.run_id, series.key_id, series.count))


def overlapping(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Parts in groups that share no place in history order with any other group; parts by where they begin."""
    group: list[Part] = []
    end = (0, 0)
    for part in parts:
        if group and part.first > end:
            yield group
            group = []
        end = max(end, part.last) if group else part.last
        group.append(part)
    if group:
        yield group


def depth_of(group: Sequence[Part]) -> int:
    """How many parts share one place, at most; parts by where they begin."""
    ends: list[tuple[int, int]] = []
    deepest = 0
    for part in group:
        while ends and ends[0] < part.first:
            heappop(ends)
        heappush(ends, part.last)
        deepest = max(deepest, len(ends))
    return deepest

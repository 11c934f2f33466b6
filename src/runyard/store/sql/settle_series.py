"""Exact counts of series that came out of order: replays may have been counted twice.

Chunks that share no time with another part of the series are taken as counted; only what overlaps is read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np

from runyard.store.sql.database import Connection, Transaction
from runyard.store.sql.series.history import load_columns, merge_series
from runyard.store.sql.series.points import Columns, Floats, no_points
from runyard.store.sql.series_rows import load_chunks, loose_points_of

SETTLED_POINTS = 4_000_000
SETTLED_AT_ONCE = 500
FIRST = (-1, -1)
DISORDERED = f"""SELECT run_id, key_id, count FROM series WHERE disordered = 1 AND (run_id, key_id) > (?, ?)
    ORDER BY run_id, key_id LIMIT {SETTLED_AT_ONCE}"""
PARTS = """SELECT id, count, min_ms, min_step, max_ms, max_step, numbers, sum_value FROM chunks
    WHERE run_id = ? AND key_id = ? ORDER BY min_ms, min_step"""
SETTLE = """UPDATE series SET count = ?, numbers = ?, sum = ?, disordered = 0
    WHERE run_id = ? AND key_id = ? AND count = ?"""


class Disordered(msgspec.Struct, frozen=True, gc=False):
    """A series to settle; `count` is what its summary says now."""

    run_id: int
    key_id: int
    count: int


class Totals(msgspec.Struct, frozen=True, gc=False):
    """Of distinct points; the sum leaves NaN out and is NaN when it has no value."""

    count: int
    numbers: int
    sum: float


class Part(msgspec.Struct, frozen=True, gc=False):
    """A chunk, or with id 0 the points that are in no chunk."""

    id: int
    count: int
    min_ms: int
    min_step: int
    max_ms: int
    max_step: int
    numbers: int
    sum: float | None


def find_disordered(c: Connection, after: tuple[int, int]) -> list[Disordered]:
    """The next series to settle, by run and key; after FIRST come all."""
    return [Disordered(*row) for row in c.all(DISORDERED, after)]


def count_series(c: Connection, run_id: int, key_ids: Sequence[int]) -> dict[int, Totals | None]:
    """Exact totals of series of one run, by key; None where more than 4,000,000 points overlap one another.

    Raises: CorruptChunk.
    """
    loose = loose_points_of(c, run_id, key_ids)
    return {key_id: _count(c, run_id, key_id, loose.get(key_id, no_points())) for key_id in key_ids}


def _count(c: Connection, run_id: int, key_id: int, loose: Columns) -> Totals | None:
    parts = [Part(*row) for row in c.all(PARTS, (run_id, key_id))]
    if loose.size:
        parts.append(_part_of(loose))
    total = Totals(0, 0, 0.0)
    for group in _overlapping(sorted(parts, key=lambda part: (part.min_ms, part.min_step))):
        if len(group) == 1:
            one = group[0]
            found = Totals(one.count, one.numbers, math.nan if one.sum is None else one.sum)
        elif sum(part.count for part in group) > SETTLED_POINTS:
            return None
        else:
            found = totals_of(_points(c, group, loose).values)
        total = Totals(total.count + found.count, total.numbers + found.numbers, total.sum + found.sum)
    return total


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


def _part_of(loose: Columns) -> Part:
    counted = totals_of(loose.values)
    return Part(
        0,
        loose.size,
        int(loose.ms[0]),
        int(loose.steps.min()),
        int(loose.ms[-1]),
        int(loose.steps.max()),
        counted.numbers,
        counted.sum,
    )


def _overlapping(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Parts in groups that share no place in history order with any other group."""
    group: list[Part] = []
    end = (0, 0)
    for part in parts:
        if group and (part.min_ms, part.min_step) > end:
            yield group
            group = []
        last = (part.max_ms, part.max_step)
        end = max(end, last) if group else last
        group.append(part)
    if group:
        yield group


def _points(c: Connection, group: Sequence[Part], loose: Columns) -> Columns:
    ids = [part.id for part in group if part.id]
    chunks = load_columns(lambda wanted: load_chunks(c, wanted), ids)
    return merge_series([*chunks, loose] if len(ids) < len(group) else chunks)

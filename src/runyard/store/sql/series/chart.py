"""What a chart draws of a series: buckets of an axis, made of points and of summaries of pieces.

An *item* is a point or the summary of points that lie between two places of the axis. Items that overlap are never
parted, so that a bucket holds all points between its first and its last place and its numbers are exact; items that
are wider than a bucket make buckets wider.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from runyard.store.sql.series.overview import Pieces
from runyard.store.sql.series.points import Bools, Columns, Floats, Ints, ascending_pairs, value_ranks

Places = npt.NDArray[Any]
"""Of an axis: int64, or float64 without NaN."""
_EVERY = (1 << 64) - 1


class Items(NamedTuple):
    """Arrays of one length. `tie` orders last values at one place; min and max are NaN where no point is a number."""

    low: Places
    high: Places
    tie: Ints
    points: Ints
    numbers: Ints
    min: Floats
    max: Floats
    last: Floats
    sum: Floats

    @property
    def size(self) -> int:
        """How many items."""
        return self.low.size

    def rows(self, index: slice | Ints | Bools) -> "Items":
        """Some of them."""
        return Items._make(column[index] for column in self)


class Buckets(NamedTuple):
    """Non-empty buckets by ascending place, arrays of one length.

    Per bucket: first and last place of a point, the number of points and of those that are NaN, min, max and mean of
    the others, and the last value: that of the point with the greatest place, then the greatest tie and rank.
    """

    first: Places
    final: Places
    points: Ints
    nans: Ints
    last: Floats
    min: Floats
    max: Floats
    mean: Floats


def items_of_points(places: Places, tie: Ints, values: Floats) -> Items:
    """Each point as an item."""
    numbers = (~np.isnan(values)).astype(np.int64)
    sums = values if numbers.all() else np.where(numbers, values, 0.0)
    ones = np.ones(values.size, np.int64)
    return Items(places, places, tie, ones, numbers, values, values, values, sums)


def items_by_step(pieces: Pieces) -> Items:
    """Pieces of chunks whose steps never fall, on the axis of steps."""
    return Items(
        pieces.first_step, pieces.last_step, pieces.last_ms, pieces.points, pieces.numbers, *pieces[7:]
    )


def items_by_ms(pieces: Pieces) -> Items:
    """Pieces on the axis of time."""
    return Items(
        pieces.first_ms, pieces.last_ms, pieces.last_step, pieces.points, pieces.numbers, *pieces[7:]
    )


def points_by_step(columns: Columns) -> Items:
    """Points in history order on the axis of steps, sorted."""
    ordered = _by_step(columns)
    return items_of_points(ordered.steps, ordered.ms, ordered.values)


def points_by_ms(columns: Columns) -> Items:
    """Points in history order on the axis of time."""
    return items_of_points(columns.ms, columns.steps, columns.values)


def joined(parts: Sequence[Items]) -> Items:
    """All items by ascending place."""
    filled = [part for part in parts if part.size]
    if len(filled) == 1:
        return _sorted(filled[0])
    if not filled:
        return items_of_points(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))
    return _sorted(Items._make(np.concatenate(columns) for columns in zip(*filled, strict=True)))


def _sorted(items: Items) -> Items:
    if _are_sorted(items):
        return items
    items = items.rows(items.low.argsort(kind="stable"))  # a fifth of the cost of all four columns
    if _are_sorted(items):
        return items
    return items.rows(np.lexsort((value_ranks(items.last), items.tie, items.high, items.low)))


def _are_sorted(items: Items) -> bool:
    """By low, then high and tie where items lie at one place."""
    low, high, tie = items.low, items.high, items.tie
    up = low[1:] > low[:-1]
    if not up.all():
        same = low[1:] == low[:-1]
        up |= same & (high[1:] > high[:-1])
        up |= same & (high[1:] == high[:-1]) & (tie[1:] >= tie[:-1])
    return bool(up.all())


def joined_by_step(places: Columns, values: Columns) -> Items:
    """Points whose place is the last value that another series has at their step, by ascending place.

    Of each series counts the last value of a step. Steps that one of them lacks, and places that are no finite number,
    are left out.
    """
    left, right = _last_of_steps(places), _last_of_steps(values)
    steps, at, of = np.intersect1d(left.steps, right.steps, assume_unique=True, return_indices=True)
    found = left.values[at]
    there = np.isfinite(found)
    return _sorted(items_of_points(found[there], steps[there], right.values[of][there]))


def _by_step(columns: Columns) -> Columns:
    """Points in history order by (step, ms, rank): a stable sort by step keeps the rest."""
    if (columns.steps[1:] >= columns.steps[:-1]).all():
        return columns
    return columns.rows(columns.steps.argsort(kind="stable"))


def _last_of_steps(columns: Columns) -> Columns:
    ordered = _by_step(columns)
    return ordered.rows(np.append(ordered.steps[1:] != ordered.steps[:-1], True)[: ordered.size])


def bucketed(items: Items, most: int) -> Buckets:
    """At most so many buckets of equal width between the first and the last place.

    Args:
        items: by ascending place, from `joined`.
        most: at least 1.
    """
    if most < 1:
        raise ValueError(f"buckets must be at least 1, not {most}")
    if not items.size:
        none, nothing = np.empty(0, np.int64), np.empty(0, np.float64)
        return Buckets(items.low, items.high, none, none, nothing, nothing, nothing, nothing)
    reached = np.maximum.accumulate(items.high)
    apart = items.low[1:] > reached[:-1]
    low, high = items.low[0], reached[-1]
    if apart.all():
        starts = _starts(items.low, low, high, most)
    else:
        begins = np.concatenate((np.zeros(1, np.int64), np.flatnonzero(apart) + 1))
        starts = begins[_starts(items.low[begins], low, high, most)]
    return _summed(items, starts)


def _starts(places: Places, low: Any, high: Any, most: int) -> Ints:
    """Which of these ascending places is the first of its cell."""
    if places.dtype.kind == "f":
        cells = cells_of(places, low, high, most)
        return np.concatenate((np.zeros(1, np.int64), np.flatnonzero(cells[1:] != cells[:-1]) + 1))
    width = _width(low, high, most)
    most_cuts = min((int(high) - int(low)) // width, most - 1)
    offsets = np.arange(1, most_cuts + 1).astype(np.uint64) * np.uint64(width)
    begins = (offsets + np.uint64(int(low) % (1 << 64))).view(np.int64)
    cuts = np.concatenate((np.zeros(1, np.int64), np.searchsorted(places, begins, "left")))
    return cuts[np.append(cuts[1:], places.size) > cuts]


def _width(low: Any, high: Any, most: int) -> int:
    return min(-(-(int(high) - int(low) + 1) // most), _EVERY)


def cells_of(places: Places, low: Any, high: Any, most: int) -> Ints:
    """The cell, 0 to most - 1, of each place between low and high, in cells of equal width; exact for all of int64."""
    if places.dtype.kind == "f":
        with np.errstate(all="ignore"):  # the distance of two floats may be infinite
            shares = places / 2 - low / 2
            cells = shares * (most / (high / 2 - low / 2)) if high > low else np.zeros(places.size)
        return np.clip(np.nan_to_num(cells), 0, most - 1).astype(np.int64)
    width = _width(low, high, most)
    offsets = places.view(np.uint64) - np.uint64(int(low) % (1 << 64))
    numbers: Ints = np.minimum(offsets // np.uint64(width), np.uint64(most - 1)).astype(np.int64)
    return numbers


def places_of(cells: Ints, low: Any, high: Any, most: int, *, whole: bool) -> Floats:
    """Where cells begin; whole: the axis has integers only."""
    if not whole:
        step = high / most - low / most
        return np.asarray(low + cells * step, np.float64)
    width = _width(low, high, most)
    return float(low) + cells.astype(np.float64) * float(width)


def _summed(items: Items, starts: Ints) -> Buckets:
    ends = np.append(starts[1:], items.size) - 1
    count = np.add.reduceat(items.points, starts)
    there = np.add.reduceat(items.numbers, starts)
    with np.errstate(all="ignore"):  # inf - inf; no number at all
        mean = np.add.reduceat(items.sum, starts) / there
    return Buckets(
        items.low[starts],
        np.maximum.reduceat(items.high, starts),
        count,
        count - there,
        items.last[_finals(items, ends)],
        np.fmin.reduceat(items.min, starts),
        np.fmax.reduceat(items.max, starts),
        mean,
    )


def _finals(items: Items, ends: Ints) -> Ints:
    """The item of each bucket that holds its last value."""
    up = ascending_pairs(items.high, items.tie, items.last)
    if up.all():
        return ends
    numbers = np.repeat(np.arange(ends.size), np.diff(ends, prepend=-1))
    return np.lexsort((value_ranks(items.last), items.tie, items.high, numbers))[ends]


def exactly(items: Items) -> Buckets:
    """Each point, by ascending place, as a bucket of its own; items must be points."""
    return Buckets(
        items.low,
        items.high,
        items.points,
        items.points - items.numbers,
        items.last,
        items.min,
        items.max,
        items.last,
    )

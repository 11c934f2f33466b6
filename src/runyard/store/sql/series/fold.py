"""Summaries of series from the points of one request or one group of requests."""

from collections.abc import Iterator
from math import isnan

import msgspec
import numpy as np

from runyard.store.sql.series.points import (
    POINT_BYTES,
    ROW,
    Bools,
    Columns,
    Floats,
    Ints,
    ascending_pairs,
    columns_of,
    group_by_key,
    unpack,
    value_rank,
    value_ranks,
)

_FEW_BYTES = 120 * POINT_BYTES
_HIGHEST = np.iinfo(np.int64).max


class SeriesDelta(msgspec.Struct, gc=False):
    """What some points of one series add to its summary.

    `first` and `last` are the smallest and greatest point in last order, (step, ms, rank of the value). NaN is
    left out of `numbers`, `sum`, `min` and `max`; without any number the extremes are None. Among equal extremes
    the smallest step counts; a zero extreme has no sign. `ordered` says that each point came strictly after the
    one before it in last order: then none is a duplicate and `first` is also the first as it came, so the whole
    delta lies after a stored series exactly when `first` does.
    """

    key: int
    count: int
    numbers: int
    sum: float
    first_step: int
    first_ms: int
    first_value: float
    last_step: int
    last_ms: int
    last_value: float
    min_value: float | None
    min_step: int | None
    max_value: float | None
    max_step: int | None
    ordered: bool


def fold(blob: bytes) -> list[SeriesDelta]:
    """One delta per key of packed points (see `pack`), by ascending key.

    Raises: ValueError or struct.error, if the length is not a multiple of 28 bytes.
    """
    if len(blob) == POINT_BYTES:
        return [_of_one(*ROW.unpack(blob))]
    if len(blob) <= _FEW_BYTES:
        return fold_few(blob)
    return fold_many(blob)


def merge(a: SeriesDelta, b: SeriesDelta) -> SeriesDelta:
    """The delta of a's points followed by b's, for the same key. Associative, but for the rounding of `sum`."""
    first = (
        a
        if _comes_before(a.first_step, a.first_ms, a.first_value, b.first_step, b.first_ms, b.first_value)
        else b
    )
    last = (
        b if _comes_before(a.last_step, a.last_ms, a.last_value, b.last_step, b.last_ms, b.last_value) else a
    )
    low = _lower(a, b)
    high = _higher(a, b)
    return SeriesDelta(
        a.key,
        a.count + b.count,
        a.numbers + b.numbers,
        a.sum + b.sum,
        first.first_step,
        first.first_ms,
        first.first_value,
        last.last_step,
        last.last_ms,
        last.last_value,
        low.min_value,
        low.min_step,
        high.max_value,
        high.max_step,
        a.ordered
        and b.ordered
        and _comes_before(a.last_step, a.last_ms, a.last_value, b.first_step, b.first_ms, b.first_value),
    )


def _lower(a: SeriesDelta, b: SeriesDelta) -> SeriesDelta:
    if a.min_value is None or a.min_step is None:
        return b
    if b.min_value is None or b.min_step is None:
        return a
    return a if (a.min_value, a.min_step) <= (b.min_value, b.min_step) else b


def _higher(a: SeriesDelta, b: SeriesDelta) -> SeriesDelta:
    if a.max_value is None or a.max_step is None:
        return b
    if b.max_value is None or b.max_step is None:
        return a
    return a if (-a.max_value, a.max_step) <= (-b.max_value, b.max_step) else b


def _comes_before(step: int, ms: int, value: float, step2: int, ms2: int, value2: float) -> bool:
    """Whether the first point lies strictly before the second in last order."""
    if step != step2:
        return step < step2
    if ms != ms2:
        return ms < ms2
    return value_rank(value) < value_rank(value2)


def _of_one(key: int, step: int, ms: int, value: float) -> SeriesDelta:
    if isnan(value):
        return SeriesDelta(key, 1, 0, 0.0, step, ms, value, step, ms, value, None, None, None, None, True)
    even = value + 0.0  # -0.0 becomes 0.0
    return SeriesDelta(key, 1, 1, even, step, ms, value, step, ms, value, even, step, even, step, True)


def fold_few(blob: bytes) -> list[SeriesDelta]:
    """`fold` in plain Python: cheaper for some dozens of points."""
    found: dict[int, SeriesDelta] = {}
    for key, step, ms, value in ROW.iter_unpack(blob):
        delta = found.get(key)
        if delta is None:
            found[key] = _of_one(key, step, ms, value)
        else:
            _place(delta, step, ms, value)
            _measure(delta, step, value)
    return [found[key] for key in sorted(found)]


def _place(delta: SeriesDelta, step: int, ms: int, value: float) -> None:
    delta.count += 1
    last_step = delta.last_step
    if step > last_step or (
        step == last_step and _comes_before(step, delta.last_ms, delta.last_value, step, ms, value)
    ):
        delta.last_step, delta.last_ms, delta.last_value = step, ms, value
        return
    delta.ordered = False
    if _comes_before(step, ms, value, delta.first_step, delta.first_ms, delta.first_value):
        delta.first_step, delta.first_ms, delta.first_value = step, ms, value


def _measure(delta: SeriesDelta, step: int, value: float) -> None:
    if isnan(value):
        return
    delta.numbers += 1
    delta.sum += value
    low, low_step, high, high_step = delta.min_value, delta.min_step, delta.max_value, delta.max_step
    if low is None or low_step is None or high is None or high_step is None:
        delta.min_value = delta.max_value = value + 0.0
        delta.min_step = delta.max_step = step
        return
    if value < low or (value == low and step < low_step):
        delta.min_value, delta.min_step = value + 0.0, step
    if value > high or (value == high and step < high_step):
        delta.max_value, delta.max_step = value + 0.0, step


def fold_many(blob: bytes) -> list[SeriesDelta]:
    """`fold` in numpy: cheaper from about a hundred points."""
    points = unpack(blob)
    if not points.size:
        return []
    keys = points["key"].astype(np.int64)
    columns = columns_of(points)
    order, starts = group_by_key(keys)
    if order is not None:
        keys, columns = keys[order], columns.rows(order)
    counts = np.diff(starts, append=columns.size)
    ordered, columns_by_last = _by_last_order(columns, keys, starts)
    ends = starts + counts - 1
    return [
        SeriesDelta(*row)
        for row in zip(
            keys[starts].tolist(),
            counts.tolist(),
            *_numbers(columns.values, starts),
            *(column[starts].tolist() for column in columns_by_last),
            *(column[ends].tolist() for column in columns_by_last),
            *_extremes(columns, starts, counts),
            ordered.tolist(),
            strict=True,
        )
    ]


def _by_last_order(columns: Columns, keys: Ints, starts: Ints) -> tuple[Bools, Columns]:
    """(for each key, whether its points came in last order; the columns so that each key's points lie in it)."""
    up = ascending_pairs(columns.steps, columns.ms, columns.values)
    up[starts[1:] - 1] = True
    if up.all():
        return np.ones(starts.size, np.bool_), columns
    ordered = np.logical_and.reduceat(np.append(True, up), starts)
    order = np.lexsort((value_ranks(columns.values), columns.ms, columns.steps, keys))
    return ordered, columns.rows(order)


def _numbers(values: Floats, starts: Ints) -> Iterator[list[int] | list[float]]:
    """For each key: how many points are numbers, and their sum."""
    numbers = ~np.isnan(values)
    yield np.add.reduceat(numbers, starts, dtype=np.int64).tolist()
    with np.errstate(all="ignore"):
        yield np.add.reduceat(np.where(numbers, values, 0.0), starts).tolist()


def _extremes(
    columns: Columns, starts: Ints, counts: Ints
) -> Iterator[list[float | None] | list[int | None]]:
    """For each key: min, step of the min, max, step of the max."""
    for extreme in (np.fmin, np.fmax):
        best: Floats = extreme.reduceat(columns.values, starts)
        at_best = columns.values == np.repeat(best, counts)
        steps = np.minimum.reduceat(np.where(at_best, columns.steps, _HIGHEST), starts).tolist()
        none = np.flatnonzero(np.isnan(best)).tolist()
        yield _blanked((best + 0.0).tolist(), none)
        yield _blanked(steps, none)


def _blanked(column: list, none: list[int]) -> list:  # type: ignore[type-arg]
    for index in none:
        column[index] = None
    return column

import math
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from series_strategies import COUNTABLE_ROWS, ROWS, Row, bits, last_key, packed

from runyard.store.sql.series.fold import SeriesDelta, fold, fold_few, fold_many, merge


def naive(rows: list[Row]) -> list[SeriesDelta]:
    return [naive_of_one([row for row in rows if row[0] == key]) for key in sorted({row[0] for row in rows})]


def naive_of_one(rows: list[Row]) -> SeriesDelta:
    numbers = [row for row in rows if not math.isnan(row[3])]
    total = 0.0
    for row in numbers:
        total += row[3]
    low = min(numbers, key=lambda row: (row[3], row[1]), default=None)
    high = min(numbers, key=lambda row: (-row[3], row[1]), default=None)
    _, first_step, first_ms, first = min(rows, key=last_key)
    _, last_step, last_ms, last = max(rows, key=last_key)
    keys = [last_key(row) for row in rows]
    return SeriesDelta(
        key=rows[0][0],
        count=len(rows),
        numbers=len(numbers),
        sum=total,
        first_step=first_step,
        first_ms=first_ms,
        first_value=first,
        last_step=last_step,
        last_ms=last_ms,
        last_value=last,
        min_value=None if low is None else low[3] + 0.0,
        min_step=None if low is None else low[1],
        max_value=None if high is None else high[3] + 0.0,
        max_step=None if high is None else high[1],
        ordered=all(a < b for a, b in pairwise(keys)),
    )


def exact(deltas: list[SeriesDelta], *, sums: bool = True) -> list[tuple[Any, ...]]:
    """Comparable to the last bit; sums of -0.0 and 0.0 are the same."""
    rows = (msgspec.structs.asdict(delta) | {"sum": delta.sum + 0.0 if sums else 0.0} for delta in deltas)
    return [tuple(bits(v) if isinstance(v, float) else v for v in row.values()) for row in rows]


@given(COUNTABLE_ROWS)
def test_both_ways_to_fold_equal_the_plain_rule(rows: list[Row]) -> None:
    expected = exact(naive(rows))
    assert exact(fold_few(packed(rows))) == expected
    assert exact(fold_many(packed(rows))) == expected
    assert exact(fold(packed(rows))) == expected


@given(ROWS)
def test_both_ways_to_fold_agree_on_any_double(rows: list[Row]) -> None:
    expected = exact(naive(rows), sums=False)
    assert exact(fold_few(packed(rows)), sums=False) == expected
    assert exact(fold_many(packed(rows)), sums=False) == expected


@given(COUNTABLE_ROWS, COUNTABLE_ROWS)
def test_merging_deltas_equals_folding_all_points(left: list[Row], right: list[Row]) -> None:
    left, right = ([(7, *row[1:]) for row in rows] for rows in (left, right))
    merged = merge(fold(packed(left))[0], fold(packed(right))[0])
    assert exact([merged]) == exact(fold(packed(left + right)))


@given(COUNTABLE_ROWS, COUNTABLE_ROWS, COUNTABLE_ROWS)
def test_merging_is_associative(one: list[Row], two: list[Row], three: list[Row]) -> None:
    a, b, c = (fold(packed([(7, *row[1:]) for row in rows]))[0] for rows in (one, two, three))
    assert exact([merge(merge(a, b), c)]) == exact([merge(a, merge(b, c))])


def test_folding_nothing_gives_no_deltas() -> None:
    assert fold(b"") == fold_many(b"") == []


@pytest.mark.parametrize("fold_by", [fold_few, fold_many])
def test_a_replayed_point_makes_a_series_unordered(fold_by: Any) -> None:
    points = [(1, 1, 1, 0.5), (1, 1, 1, 0.5), (2, 1, 1, 0.5)]
    assert [delta.ordered for delta in fold_by(packed(points))] == [False, True]


@pytest.mark.parametrize("fold_by", [fold_few, fold_many])
def test_a_series_of_nan_has_a_last_value_but_no_extremes(fold_by: Any) -> None:
    (delta,) = fold_by(packed([(1, 1, 1, math.nan), (1, 2, 1, math.nan)]))
    assert (delta.count, delta.numbers, delta.sum) == (2, 0, 0.0)
    assert (delta.min_value, delta.min_step, delta.max_value, delta.max_step) == (None, None, None, None)
    assert math.isnan(delta.last_value)


@pytest.mark.parametrize("fold_by", [fold_few, fold_many])
def test_opposite_infinities_sum_to_nan_without_a_warning(fold_by: Any) -> None:
    (delta,) = fold_by(packed([(1, 1, 1, math.inf), (1, 2, 1, -math.inf)]))
    assert math.isnan(delta.sum)
    assert (delta.min_value, delta.max_value) == (-math.inf, math.inf)

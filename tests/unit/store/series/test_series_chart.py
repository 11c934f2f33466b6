"""Buckets of charts: each is what a plain look at all its points gives, whatever they are made of."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from series_strategies import COUNTABLE_ROWS, ROWS, Row, bits, last_key, series

from runyard.store.sql.series import chart, overview
from runyard.store.sql.series.chart import Buckets, Items, bucketed, joined, joined_by_step
from runyard.store.sql.series.overview import overview_of, read_overviews
from runyard.store.sql.series.points import Columns, sort_columns


@pytest.fixture(scope="module", autouse=True)
def small_pieces() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overview, "PIECE_POINTS", 3)
        yield


def rows_of(columns: Columns) -> list[Row]:
    return [(0, *row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def mixed_items(columns: Columns, by_step: bool, size: int, as_points: list[bool]) -> Items:
    """Chunks of so many points, some as points and the others as pieces, as far as their steps allow."""
    parts = []
    for number, start in enumerate(range(0, columns.size, size)):
        chunk = columns.rows(slice(start, start + size))
        falls = by_step and bool((chunk.steps[1:] < chunk.steps[:-1]).any())
        if as_points[number % len(as_points)] or falls:
            parts.append(chart.points_by_step(chunk) if by_step else chart.points_by_ms(chunk))
        else:
            pieces = read_overviews([overview_of(chunk)])
            parts.append(chart.items_by_step(pieces) if by_step else chart.items_by_ms(pieces))
    return joined(parts)


def check(
    found: Buckets, rows: list[Row], place: Callable[[Row], int], order: Callable[[Row], Any], most: int
) -> None:
    """All rows are in buckets, and those say what is said of the rows between their ends."""
    firsts, finals = found.first.tolist(), found.final.tolist()
    assert len(firsts) <= most and firsts == sorted(firsts)
    assert all(final < first for final, first in zip(finals, firsts[1:], strict=False))
    assert found.points.sum() == len(rows)
    for at, (first, final) in enumerate(zip(firsts, finals, strict=True)):
        inside = [row for row in rows if first <= place(row) <= final]
        numbers = [row[3] for row in inside if not math.isnan(row[3])]
        assert min(map(place, inside)) == first and max(map(place, inside)) == final
        assert (found.points[at], found.nans[at]) == (len(inside), len(inside) - len(numbers))
        assert bits(float(found.last[at])) == bits(max(inside, key=order)[3])
        if numbers:
            assert (found.min[at], found.max[at]) == (min(numbers), max(numbers))
        else:
            assert math.isnan(found.min[at]) and math.isnan(found.max[at]) and math.isnan(found.mean[at])


def time_key(row: Row) -> Any:
    return row[2], row[1], last_key(row)[2]


@given(
    ROWS.filter(len),
    st.booleans(),
    st.integers(1, 12),
    st.integers(1, 9),
    st.lists(st.booleans(), min_size=1),
)
def test_buckets_say_what_their_points_say(
    rows: list[Row], by_step: bool, most: int, size: int, as_points: list[bool]
) -> None:
    columns = sort_columns(series(rows))
    found = bucketed(mixed_items(columns, by_step, size, as_points), most)
    if by_step:
        check(found, rows_of(columns), lambda row: row[1], last_key, most)
    else:
        check(found, rows_of(columns), lambda row: row[2], time_key, most)


@given(COUNTABLE_ROWS, st.integers(1, 12), st.integers(1, 9))
def test_means_are_exact(rows: list[Row], most: int, size: int) -> None:
    columns = sort_columns(series(rows))
    found = bucketed(mixed_items(columns, False, size, [False]), most)
    for first, final, mean in zip(
        found.first.tolist(), found.final.tolist(), found.mean.tolist(), strict=True
    ):
        numbers = [row[3] for row in rows_of(columns) if first <= row[2] <= final and not math.isnan(row[3])]
        assert math.isnan(mean) if not numbers else mean == sum(numbers) / len(numbers)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=30), st.integers(1, 9))
def test_points_are_in_the_bucket_of_their_cell(steps: list[int], most: int) -> None:
    places = np.array(sorted(set(steps)))
    items = chart.items_of_points(places, places, np.zeros(places.size))
    cells = chart.cells_of(places, places[0], places[-1], most).tolist()
    width = -(-(max(steps) - min(steps) + 1) // most)
    assert cells == [(step - min(steps)) // width for step in sorted(set(steps))]
    found = bucketed(items, most)
    assert found.first.tolist() == [
        step for at, step in enumerate(places.tolist()) if not at or cells[at - 1] != cells[at]
    ]


def test_a_spike_between_many_points_stays_visible() -> None:
    values = np.zeros(100_000)
    values[54_321], values[77_777] = 1e9, -1e9
    steps = np.arange(values.size)
    found = bucketed(mixed_items(Columns(steps, steps, values), True, 4096, [False]), 800)
    assert (found.max.max(), found.min.min(), found.first.size) == (1e9, -1e9, 800)


def test_no_items_no_buckets() -> None:
    assert bucketed(joined([]), 10).first.size == 0
    with pytest.raises(ValueError):
        bucketed(joined([]), 0)


@given(ROWS, ROWS, st.integers(1, 9))
def test_another_metric_is_joined_by_step(place_rows: list[Row], value_rows: list[Row], most: int) -> None:
    places, values = sort_columns(series(place_rows)), sort_columns(series(value_rows))
    last_places = {row[1]: row[3] for row in sorted(rows_of(places), key=last_key)}
    last_values = {row[1]: row[3] for row in sorted(rows_of(values), key=last_key)}
    expected = sorted(
        (last_places[step], step, bits(value))
        for step, value in last_values.items()
        if step in last_places and math.isfinite(last_places[step])
    )
    items = joined_by_step(places, values)
    found = zip(items.low.tolist(), items.tie.tolist(), map(bits, items.last.tolist()), strict=True)
    assert list(found) == expected
    drawn = bucketed(items, most)
    assert drawn.points.sum() == len(expected) and drawn.first.size <= most
    assert sorted(drawn.first.tolist()) == drawn.first.tolist()

import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from series_strategies import (
    ROWS,
    VALUES,
    bits,
    expected_history,
    history_key,
    identities,
    packed,
    series,
    value_order,
)

from runyard.store.sql.series.points import (
    POINT,
    dedupe,
    group_by_key,
    pack,
    sort_columns,
    sort_history,
    unpack,
    value_rank,
    value_ranks,
)

NANS = [
    struct.unpack("<d", struct.pack("<Q", pattern))[0] for pattern in (0xFFF8000000000001, 0x7FF8000000000123)
]


def test_a_point_takes_28_bytes() -> None:
    assert POINT.itemsize == 28
    assert len(pack([1], [2], [3], [4.0])) == 28


@given(ROWS)
def test_unpack_returns_what_was_packed(rows: list[Any]) -> None:
    points = unpack(packed(rows))
    assert [(*point.tolist()[:3], bits(point["value"])) for point in points] == [
        (*row[:3], bits(row[3])) for row in rows
    ]


@given(ROWS)
def test_many_points_are_packed_like_single_ones(rows: list[Any]) -> None:
    repeated = rows * 3
    assert packed(repeated) == b"".join(packed([row]) for row in repeated)


@pytest.mark.parametrize("count", [1, 2, 100])
def test_every_nan_is_stored_with_the_same_bits(count: int) -> None:
    for nan in NANS:
        blob = pack([1] * count, [2] * count, [3] * count, [nan] * count)
        assert blob == pack([1] * count, [2] * count, [3] * count, [math.nan] * count)


def test_infinities_of_both_signs_are_kept_though_their_sum_is_nan() -> None:
    assert unpack(pack([1, 1], [0, 1], [0, 0], [math.inf, -math.inf]))["value"].tolist() == [
        math.inf,
        -math.inf,
    ]


@pytest.mark.parametrize("count", [1, 2, 100])
def test_numbers_beyond_int64_are_refused(count: int) -> None:
    with pytest.raises(struct.error):
        pack([1] * count, [2**63] * count, [0] * count, [0.0] * count)


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in length: 2, 1, 2, 2"):
        pack([1, 2], [1], [1, 2], [1.0, 2.0])


def test_a_cut_row_is_refused() -> None:
    with pytest.raises(ValueError, match="29 bytes are not whole points"):
        unpack(bytes(29))


@given(VALUES, VALUES)
def test_ranks_order_values_as_told(a: float, b: float) -> None:
    assert (value_rank(a) < value_rank(b)) == (value_order(a) < value_order(b))
    assert (value_rank(a) == value_rank(b)) == (bits(a) == bits(b))


@given(VALUES)
def test_ranks_of_arrays_equal_ranks_of_values(value: float) -> None:
    assert value_ranks(np.array([value])).tolist() == [value_rank(value)]


@given(ROWS)
def test_sorting_a_series_gives_history_order_without_duplicates(rows: list[Any]) -> None:
    assert identities(sort_columns(series(rows))) == expected_history(rows)


@given(ROWS)
def test_points_are_sorted_by_key_then_history(rows: list[Any]) -> None:
    doubled = rows + rows
    found = dedupe(sort_history(unpack(packed(doubled))))
    expected = {(row[0], history_key(row)): row for row in rows}
    assert [(p["key"], int(p["step"]), int(p["ms"]), bits(p["value"])) for p in found] == [
        (*row[:3], bits(row[3])) for _, row in sorted(expected.items())
    ]


@pytest.mark.parametrize("spread", [1, 100_000])
def test_grouping_keeps_the_order_of_each_keys_points(spread: int) -> None:
    keys = np.array([2, 0, 2, 1, 0], np.uint32) * spread
    order, starts = group_by_key(keys)
    assert order is not None
    assert order.tolist() == [1, 4, 3, 0, 2]
    assert starts.tolist() == [0, 2, 3]


def test_grouping_leaves_sorted_keys_alone() -> None:
    order, starts = group_by_key(np.array([0, 0, 1], np.uint32))
    assert order is None
    assert starts.tolist() == [0, 2]

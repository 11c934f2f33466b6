"""Points as bytes: their digest, and each once."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.entities.point_bytes import POINT, PointDigest, Points, parse_points, points_of
from runyard.transfer.unique import in_blocks, unique_points

INT64 = st.integers(-(2**63), 2**63 - 1)
ROWS = st.lists(st.tuples(INT64, INT64, st.floats()), max_size=60)


def digest(points: Points) -> str:
    found = PointDigest()
    found.add(points)
    return found.text


@given(ROWS, st.randoms())
def test_the_digest_does_not_depend_on_order_or_blocks(
    rows: list[tuple[int, int, float]], random: object
) -> None:
    points = np.array(rows, POINT)
    shuffled = points[np.argsort(points["ms"], kind="stable")[::-1]]
    found = PointDigest()
    for block in in_blocks(shuffled, 7):
        found.add(block)
    assert (found.text, found.count) == (digest(points), len(rows))


def test_the_digest_depends_on_every_column() -> None:
    base = digest(points_of([1], [2], [0.5]))
    others = [([2], [2], [0.5]), ([1], [3], [0.5]), ([1], [2], [-0.5]), ([2], [1], [0.5])]
    assert len({base, *(digest(points_of(*other)) for other in others)}) == 5


def test_every_nan_is_the_same() -> None:
    other = np.frombuffer(np.uint64(0xFFF8000000000001).tobytes(), "<f8")[0]
    assert digest(points_of([1], [1], [math.nan])) == digest(points_of([1], [1], [other]))


@pytest.mark.parametrize("at_once", [5, 40, 1_000])
def test_repetitions_are_left_out_however_little_fits_into_memory(at_once: int) -> None:
    points = points_of(list(range(100)) * 2, list(range(100)) * 2, [math.nan, 0.5] * 100)

    def read() -> Iterator[Points]:
        yield from in_blocks(points, 9)

    found = np.concatenate(list(unique_points(read, at_once)))
    assert found.size == 100 and sorted(found["step"].tolist()) == list(range(100))


def test_bytes_that_are_no_points_are_refused() -> None:
    with pytest.raises(ValueError, match="24 bytes"):
        parse_points(b"x" * 25)

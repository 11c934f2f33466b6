from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from series_strategies import ROWS, Row, bits, expected_history, identities, packed

from runyard.store.sql.series.codec import RAW, TAIL, CorruptChunk, decode, decode_log
from runyard.store.sql.series.compaction import Plan, Sizes, plan


def kept(made: Plan) -> dict[int, list[tuple[int, int, int]]]:
    """Identities by key of all that the plan keeps, in the order in which it keeps them."""
    found: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for key, chunk in made.chunks:
        found[key] += identities(decode(chunk.codec, chunk.data))
    for tail in made.tails:
        points = decode_log(TAIL, tail.data)
        assert (tail.min_key, tail.max_key) == (points["key"][0], points["key"][-1])
        for point in points:
            found[int(point["key"])].append((int(point["step"]), int(point["ms"]), bits(point["value"])))
    return dict(found)


def expected(rows: list[Row]) -> dict[int, list[tuple[int, int, int]]]:
    return {key: expected_history([row for row in rows if row[0] == key]) for key in {row[0] for row in rows}}


@given(st.lists(ROWS, max_size=5), st.booleans())
def test_a_plan_keeps_every_point_once_in_history_order(requests: list[list[Any]], final: bool) -> None:
    made = plan([(RAW, packed(rows)) for rows in requests], final=final, sizes=Sizes(seal=8, small=3, tail=4))
    assert kept(made) == expected([row for rows in requests for row in rows])
    assert all(tail.count <= 4 or tail.min_key == tail.max_key for tail in made.tails)
    assert all(one.max_key < other.min_key for one, other in pairwise(made.tails))


@given(ROWS, ROWS)
def test_a_tail_is_compacted_again_with_what_came_later(early: list[Any], late: list[Any]) -> None:
    first = plan([(RAW, packed(early))], final=False, sizes=Sizes(seal=10**6))
    assert first.chunks == []
    log = [(RAW, packed(late)), *((TAIL, tail.data) for tail in first.tails)]
    assert kept(plan(log, final=True, sizes=Sizes(small=1))) == expected(early + late)


def rows_of(key: int, count: int) -> list[Row]:
    return [(key, step, step * 100, step / 7) for step in range(count)]


@pytest.mark.parametrize(("final", "sealed", "left"), [(False, [1], 63 + 64), (True, [1, 2], 63)])
def test_only_long_series_are_sealed(final: bool, sealed: list[int], left: int) -> None:
    log = [(RAW, packed(rows_of(1, 1024))), (RAW, packed(rows_of(2, 64) + rows_of(3, 63)))]
    made = plan(log, final=final)
    assert [key for key, _ in made.chunks] == sealed
    assert sum(tail.count for tail in made.tails) == left


def test_replays_do_not_count_towards_sealing() -> None:
    made = plan([(RAW, packed(rows_of(1, 600)))] * 2, final=False)
    assert (made.chunks, [tail.count for tail in made.tails]) == ([], [600])


def test_an_empty_log_needs_nothing() -> None:
    assert plan([], final=True) == Plan([], [])


def test_rows_that_are_whole_only_together_are_corrupt() -> None:
    blob = packed(rows_of(1, 2))
    with pytest.raises(CorruptChunk, match="27 bytes"):
        plan([(RAW, blob[:27]), (RAW, blob[27:])], final=False)


@pytest.mark.parametrize("final", [False, True])
def test_twenty_curves_of_a_thousand_steps_take_at_most_8_bytes_a_point(final: bool) -> None:
    rows = [
        (key, s, s * 1000 + s % 7, float(f"{0.9 ** (s / 50) + key:.6g}"))
        for s in range(1000)
        for key in range(20)
    ]
    made = plan([(RAW, packed(rows))], final=final)
    size = sum(len(chunk.data) for _, chunk in made.chunks) + sum(len(tail.data) for tail in made.tails)
    assert size / len(rows) < 8

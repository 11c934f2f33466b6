import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from series_strategies import INT64, ROWS, Row, identities, identity, last_key, series
from test_series_history import PARTS, Shelf, flat, line

from runyard.store.sql.series.points import no_points
from runyard.store.sql.series.sample import Block, plan_sample, sample_indices, sample_series


@given(st.integers(2, 60), st.integers(2, 70))
def test_rows_are_chosen_as_ntile_chooses_them(n_rows: int, max_results: int) -> None:
    connection = sqlite3.connect(":memory:")
    query = """
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?),
             b AS (SELECT i, ntile(?) OVER (ORDER BY i) AS bucket FROM n)
        SELECT min(i) FROM b GROUP BY bucket
    """
    firsts = sorted(row[0] for row in connection.execute(query, (n_rows, max_results)))
    expected = [*firsts[:-1], n_rows - 1]
    connection.close()
    assert sample_indices(n_rows, max_results).tolist() == expected


@pytest.mark.parametrize(("n_rows", "expected"), [(0, []), (1, [0]), (9, [8])])
def test_one_result_is_the_last_row(n_rows: int, expected: list[int]) -> None:
    assert sample_indices(n_rows, 1).tolist() == expected


def test_no_results_are_refused() -> None:
    with pytest.raises(ValueError, match="max_results must be at least 1, not 0"):
        sample_indices(5, 0)


def plain_sample(rows: list[Row], max_results: int, first: int, last: int) -> list[tuple[int, int, int]]:
    wanted = sorted((row for row in rows if first <= row[1] <= last), key=last_key)
    distinct = list(dict.fromkeys(identity(row) for row in wanted))
    return [distinct[i] for i in sample_indices(len(distinct), max_results)]


@given(PARTS, ROWS, st.integers(1, 20), st.none() | INT64, st.none() | INT64)
def test_a_sample_equals_that_of_all_rows(
    parts: list[list[Any]], tail: list[Any], max_results: int, first: int | None, last: int | None
) -> None:
    shelf = Shelf(parts)
    found = sample_series(
        shelf.spans(), shelf.load, series(tail), max_results=max_results, start_step=first, end_step=last
    )
    low, high = -(2**63) if first is None else first, 2**63 - 1 if last is None else last
    assert identities(found) == plain_sample(flat([*parts, tail]), max_results, low, high)
    assert len(shelf.loaded) == len(set(shelf.loaded))


def test_only_chunks_with_a_chosen_row_are_loaded() -> None:
    shelf = Shelf([line(start, 100) for start in range(0, 10_000, 100)])
    found = sample_series(shelf.spans(), shelf.load, no_points(), max_results=5)
    assert found.steps.tolist() == [0, 2000, 4000, 6000, 9999]
    assert shelf.loaded == [1, 21, 41, 61, 100]


def test_blocks_join_chunks_that_share_a_step() -> None:
    shelf = Shelf([line(0, 10), line(9, 10), line(30, 10), line(40, 10), line(60, 10)])
    assert plan_sample(shelf.spans(), series(line(65, 9)), end_step=45) == [
        Block((1, 2), False, None),
        Block((3,), False, 10),
        Block((4,), False, None),
    ]
    assert plan_sample(shelf.spans(), series(line(65, 9)), start_step=50) == [Block((5,), True, None)]


def test_a_sample_of_nothing_is_empty() -> None:
    assert sample_series([], lambda ids: [], no_points(), max_results=5).size == 0

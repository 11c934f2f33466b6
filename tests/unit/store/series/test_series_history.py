from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from series_strategies import INT64, ROWS, VALUES, Row, expected_history, identities, series

from runyard.store.sql.series.codec import Chunk, CorruptChunk, encode
from runyard.store.sql.series.history import Cursor, HistoryReader, Span, after, merge_series
from runyard.store.sql.series.points import Columns, no_points, sort_columns


class Shelf:
    """Chunks in memory that remembers which were loaded."""

    def __init__(self, parts: Sequence[list[Row]]) -> None:
        self.loaded: list[int] = []
        self._chunks: dict[int, Chunk] = {}
        for rows in parts:
            for chunk in encode(sort_columns(series(rows))):
                self._chunks[len(self._chunks) + 1] = chunk

    def load(self, ids: Sequence[int]) -> Iterable[tuple[int, int, bytes]]:
        self.loaded += ids
        return [(i, self._chunks[i].codec, self._chunks[i].data) for i in sorted(ids)]

    def spans(self) -> list[Span]:
        return [
            Span(i, chunk.count, chunk.min_ms, chunk.max_ms, chunk.min_step, chunk.max_step)
            for i, chunk in self._chunks.items()
        ]


PARTS = st.lists(ROWS, max_size=5)


def flat(parts: Sequence[list[Row]]) -> list[Row]:
    return [row for rows in parts for row in rows]


@given(PARTS)
def test_merged_parts_are_one_history(parts: list[list[Any]]) -> None:
    assert identities(merge_series([series(rows) for rows in parts])) == expected_history(flat(parts))


@given(ROWS, INT64, INT64, VALUES)
def test_after_a_cursor_come_the_greater_points(rows: list[Any], step: int, ms: int, value: float) -> None:
    place = (0, step, ms, value)
    history = expected_history([*rows, place])
    follows = history[history.index(identities(series([place]))[0]) + 1 :]
    assert identities(after(sort_columns(series(rows)), Cursor.at(series([place]), 0))) == follows


@given(PARTS, ROWS, st.integers(1, 30))
def test_pages_together_are_the_history(parts: list[list[Any]], tail: list[Any], size: int) -> None:
    shelf = Shelf(parts)
    pages = list(HistoryReader(shelf.spans(), shelf.load, series(tail)).pages(size))
    assert [row for page in pages for row in identities(page.columns)] == expected_history(
        flat([*parts, tail])
    )
    assert all(page.columns.size == size for page in pages[:-1])
    assert [page.next is None for page in pages] == [False] * (len(pages) - 1) + [True] * bool(pages)
    assert len(shelf.loaded) == len(set(shelf.loaded))


@given(PARTS, ROWS, st.integers(1, 30))
def test_pages_from_a_token_are_the_same(parts: list[list[Any]], tail: list[Any], size: int) -> None:
    shelf = Shelf(parts)
    whole = list(HistoryReader(shelf.spans(), shelf.load, series(tail)).pages(size))
    start, found = None, []
    for _ in whole:
        page = HistoryReader(shelf.spans(), shelf.load, series(tail), start=start).page(size)
        found += identities(page.columns)
        start = page.next
    assert start is None
    assert found == [row for page in whole for row in identities(page.columns)]


def line(start: int, count: int, *, ms: int | None = None) -> list[Row]:
    return [(0, step, step * 10 if ms is None else ms, 1.0) for step in range(start, start + count)]


@pytest.mark.parametrize("ms", [None, 5])
def test_chunks_are_loaded_when_a_page_reaches_them(ms: int | None) -> None:
    shelf = Shelf([line(start, 100, ms=ms) for start in (300, 0, 200, 100)])
    reader = HistoryReader(shelf.spans(), shelf.load, no_points())
    loaded = []
    for _ in reader.pages(60):
        loaded.append(shelf.loaded.copy())
    assert loaded[0] == [2]
    assert loaded[1] == [2, 4]
    assert loaded[-1] == [2, 4, 3, 1]


def test_chunks_before_a_token_are_not_loaded() -> None:
    shelf = Shelf([line(start, 100) for start in (0, 100, 200)])
    reader = HistoryReader(shelf.spans(), shelf.load, no_points(), start=Cursor(1500, 150, 0))
    assert reader.page(10).columns.steps[0] == 150  # rank 0 is 0.0, below the stored 1.0
    assert shelf.loaded == [2]


def test_the_last_full_page_has_no_successor() -> None:
    shelf = Shelf([line(0, 100), line(0, 100)])
    pages = list(HistoryReader(shelf.spans(), shelf.load, series(line(50, 50))).pages(50))
    assert [page.next for page in pages] == [Cursor.at(pages[0].columns, -1), None]


def test_a_series_without_points_has_no_pages() -> None:
    assert list(HistoryReader([], lambda ids: [], no_points()).pages(5)) == []


def test_an_empty_page_is_refused() -> None:
    with pytest.raises(ValueError, match="page of 0 points"):
        HistoryReader([], lambda ids: [], no_points()).page(0)


def test_a_missing_chunk_is_named() -> None:
    shelf = Shelf([line(0, 10)])
    with pytest.raises(CorruptChunk, match=r"chunks \[1\] are missing"):
        HistoryReader(shelf.spans(), lambda ids: [], no_points()).page(5)


def test_a_broken_chunk_is_named() -> None:
    shelf = Shelf([line(0, 10)])
    with pytest.raises(CorruptChunk, match="chunk 1: checksum"):
        HistoryReader(shelf.spans(), lambda ids: [(1, 1, bytes(90))], no_points()).page(5)


def test_disjoint_sorted_parts_are_not_sorted_again() -> None:
    columns = Columns(*series(line(0, 10)))
    assert merge_series([columns]) is not columns
    assert merge_series([columns]).steps is columns.steps

"""The points of one series in history order, from chunks and log, one page at a time."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import msgspec
import numpy as np

from runyard.store.sql.series.codec import CorruptChunk, decode
from runyard.store.sql.series.points import (
    Columns,
    Floats,
    Ints,
    no_points,
    sort_columns,
    value_rank,
    value_ranks,
)

Load = Callable[[Sequence[int]], Iterable[tuple[int, int, bytes]]]
"""Gives (id, codec, data) of the chunks with these ids, in any order."""
Read = Callable[[int, int, bytes], Columns]
"""Makes points of the id, codec and data of a chunk."""


class Span(msgspec.Struct, frozen=True, gc=False):
    """What the chunk table says of a chunk without its data."""

    id: int
    count: int
    min_ms: int
    max_ms: int
    min_step: int
    max_step: int


class Cursor(NamedTuple):
    """A place in history order: the point that a page ended with. All integers, so it can be a page token."""

    ms: int
    step: int
    rank: int

    @classmethod
    def at(cls, columns: Columns, row: int) -> "Cursor":
        """The place of one row, which may be counted from the end."""
        return cls(int(columns.ms[row]), int(columns.steps[row]), value_rank(float(columns.values[row])))


class Page(NamedTuple):
    """Points in history order; `next` is where the following page starts after, None on the last page."""

    columns: Columns
    next: Cursor | None


def merge_series(parts: Sequence[tuple[Ints, Ints, Floats]]) -> Columns:
    """All points of one series in history order without exact duplicates.

    Args:
        parts: (steps, ms, values) in any order, sorted or not; parts that follow one another are not sorted again.
    """
    filled = sorted((Columns(*part) for part in parts if len(part[0])), key=lambda part: int(part.ms[0]))
    if len(filled) == 1:
        return sort_columns(filled[0])
    if not filled:
        return no_points()
    steps, ms, values = (np.concatenate(arrays) for arrays in zip(*filled, strict=True))
    return sort_columns(Columns(steps, ms, values))


def after(columns: Columns, cursor: Cursor) -> Columns:
    """The rows of a series in history order that come strictly after a place."""
    low, high = (
        np.searchsorted(columns.ms, cursor.ms, "left"),
        np.searchsorted(columns.ms, cursor.ms, "right"),
    )
    steps = columns.steps[low:high]
    high = low + np.searchsorted(steps, cursor.step, "right")
    low = low + np.searchsorted(steps, cursor.step, "left")
    start = low + np.searchsorted(value_ranks(columns.values[low:high]), cursor.rank, "right")
    return columns.rows(slice(int(start), None))


def load_columns(load: Load, ids: Sequence[int]) -> list[Columns]:
    """The points of chunks, in the order of ids.

    Raises: CorruptChunk, naming the chunk that is missing or cannot be read.
    """
    found = read_chunks(load, ids, lambda _, codec, data: decode(codec, data))
    return [found[id_] for id_ in ids]


def read_chunks(load: Load, ids: Sequence[int], read: Read) -> dict[int, Columns]:
    """What `read` makes of each chunk, by its id.

    Raises: CorruptChunk, naming the chunk that is missing or cannot be read.
    """
    found = {}
    for id_, codec, data in load(ids):
        try:
            found[id_] = read(id_, codec, data)
        except CorruptChunk as exc:
            raise CorruptChunk(f"chunk {id_}: {exc}") from exc
    missing = [id_ for id_ in ids if id_ not in found]
    if missing:
        raise CorruptChunk(f"chunks {missing} are missing: read them in the snapshot that listed them")
    return found


class HistoryReader:
    """Pages of one series. A chunk is loaded when the page in hand can reach it, and its points leave with a page.

    Holds at most a page and the points of chunks whose times overlap at its end. Where many points share one
    time, steps tell chunks apart.
    """

    def __init__(
        self, spans: Iterable[Span], load: Load, tail: Columns, *, start: Cursor | None = None
    ) -> None:
        """
        Args:
            spans: every chunk of the series, in any order.
            load: reads chunks, in the same snapshot as spans and tail.
            tail: the points of the series that are still in the log, in any order.
            start: only points after this place; chunks before it are not loaded.
        """
        self._load = load
        self._start = start
        self._pending = sorted(
            (span for span in spans if start is None or _reaches(span, start)), key=_frontier
        )
        self._ready = self._merged([tail])

    def pages(self, size: int) -> Iterator[Page]:
        """All pages from here on; none if there is no point."""
        while True:
            page = self.page(size)
            if page.columns.size:
                yield page
            if page.next is None:
                return

    def page(self, size: int) -> Page:
        """The next points, `size` of them or what is left.

        Raises: CorruptChunk, if a chunk cannot be read.
        """
        if size < 1:
            raise ValueError(f"a page of {size} points is impossible: ask for at least 1")
        self._fill(size)
        columns = self._ready.rows(slice(0, size))
        self._ready = self._ready.rows(slice(size, None))
        more = bool(self._ready.size or self._pending)  # a chunk not loaded lies wholly after the page
        return Page(columns, Cursor.at(columns, -1) if more else None)

    def _fill(self, size: int) -> None:
        """Load chunks until the first `size` points are certain, or all chunks are loaded."""
        while self._pending:
            missing = size - self._ready.size
            if missing > 0:
                self._admit(self._needed_for(missing))
                continue
            last = int(self._ready.ms[size - 1]), int(self._ready.steps[size - 1])
            reached = bisect_left(self._pending, (*last, 1), key=lambda span: (*_frontier(span), 0))
            if not reached:
                return
            self._admit(reached)

    def _needed_for(self, missing: int) -> int:
        """How many of the next chunks hold that many points, if none is a duplicate."""
        for chunks, total in enumerate(accumulate(span.count for span in self._pending), start=1):
            if total >= missing:
                return chunks
        return len(self._pending)

    def _admit(self, chunks: int) -> None:
        taken, self._pending = self._pending[:chunks], self._pending[chunks:]
        columns = load_columns(self._load, [span.id for span in taken])
        self._ready = self._merged([self._ready, *columns])

    def _merged(self, parts: Sequence[Columns]) -> Columns:
        columns = merge_series(parts)
        return columns if self._start is None else after(columns, self._start)


def _frontier(span: Span) -> tuple[int, int]:
    """No point of the chunk comes before this (ms, step)."""
    return span.min_ms, span.min_step


def _reaches(span: Span, cursor: Cursor) -> bool:
    """Whether the chunk may hold a point after the place: none comes after its greatest ms and step."""
    return (span.max_ms, span.max_step) >= (cursor.ms, cursor.step)

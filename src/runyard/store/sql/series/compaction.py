"""What to write when the log rows of one run are compacted: sealed chunks and tails."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec
import numpy as np

from runyard.store.sql.series.codec import RAW, Chunk, decode_log, encode, encode_tail
from runyard.store.sql.series.history import merge_series
from runyard.store.sql.series.points import (
    POINT_BYTES,
    Columns,
    Ints,
    Points,
    ascending_pairs,
    columns_of,
    group_by_key,
    points_of,
    value_ranks,
)

Earlier = Callable[[int, Columns], Sequence[Columns]]
"""Gives the points of sealed chunks that are to be sealed anew, together with these points of the key."""


class Sizes(msgspec.Struct, frozen=True):
    """Numbers of points at which stored forms change."""

    seal: int = 1024
    """A series of so many points outside chunks is sealed into chunks; a chunk of fewer is small."""
    small: int = 64
    """The same for a run that is quiet."""
    chunk: int = 4096
    """A chunk holds at most so many."""
    tail: int = 65_536
    """A tail is cut, between series, before it holds more."""
    level: int = 16_384
    """Tails up to here are merged whenever their run is compacted; above, size classes differ by a factor of 4."""
    merged: int = 32_768
    """So many points of overlapping chunks are sealed anew whatever the number of new points."""
    depth: int = 16
    """Where more chunks than this overlap at one place of a quiet run, they are sealed anew."""
    untangled: int = 400_000
    """So many points of them at a time."""


SIZES = Sizes()


class Tail(msgspec.Struct, frozen=True):
    """One log row of codec 2: `count` points of the series min_key to max_key."""

    min_key: int
    max_key: int
    count: int
    data: bytes


class Plan(msgspec.Struct, frozen=True):
    """Replaces the log rows that it was made from.

    `chunks` are (key, chunk) by ascending key and, within a key, in history order; `tails` follow one another by key
    and share no series.
    """

    chunks: list[tuple[int, Chunk]]
    tails: list[Tail]


def level_of(points: int, sizes: Sizes = SIZES) -> int:
    """Size class of tails that were written together.

    Tails are only merged with newer points of their class or a higher one, so a point is written a few times, not
    each time that its run logs.
    """
    level = 0
    while points > sizes.level * 4**level:
        level += 1
    return level


def plan(
    log: Sequence[tuple[int, bytes]],
    *,
    final: bool,
    earlier: Earlier | None = None,
    sizes: Sizes = SIZES,
) -> Plan:
    """Splits the points of a run's log into sealed chunks and compressed tails; exact duplicates fall away.

    Args:
        log: (codec, data) of log rows and tails of one run, in any order.
        final: the run has been quiet: seal every series that is not small, not only the long ones.
        earlier: asked once for each series that is sealed.
    Raises: CorruptChunk, if a log row cannot be read.
    """
    keys, columns, starts = _sorted_series(log)
    counts = np.diff(starts, append=columns.size)
    sealed = counts >= (min(sizes.small, sizes.seal) if final else sizes.seal)
    ends = starts + counts
    chunks = [
        (int(keys[start]), chunk)
        for start, end in zip(starts[sealed].tolist(), ends[sealed].tolist(), strict=True)
        for chunk in encode(
            _with_earlier(int(keys[start]), columns.rows(slice(start, end)), earlier), sizes.chunk
        )
    ]
    rest = np.repeat(~sealed, counts)
    left = points_of(keys[rest], columns.rows(rest))
    return Plan(chunks, [_tail(left[start:end]) for start, end in _tail_cuts(counts[~sealed], sizes.tail)])


def _with_earlier(key: int, columns: Columns, earlier: Earlier | None) -> Columns:
    parts = earlier(key, columns) if earlier is not None else ()
    return merge_series([*parts, columns]) if parts else columns


def _tail(points: Points) -> Tail:
    return Tail(int(points["key"][0]), int(points["key"][-1]), points.size, encode_tail(points))


def _tail_cuts(counts: Ints, limit: int) -> list[tuple[int, int]]:
    """(start, end) of each tail; series are not cut."""
    ends = np.cumsum(counts)
    cuts = [0]
    while ends.size and cuts[-1] < int(ends[-1]):
        last = int(np.searchsorted(ends, cuts[-1] + limit, "right")) - 1
        end = int(ends[last]) if last >= 0 else 0
        cuts.append(end if end > cuts[-1] else int(ends[last + 1]))
    return list(pairwise(cuts))


def _sorted_series(log: Sequence[tuple[int, bytes]]) -> tuple[Ints, Columns, Ints]:
    """(keys, columns, starts): by key, each series in history order without duplicates; where each begins."""
    points = _joined(log)
    keys = points["key"].astype(np.int64)
    columns = columns_of(points)
    order, starts = group_by_key(keys)
    if order is not None:
        keys, columns = keys[order], columns.rows(order)
    up = ascending_pairs(columns.ms, columns.steps, columns.values)
    up[starts[1:] - 1] = True
    if up.all():
        return keys, columns, starts
    order = np.lexsort((value_ranks(columns.values), columns.steps, columns.ms, keys))
    columns = columns.rows(order)
    kept = np.append(True, ascending_pairs(columns.ms, columns.steps, columns.values))
    kept[starts] = True
    keys, columns = keys[kept], columns.rows(kept)
    return keys, columns, group_by_key(keys)[1]


def _joined(log: Sequence[tuple[int, bytes]]) -> Points:
    """All points, in no particular order; rows as they came are joined as bytes, which is cheap for many rows."""
    raw = [data for codec, data in log if codec == RAW and not len(data) % POINT_BYTES]
    others = [decode_log(codec, data) for codec, data in log if codec != RAW or len(data) % POINT_BYTES]
    points = decode_log(RAW, b"".join(raw))
    return np.concatenate([*others, points]) if others else points

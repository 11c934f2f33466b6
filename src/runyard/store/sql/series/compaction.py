"""What to write when the log rows of one run are compacted: sealed chunks and one tail."""

from collections.abc import Sequence

import msgspec
import numpy as np

from runyard.store.sql.series.codec import RAW, Chunk, decode_log, encode, encode_tail
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

SEAL = 1024
SMALL = 64


class Plan(msgspec.Struct, frozen=True):
    """Replaces the log rows that it was made from.

    `chunks` are (key, chunk) by ascending key and, within a key, in history order; `tail` is one log row of
    codec 2 with `tail_count` points, or None when nothing is left.
    """

    chunks: list[tuple[int, Chunk]]
    tail: bytes | None
    tail_count: int


def plan(log: Sequence[tuple[int, bytes]], *, final: bool, seal: int = SEAL, small: int = SMALL) -> Plan:
    """Splits the points of a run's log into sealed chunks and a compressed tail; exact duplicates fall away.

    Args:
        log: (codec, data) of log rows of one run, in any order.
        final: the run has ended: seal every series with at least `small` points, not only those with `seal`.
    Raises: CorruptChunk, if a log row cannot be read.
    """
    keys, columns, starts = _sorted_series(log)
    counts = np.diff(starts, append=columns.size)
    sealed = counts >= (min(small, seal) if final else seal)
    ends = starts + counts
    chunks = [
        (int(keys[start]), chunk)
        for start, end in zip(starts[sealed].tolist(), ends[sealed].tolist(), strict=True)
        for chunk in encode(columns.rows(slice(start, end)))
    ]
    rest = np.repeat(~sealed, counts)
    tail = points_of(keys[rest], columns.rows(rest))
    return Plan(chunks, encode_tail(tail) if tail.size else None, tail.size)


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

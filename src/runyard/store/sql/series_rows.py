"""Reading the rows that one series is kept in: chunks, tails and the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from runyard.store.sql.database import Connection
from runyard.store.sql.series.codec import CorruptChunk, decode_log
from runyard.store.sql.series.history import Load, Span
from runyard.store.sql.series.points import Columns, Points, columns_of, group_by_key, no_points, sort_columns

SPANS = """SELECT id, count, min_ms, max_ms, min_step, max_step FROM chunks
    WHERE run_id = ? AND key_id = ? ORDER BY min_ms, min_step"""
LOG = """SELECT id, codec, data FROM point_log WHERE run_id = ?"""
TAILS = "SELECT id, codec, data FROM tails WHERE run_id = ? AND min_key <= ? AND max_key >= ?"
AT_ONCE = 64


class StoredSeries(NamedTuple):
    """One series on one snapshot: its chunks without their data, a way to read that, and all other points."""

    spans: list[Span]
    load: Load
    tail: Columns


def open_series(c: Connection, run_id: int, key_id: int) -> StoredSeries:
    """Reads the list of chunks, the run's log and the tails that may hold the key.

    Raises: CorruptChunk.
    """
    spans = [Span(*row) for row in c.all(SPANS, (run_id, key_id))]
    return StoredSeries(spans, lambda ids: load_chunks(c, ids), loose_points(c, run_id, key_id))


def loose_points(c: Connection, run_id: int, key_id: int) -> Columns:
    """The points of a series that are in no chunk, in history order.

    Raises: CorruptChunk, naming the row.
    """
    return loose_points_of(c, run_id, [key_id]).get(key_id, no_points())


def loose_points_of(c: Connection, run_id: int, key_ids: Sequence[int]) -> dict[int, Columns]:
    """The same for several series of one run, whose tails are read once; keys without such points are left out."""
    parts = [_points_among(points, key_ids) for points in _loose_rows(c, run_id, key_ids)]
    chosen = [points for points in parts if points.size]
    if not chosen:
        return {}
    points = np.concatenate(chosen)
    order, starts = group_by_key(points["key"])
    if order is not None:
        points = points[order]
    pieces = np.split(points, starts[1:])
    return {int(piece["key"][0]): sort_columns(columns_of(piece)) for piece in pieces}


def _loose_rows(c: Connection, run_id: int, key_ids: Sequence[int]) -> Iterator[Points]:
    tails = (run_id, max(key_ids), min(key_ids))
    for table, sql, params in (("log", LOG, (run_id,)), ("tail", TAILS, tails)):
        for number, codec, data in c.each(sql, params):
            try:
                yield decode_log(codec, bytes(data))
            except CorruptChunk as exc:
                raise CorruptChunk(f"{table} row {number}: {exc}") from exc


def _points_among(points: Points, key_ids: Sequence[int]) -> Points:
    keys = points["key"]
    chosen: Points = points[keys == key_ids[0] if len(key_ids) == 1 else np.isin(keys, key_ids)]
    return chosen


def load_chunks(c: Connection, ids: Sequence[int]) -> Iterable[tuple[int, int, bytes]]:
    """(id, codec, data) of chunks, in any order."""
    for start in range(0, len(ids), AT_ONCE):
        some = [int(number) for number in ids[start : start + AT_ONCE]]
        marks = ", ".join("?" * len(some))
        for number, codec, data in c.all(f"SELECT id, codec, data FROM chunks WHERE id IN ({marks})", some):
            yield number, codec, bytes(data)

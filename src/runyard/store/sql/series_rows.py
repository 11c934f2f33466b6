"""Reading the rows that one series is kept in: chunks, tails and the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from runyard.store.sql.database import Connection
from runyard.store.sql.series.codec import CorruptChunk, decode_log
from runyard.store.sql.series.history import Load, Span
from runyard.store.sql.series.points import Columns, columns_of, no_points, sort_columns

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
    parts = []
    for table, sql, params in (("log", LOG, (run_id,)), ("tail", TAILS, (run_id, key_id, key_id))):
        for number, codec, data in c.each(sql, params):
            try:
                points = decode_log(codec, bytes(data))
            except CorruptChunk as exc:
                raise CorruptChunk(f"{table} row {number}: {exc}") from exc
            chosen = points[points["key"] == key_id]
            if chosen.size:
                parts.append(chosen)
    return sort_columns(columns_of(np.concatenate(parts))) if parts else no_points()


def load_chunks(c: Connection, ids: Sequence[int]) -> Iterable[tuple[int, int, bytes]]:
    """(id, codec, data) of chunks, in any order."""
    for start in range(0, len(ids), AT_ONCE):
        some = [int(number) for number in ids[start : start + AT_ONCE]]
        marks = ", ".join("?" * len(some))
        for number, codec, data in c.all(f"SELECT id, codec, data FROM chunks WHERE id IN ({marks})", some):
            yield number, codec, bytes(data)

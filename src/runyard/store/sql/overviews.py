"""Rows of overviews: written with long chunks, gone with them, and made later for chunks that have none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from runyard.store.sql.database import Connection, Transaction

INSERT = "INSERT INTO overviews (run_id, key_id, chunk_id, data) VALUES (?, ?, ?, ?)"
KEEP = """INSERT INTO overviews (run_id, key_id, chunk_id, data) SELECT run_id, key_id, id, ? FROM chunks
    WHERE id = ? AND run_id = ? AND key_id = ? AND count = ? AND min_ms = ? AND max_ms = ? AND min_step = ? AND max_step = ?
    ON CONFLICT (run_id, key_id, chunk_id) DO UPDATE SET data = excluded.data"""
DELETE = """DELETE FROM overviews WHERE run_id = ? AND chunk_id = ?
    AND key_id = (SELECT key_id FROM chunks WHERE id = ?)"""
FIND = "SELECT chunk_id, data FROM overviews WHERE run_id = ? AND key_id = ? AND chunk_id BETWEEN ? AND ?"


class Made(NamedTuple):
    """An overview that was made when a chart asked, and the chunk as it was then."""

    run_id: int
    key_id: int
    chunk: tuple[int, ...]  # id, count, min_ms, max_ms, min_step, max_step
    data: bytes


def find(c: Connection, run_id: int, key_id: int, chunk_ids: npt.NDArray[np.int64]) -> dict[int, bytes]:
    """Overviews of chunks of one series, by chunk; a chunk without one is left out, others may be among them."""
    if not chunk_ids.size:
        return {}
    return dict(c.all(FIND, (run_id, key_id, int(chunk_ids.min()), int(chunk_ids.max()))))


def keep(tx: Transaction, made: Iterable[Made]) -> None:
    """Write overviews of chunks that are still the same."""
    for one in made:
        number, *rest = one.chunk
        tx.execute(KEEP, (one.data, number, one.run_id, one.key_id, *rest))


def delete(tx: Transaction, run_id: int, chunk_ids: Iterable[int]) -> None:
    """Remove those of chunks that are removed next."""
    tx.many(DELETE, [(run_id, number, number) for number in chunk_ids])

"""Points of runs, in and out as bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from runyard.entities.point_bytes import POINT, PointDigest, parse_points
from runyard.entities.transfer import SeriesDigest, SeriesPoints
from runyard.errors import InvalidInput, NotFound, shown
from runyard.store.sql.database import Connection, Transaction
from runyard.store.sql.run_points import buffer_of
from runyard.store.sql.series import points as packed
from runyard.store.sql.series.history import Cursor, HistoryReader
from runyard.store.sql.series_rows import open_series

FIND = "SELECT id FROM runs WHERE uuid = ? AND workspace_id = ?"
KEYS = (
    "SELECT k.name, s.key_id FROM series s JOIN keys k ON k.id = s.key_id WHERE s.run_id = ? ORDER BY k.name"
)
IN_MEMORY = 100_000  # points
Place = tuple[str, Cursor | None]  # a key, and the point after which it goes on


def put(tx: Transaction, workspace_id: int, run_id: str, series: Sequence[SeriesPoints]) -> int:
    """Add points, also to a deleted run.

    Raises: NotFound, InvalidInput.
    """
    run = tx.interned.run(tx, workspace_id, run_id)
    keys = tx.interned.keys(tx, [one.key for one in series])
    total = 0
    for one, key in zip(series, keys, strict=True):
        try:
            points = parse_points(one.points)
        except ValueError as exc:
            raise InvalidInput(f"Invalid points of metric {shown(one.key)}: {exc}.") from None
        total += points.size
        columns = packed.Columns(points["step"], points["ms"], packed.canonical(points["value"]))
        buffer_of(tx).add_packed(run, packed.points_of(np.uint32(key), columns).tobytes())  # type: ignore[arg-type]
    return total


def row_id(c: Connection, workspace_id: int, run_id: str) -> int:
    """Raises: NotFound."""
    row = c.one(FIND, (run_id, workspace_id))
    if row is None:
        raise NotFound(f"Run with id={run_id} not found")
    return int(row[0])


def page(
    c: Connection, run_id: int, after: Place | None, limit: int
) -> tuple[list[SeriesPoints], Place | None]:
    """Points by key in history order, limit of them or what is left, and the place after the last one."""
    found: list[SeriesPoints] = []
    left = limit
    for name, key_id in c.all(KEYS, (run_id,)):
        if after is not None and (name < after[0] or (name == after[0] and after[1] is None)):
            continue
        start = after[1] if after is not None and name == after[0] else None
        part = HistoryReader(*open_series(c, run_id, key_id), start=start).page(left)
        if part.columns.size:
            found.append(SeriesPoints(name, _bytes(part.columns)))
        left -= part.columns.size
        if part.next is not None or left <= 0:
            return found, (name, part.next)
    return found, None


def digests(c: Connection, run_id: int) -> list[SeriesDigest]:
    """Of all metrics, by key."""
    return [_digest(c, run_id, name, key_id) for name, key_id in c.all(KEYS, (run_id,))]


def _digest(c: Connection, run_id: int, name: str, key_id: int) -> SeriesDigest:
    digest = PointDigest()
    for columns in _pages(c, run_id, key_id):
        digest.add(parse_points(_bytes(columns)))
    return SeriesDigest(name, digest.count, digest.text)


def _pages(c: Connection, run_id: int, key_id: int) -> Iterator[packed.Columns]:
    for part in HistoryReader(*open_series(c, run_id, key_id)).pages(IN_MEMORY):
        yield part.columns


def _bytes(columns: packed.Columns) -> bytes:
    points = np.empty(columns.size, POINT)
    points["step"], points["ms"], points["value"] = columns
    return points.tobytes()

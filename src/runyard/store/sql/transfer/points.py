"""Points of runs, in and out as bytes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runyard.entities.point_bytes import POINT, PointDigest, parse_points
from runyard.entities.transfer import SeriesDigest, SeriesPoints
from runyard.errors import InvalidInput, shown
from runyard.store.sql import series_pages
from runyard.store.sql.database import Connection, Transaction
from runyard.store.sql.run_points import buffer_of
from runyard.store.sql.series import points as packed
from runyard.store.sql.series_pages import Part, Place

SERIES = 1_000  # on one page


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
        rows = packed.points_of(np.uint32(key), columns)  # type: ignore[arg-type]
        buffer_of(tx).add_packed(run, rows.tobytes(), quiet=True)
    return total


def page(
    c: Connection, workspace_id: int, run_id: str, after: Place | None, limit: int
) -> tuple[list[SeriesPoints], Place | None]:
    """Points by key in history order, limit of them or what is left, and the place after the last one."""
    parts, place = series_pages.page(c, workspace_id, run_id, after, points=limit, series=SERIES)
    return [SeriesPoints(part.name, _bytes(part.columns)) for part in parts], place


def digests(
    c: Connection, workspace_id: int, run_id: str, after: Place | None, limit: int
) -> tuple[list[SeriesDigest], Place | None]:
    """Of metrics by key, limit points or what is left; those of one metric on several pages add up."""
    parts, place = series_pages.page(c, workspace_id, run_id, after, points=limit, series=SERIES)
    return [_digest(part) for part in parts], place


def _digest(part: Part) -> SeriesDigest:
    digest = PointDigest()
    digest.add(parse_points(_bytes(part.columns)))
    return SeriesDigest(part.name, digest.count, digest.text)


def _bytes(columns: packed.Columns) -> bytes:
    points = np.empty(columns.size, POINT)
    points["step"], points["ms"], points["value"] = columns
    return points.tobytes()

"""The points of all series of a run, series after series, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import accumulate
from typing import NamedTuple

from runyard.entities.log_rules import run_absent
from runyard.errors import CorruptData, shown
from runyard.store.sql.database import Connection
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest
from runyard.store.sql.search.fragments import among
from runyard.store.sql.series.codec import CorruptChunk
from runyard.store.sql.series.history import Cursor, HistoryReader, Span
from runyard.store.sql.series.points import Columns, no_points
from runyard.store.sql.series_rows import load_chunks, loose_points_of

FIND = "SELECT id FROM runs WHERE uuid = ? AND workspace_id = ?"
KEYS = """SELECT k.name, s.key_id, s.count FROM series s JOIN keys k ON k.id = s.key_id
    WHERE s.run_id = ? AND k.name >= ? ORDER BY k.name LIMIT ?"""
SPANS = """SELECT key_id, id, count, min_ms, max_ms, min_step, max_step FROM chunks
    WHERE run_id = ? AND | ORDER BY key_id, min_ms, min_step"""


class Part(NamedTuple):
    """Some points of a series that follow one another in history order."""

    name: str
    columns: Columns


class Place(NamedTuple):
    """Where a page ended: a series, and the point after which it goes on; no point means that the series is done."""

    name: str
    point: Cursor | None


def row_of(c: Connection, workspace_id: int, run_id: str) -> int:
    """The number of a run. Raises: NotFound."""
    row = c.one(FIND, (run_id, workspace_id))
    if row is None:
        raise run_absent(run_id)
    return int(row[0])


def page(
    c: Connection, workspace_id: int, run_id: str, after: Place | None, *, points: int, series: int
) -> tuple[list[Part], Place | None]:
    """At most so many points of at most so many series, by name, and the place where the page ends; None at the end.

    Cost: the names of the run's series, its log, its tails once, and the chunks of what the page holds.
    Raises: NotFound, CorruptData.
    """
    row = row_of(c, workspace_id, run_id)
    start = after.name if after is not None else ""
    rest = [
        one
        for one in c.all(KEYS, (row, start, series + 2))
        if after is None or one[0] > start or after.point is not None
    ]
    keys: list[tuple[str, int]] = [one[:2] for one in rest[: _enough(rest[:series], points)]]
    ids = [key_id for _, key_id in keys]
    found: list[Part] = []
    left = points
    with _telling("metrics", run_id):
        spans, loose = _spans(c, row, ids), loose_points_of(c, row, ids) if ids else {}
    for number, (name, key_id) in enumerate(keys, 1):
        point = after.point if after is not None and name == start else None
        with _telling(f"metric {shown(name)}", run_id):
            reader = HistoryReader(
                spans.get(key_id, []), partial(load_chunks, c), loose.get(key_id, no_points()), start=point
            )
            part = reader.page(left)
        if part.columns.size:
            found.append(Part(name, part.columns))
        left -= part.columns.size
        if part.next is not None:
            return found, Place(name, part.next)
        if left <= 0 or number == len(keys):
            return found, Place(name, None) if number < len(rest) else None
    return found, None


def _enough(rows: Sequence[tuple[str, int, int]], points: int) -> int:
    """How many of the series hold that many points, as their summaries have it."""
    for number, total in enumerate(accumulate(count for _, _, count in rows), 1):
        if total >= points:
            return number
    return len(rows)


def _spans(c: Connection, row: int, key_ids: Sequence[int]) -> dict[int, list[Span]]:
    where = among("key_id", key_ids, c.dialect)
    found: dict[int, list[Span]] = {}
    for key_id, *span in c.all(SPANS.replace("|", where.text), (row, *where.params)):
        found.setdefault(key_id, []).append(Span(*span))
    return found


@contextmanager
def _telling(what: str, run_id: str) -> Iterator[None]:
    try:
        yield
    except CorruptChunk as exc:
        raise CorruptData(
            f"Stored points of {what} of run {run_id} are damaged ({exc}). Restore the database from a backup; other "
            "runs can still be read."
        ) from exc


class Pages:
    """Turns places into page tokens and back, for one kind of listing."""

    def __init__(self, key: bytes, what: str, workspace_id: int, run_id: str) -> None:
        self._key = key
        self._digest = query_digest(what, workspace_id, run_id)

    def place(self, token: str | None) -> Place | None:
        """Where a page begins. Raises: InvalidInput."""
        position = decode_token(self._key, self._digest, token)
        if position is None:
            return None
        name, *point = position
        return Place(str(name), Cursor(*point) if point else None)  # type: ignore[arg-type]

    def token(self, place: Place | None) -> str | None:
        """How the page after a place is asked for."""
        if place is None:
            return None
        return encode_token(self._key, self._digest, (place.name, *(place.point or ())))

"""Histories of metrics: merged from sealed chunks and the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from runyard.store.sql.database import Connection, Database
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest
from runyard.store.sql.series.codec import decode_log
from runyard.store.sql.series.history import Cursor, HistoryReader, Span
from runyard.store.sql.series.points import Columns, columns_of, no_points, sort_columns
from runyard.store.sql.series.sample import sample_series

FIND_RUN = "SELECT id FROM runs WHERE uuid = ? AND workspace_id = ?"
FIND_KEY = "SELECT id FROM keys WHERE name = ?"
SPANS = """SELECT id, count, min_ms, max_ms, min_step, max_step FROM chunks
    WHERE run_id = ? AND key_id = ? ORDER BY min_ms"""
LOG = "SELECT codec, data FROM point_log WHERE run_id = ? ORDER BY id"
WHOLE = 1 << 40


class History(NamedTuple):
    """Points of one series in history order, as plain lists, and the token of the next page."""

    steps: list[int]
    ms: list[int]
    values: list[float]
    next_page_token: str | None = None


class SqlMetrics:
    """Reads of metric histories."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._page_key = page_key

    async def history(
        self, workspace_id: int, run_id: str, key: str, max_results: int | None, page_token: str | None
    ) -> History:
        """Points by (timestamp, step, value); nothing for an unknown run or key, as in MLflow.

        Cost: the chunks that the page touches and the run's log.
        """
        digest = query_digest(run_id, key)
        position = decode_token(self._page_key, digest, page_token)
        start = Cursor(*position) if position is not None else None  # type: ignore[arg-type]

        def work(c: Connection) -> History:
            series = _open(c, workspace_id, run_id, key)
            if series is None:
                return History([], [], [])
            spans, load, tail = series
            page = HistoryReader(spans, load, tail, start=start).page(max_results or WHOLE)
            token = encode_token(self._page_key, digest, tuple(page.next)) if page.next is not None else None
            return _listed(page.columns, token)

        return await self._database.read(work)

    async def bulk(
        self, workspace_id: int, run_ids: Sequence[str], key: str, limit: int
    ) -> list[tuple[str, History]]:
        """The first points of several runs, limit in all, by run id."""

        def work(c: Connection) -> list[tuple[str, History]]:
            found, left = [], limit
            for run_id in sorted(set(run_ids)):
                series = _open(c, workspace_id, run_id, key)
                if series is None or left <= 0:
                    continue
                page = HistoryReader(series[0], series[1], series[2], start=None).page(left)
                left -= page.columns.size
                found.append((run_id, _listed(page.columns, None)))
            return found

        return await self._database.read(work)

    async def sampled(
        self,
        workspace_id: int,
        run_ids: Sequence[str],
        key: str,
        max_results: int,
        start_step: int | None,
        end_step: int | None,
    ) -> list[tuple[str, History]]:
        """Evenly chosen points per run, in the order asked for, by step. Cost: the chunks that hold a chosen point."""

        def work(c: Connection) -> list[tuple[str, History]]:
            found = []
            for run_id in run_ids:
                series = _open(c, workspace_id, run_id, key)
                if series is not None:
                    columns = sample_series(
                        *series, max_results=max_results, start_step=start_step, end_step=end_step
                    )
                    found.append((run_id, _listed(columns, None)))
            return found

        return await self._database.read(work)


Load = Callable[[Sequence[int]], Iterable[tuple[int, int, bytes]]]


def _open(c: Connection, workspace_id: int, run_id: str, key: str) -> tuple[list[Span], Load, Columns] | None:
    run = c.one(FIND_RUN, (run_id, workspace_id))
    name = c.one(FIND_KEY, (key,))
    if run is None or name is None:
        return None
    spans = [Span(*row) for row in c.all(SPANS, (run[0], name[0]))]
    return spans, lambda ids: _load(c, ids), _tail(c, run[0], name[0])


def _tail(c: Connection, run: int, key: int) -> Columns:
    parts = []
    for codec, data in c.each(LOG, (run,)):
        points = decode_log(codec, bytes(data))
        chosen = points[points["key"] == key]
        if chosen.size:
            parts.append(chosen)
    return sort_columns(columns_of(np.concatenate(parts))) if parts else no_points()


def _load(c: Connection, ids: Sequence[int]) -> Iterable[tuple[int, int, bytes]]:
    for start in range(0, len(ids), 500):
        some = [int(number) for number in ids[start : start + 500]]
        marks = ", ".join("?" * len(some))
        for number, codec, data in c.all(f"SELECT id, codec, data FROM chunks WHERE id IN ({marks})", some):
            yield number, codec, bytes(data)


def _listed(columns: Columns, token: str | None) -> History:
    return History(columns.steps.tolist(), columns.ms.tolist(), columns.values.tolist(), token)

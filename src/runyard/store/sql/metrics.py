"""Histories of metrics: merged from sealed chunks and the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from runyard.errors import CorruptData, shown
from runyard.store.sql.database import Connection, Database
from runyard.store.sql.sample_cache import SampleCache, SampleOf
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest
from runyard.store.sql.series.codec import CorruptChunk
from runyard.store.sql.series.history import Cursor, HistoryReader
from runyard.store.sql.series.points import Columns, no_points
from runyard.store.sql.series.sample import sample_series
from runyard.store.sql.series_pages import Pages
from runyard.store.sql.series_pages import page as read_page
from runyard.store.sql.series_rows import StoredSeries, open_series

FIND_RUN = "SELECT id FROM runs WHERE uuid = ? AND workspace_id = ?"
FIND_VERSION = "SELECT id, version FROM runs WHERE uuid = ? AND workspace_id = ?"
FIND_KEY = "SELECT id FROM keys WHERE name = ?"
MOST_POINTS = 1_000_000


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
        self._samples = SampleCache()

    async def history(
        self, workspace_id: int, run_id: str, key: str, max_results: int | None, page_token: str | None
    ) -> History:
        """Points by (timestamp, step, value); nothing for an unknown run or key, as in MLflow.

        A page holds at most 1,000,000 points, also when none is asked for: they take 280 MB on their way out.
        Cost: the chunks that the page touches and the run's log.
        """
        digest = query_digest("history", workspace_id, run_id, key)
        position = decode_token(self._page_key, digest, page_token)
        start = Cursor(*position) if position is not None else None  # type: ignore[arg-type]

        def work(c: Connection) -> History:
            with _naming(run_id, key):
                series = _open(c, workspace_id, run_id, key)
                if series is None:
                    return History([], [], [])
                page = HistoryReader(*series, start=start).page(min(max_results or MOST_POINTS, MOST_POINTS))
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
                with _naming(run_id, key):
                    series = _open(c, workspace_id, run_id, key) if left > 0 else None
                    if series is None:
                        continue
                    page = HistoryReader(*series).page(left)
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
                run = c.one(FIND_VERSION, (run_id, workspace_id))
                if run is not None:
                    with _naming(run_id, key):
                        columns = self._sample(
                            c, SampleOf(run[0], run_id, key, max_results, start_step, end_step), run[1]
                        )
                    found.append((run_id, _listed(columns, None)))
            return found

        return await self._database.read(work)

    async def of_run(
        self, workspace_id: int, run_id: str, max_results: int, series: int, page_token: str | None
    ) -> tuple[list[tuple[str, History]], str | None]:
        """Points of all series of a run, by name. Cost: the run's log and tails, and the chunks that the page touches."""
        pages = Pages(self._page_key, "points of a run", workspace_id, run_id)
        start = pages.place(page_token)

        def work(c: Connection) -> tuple[list[tuple[str, History]], str | None]:
            parts, place = read_page(c, workspace_id, run_id, start, points=max_results, series=series)
            return [(part.name, _listed(part.columns, None)) for part in parts], pages.token(place)

        return await self._database.read(work)

    def _sample(self, c: Connection, sample: SampleOf, version: int) -> Columns:
        columns = self._samples.find(sample, version)
        if columns is None:
            name = c.one(FIND_KEY, (sample.key,))
            columns = no_points()
            if name is not None:
                columns = sample_series(
                    *open_series(c, sample.run, name[0]),
                    max_results=sample.max_results,
                    start_step=sample.start_step,
                    end_step=sample.end_step,
                )
            self._samples.keep(sample, version, columns)
        return columns


def _open(c: Connection, workspace_id: int, run_id: str, key: str) -> StoredSeries | None:
    run = c.one(FIND_RUN, (run_id, workspace_id))
    name = c.one(FIND_KEY, (key,))
    return open_series(c, run[0], name[0]) if run is not None and name is not None else None


@contextmanager
def _naming(run_id: str, key: str) -> Iterator[None]:
    """Damage of stored bytes, told with the series that it is in."""
    try:
        yield
    except CorruptChunk as exc:
        raise CorruptData(
            f"Stored points of metric {shown(key)} of run {run_id} are damaged ({exc}). Restore the database from a "
            "backup; other metrics and runs can still be read."
        ) from exc


def _listed(columns: Columns, token: str | None) -> History:
    return History(columns.steps.tolist(), columns.ms.tolist(), columns.values.tolist(), token)

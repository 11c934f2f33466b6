"""The stores of runs and metrics on one database, for tests without a server, and the list of rows that they imitate."""

from __future__ import annotations

import asyncio
import math
import uuid
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from runyard.entities.run import MetricPoint, NewRun
from runyard.store.sql import schema
from runyard.store.sql.compaction import Compactor
from runyard.store.sql.logged_models import record_metrics
from runyard.store.sql.metrics import History, SqlMetrics
from runyard.store.sql.postgres import PostgresDatabase, PostgresWriteConnection
from runyard.store.sql.runs import SqlRuns
from runyard.store.sql.series.compaction import SIZES, Sizes
from runyard.store.sql.sqlite import SqliteDatabase, SqliteWriteConnection
from runyard.wire.mlflow.runs import render

T = TypeVar("T")
WORKSPACE = 1
EXPERIMENT = 0
PAGE_KEY = b"k" * 32
SUMMARY = """SELECT s.last_value, s.last_step, s.last_ms, s.min_value, s.min_step, s.max_value, s.max_step,
    s.first_value, s.first_step, s.first_ms, s.count, s.numbers, s.sum
    FROM series s JOIN runs r ON r.id = s.run_id JOIN keys k ON k.id = s.key_id WHERE r.uuid = ? AND k.name = ?"""


class Stage:
    """Stores on an open database, driven from plain code."""

    def __init__(self, database: SqliteDatabase | PostgresDatabase) -> None:
        self.database = database
        self.runs = SqlRuns(database, PAGE_KEY, render, record_metrics)
        self.metrics = SqlMetrics(database, PAGE_KEY)
        self.runner = asyncio.Runner()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end."""
        return self.runner.get_loop().run_until_complete(work)

    def new_run(self) -> str:
        run_id = uuid.uuid4().hex
        self.do(self.runs.create(WORKSPACE, NewRun(run_id, EXPERIMENT, "r", "u", 1, [])))
        return run_id

    def log(self, run_id: str, points: Sequence[MetricPoint]) -> None:
        self.do(self.runs.log(WORKSPACE, run_id, metrics=points))

    def compactor(self, sizes: Sizes = SIZES) -> Compactor:
        """A new server's compactor, as if those before it had left."""
        self.execute("DELETE FROM leases")
        return Compactor(self.database, sizes)

    def history(self, run_id: str, key: str) -> History:
        return self.do(self.metrics.history(WORKSPACE, run_id, key, None, None))

    def pages(self, run_id: str, key: str, size: int) -> Iterator[History]:
        """All pages of a history."""
        token: str | None = None
        while True:
            page = self.do(self.metrics.history(WORKSPACE, run_id, key, size, token))
            yield page
            token = page.next_page_token
            if token is None:
                return

    def sampled(
        self, run_ids: Sequence[str], key: str, limit: int, bounds: tuple[int, int] | None = None
    ) -> dict[str, History]:
        first, last = bounds or (None, None)
        return dict(self.do(self.metrics.sampled(WORKSPACE, run_ids, key, limit, first, last)))

    def of_run(self, run_id: str, size: int, series: int) -> dict[str, list[Row]]:
        """The points of all series, page after page."""
        found: dict[str, list[Row]] = {}
        token: str | None = None
        while True:
            reading = self.metrics.of_run(WORKSPACE, run_id, size, series, token)
            parts, token = self.do(reading)
            assert sum(len(part.steps) for _, part in parts) <= size and len(parts) <= series
            for key, part in parts:
                found.setdefault(key, []).extend(zip(part.steps, part.ms, part.values, strict=True))
            if token is None:
                return found

    def bulk(self, run_ids: Sequence[str], key: str, limit: int) -> dict[str, History]:
        return dict(self.do(self.metrics.bulk(WORKSPACE, run_ids, key, limit)))

    def summary(self, run_id: str, key: str) -> tuple[Any, ...] | None:
        """Columns of the series row, as SUMMARY names them."""
        return self.do(self.database.read(lambda c: c.one(SUMMARY, (run_id, key))))

    def stored(self, run_id: str, table: str, columns: str) -> list[tuple[Any, ...]]:
        """Columns of a run's rows (t) in a table."""
        sql = f"SELECT {columns} FROM {table} t JOIN runs r ON r.id = t.run_id WHERE r.uuid = ?"
        return self.do(self.database.read(lambda c: c.all(sql, (run_id,))))

    def count(self, table: str) -> int:
        """Rows of a table."""
        row = self.do(self.database.read(lambda c: c.one(f"SELECT count(*) FROM {table}")))
        assert row is not None
        return int(row[0])

    def execute(self, sql: str, params: Sequence[object] = ()) -> None:
        """One statement, committed."""
        self.do(self.database.write(lambda tx: tx.execute(sql, params)))

    def close(self) -> None:
        self.do(self.database.close())
        self.runner.close()


@contextmanager
def sqlite_stage(folder: Path) -> Iterator[Stage]:
    """A fresh embedded database."""
    connection = SqliteWriteConnection(folder / "runyard.db")
    schema.upgrade(connection)
    connection.close()
    database = SqliteDatabase(folder / "runyard.db")
    yield from _opened(database)


@contextmanager
def postgres_stage(url: str) -> Iterator[Stage]:
    """A fresh schema in an empty PostgreSQL database."""
    connection = PostgresWriteConnection(url)
    schema.upgrade(connection)
    connection.close()
    yield from _opened(PostgresDatabase(url))


def _opened(database: SqliteDatabase | PostgresDatabase) -> Iterator[Stage]:
    database.open()
    stage = Stage(database)
    try:
        yield stage
    finally:
        stage.close()


Row = tuple[int, int, float]
"""(step, ms, value)"""


def same(value: float | None) -> object:
    """What a value is compared by: NaN equals NaN, -0.0 differs from 0.0."""
    if value is None or math.isnan(value):
        return "NaN"
    return value, math.copysign(1.0, value)


def rows_of(history: History) -> list[tuple[int, int, object]]:
    """A history as comparable rows."""
    return [
        (step, ms, same(value))
        for step, ms, value in zip(history.steps, history.ms, history.values, strict=True)
    ]

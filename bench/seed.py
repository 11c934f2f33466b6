"""Fills a peer's own tables directly, for rows that only read: over HTTP MLflow would need hours for the same data.

Shapes were read off the rows that each server writes itself; every reading row checks that all servers answer alike.
"""

from __future__ import annotations

import csv
import io
import random
import sqlite3
import subprocess
import uuid
from collections.abc import Callable, Iterable, Sequence

from bench import wire
from bench.servers import FastTrackML, Mlflow, Server

Row = Sequence[object]
_RUN_TAGS = ("mlflow.runName",)


class _Sqlite:
    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, timeout=60)

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        marks = ",".join("?" * len(columns))
        with self._db:
            self._db.executemany(f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})", rows)

    def end(self) -> None:
        self._db.execute("ANALYZE")
        self._db.commit()
        self._db.close()


class _Postgres:
    def __init__(self, url: str) -> None:
        self._url = url

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
        command = f"\\copy {table} ({','.join(columns)}) from stdin with (format csv)"
        subprocess.run(
            ["psql", "-q", "-v", "ON_ERROR_STOP=1", "-c", command, self._url],
            input=text.getvalue(),
            text=True,
            check=True,
        )

    def end(self) -> None:
        subprocess.run(["psql", "-q", "-c", "ANALYZE", self._url], check=True)


def _tables(server: Server) -> _Sqlite | _Postgres:
    if server.database:
        return _Postgres(server.database)
    if isinstance(server, (Mlflow, FastTrackML)):
        return _Sqlite(str(server.file))
    raise TypeError(f"{server.name} is loaded over HTTP, not by its tables")


_RUN_COLUMNS = "run_uuid name source_type source_name user_id status start_time end_time lifecycle_stage"


def runs(
    server: Server,
    experiment_id: str,
    first: int,
    last: int,
    plan: Callable[[int], wire.RunPlan] = wire.plan,
) -> None:
    """Inserts runs number `first` to `last - 1` of a plan into an experiment of a peer."""
    tables = _tables(server)
    ours = isinstance(server, FastTrackML)
    plans = [(uuid.uuid4().hex, plan(index)) for index in range(first, last)]
    columns = [*_RUN_COLUMNS.split(), "entry_point_name", "source_version", "artifact_uri", "experiment_id"]
    more = ["row_num"] if ours else []
    tables.insert("runs", [*columns, *more], (_run_row(i, p, experiment_id, ours) for i, p in plans))
    value = "value_str" if ours else "value"
    tables.insert("params", ["key", value, "run_uuid"], ((k, v, i) for i, p in plans for k, v in p.params))
    tags = ((k, v, i) for i, p in plans for k, v in [*p.tags, ("mlflow.runName", p.name)])
    tables.insert("tags", ["key", "value", "run_uuid"], tags)
    points = [(k, v, p.end_ms, i, 0, 0) for i, p in plans for k, v in p.metrics]
    _insert_points(tables, points, points, ours)
    tables.end()


def _run_row(run_id: str, run: wire.RunPlan, experiment_id: str, numbered: bool) -> Row:
    uri = f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts"
    times = [run.start_ms, run.end_ms]
    row = [run_id, run.name, "UNKNOWN", "", "", "FINISHED", *times, "active", "", "", uri, int(experiment_id)]
    return [*row, run.index] if numbered else row


_POINT_COLUMNS = ["key", "value", "timestamp", "run_uuid", "step", "is_nan"]


def _insert_points(
    tables: _Sqlite | _Postgres, points: Iterable[Row], latest: Iterable[Row], contexts: bool, count: int = 1
) -> None:
    if contexts:
        points = ([*point, n, 1] for n, point in enumerate(points, 1))
        latest = ([*point, count, 1] for point in latest)
    tables.insert("metrics", [*_POINT_COLUMNS, *(["iter", "context_id"] if contexts else [])], points)
    tables.insert(
        "latest_metrics", [*_POINT_COLUMNS, *(["last_iter", "context_id"] if contexts else [])], latest
    )


def series(server: Server, run_ids: Sequence[str], key: str, points: int) -> None:
    """Inserts a series of `points` points under `key` into each run, values as `wire.points_block` makes them."""
    tables = _tables(server)
    chance = random.Random(0)
    values = [chance.random() for _ in range(points)]
    for run_id in run_ids:
        rows = [(key, v, wire.FIRST_MS + step * 1000, run_id, step, 0) for step, v in enumerate(values)]
        _insert_points(tables, rows, rows[-1:], isinstance(server, FastTrackML), points)
    tables.end()

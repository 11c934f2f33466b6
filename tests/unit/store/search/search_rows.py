"""Databases filled with fake runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from search_evaluator import FakeRun, Series

from runyard.store.sql import migrations
from runyard.store.sql.run_texts import stored
from runyard.store.sql.sqlite import SqliteConnection

TABLES = ("run_datasets", "datasets", "series", "run_tags", "run_params", "runs", "keys", "experiments")


def memory_database() -> SqliteConnection:
    """An empty database in memory."""
    connection = SqliteConnection(Path(":memory:"), cache_kib=4_096)
    for statement in migrations.statements(1, "sqlite"):
        connection.execute(statement)
    connection.execute("PRAGMA foreign_keys = OFF")
    return connection


def clear(connection: Any) -> None:
    """Delete what `fill` wrote."""
    for table in TABLES:
        connection.execute(f"DELETE FROM {table}")


def fill(connection: Any, runs: Sequence[FakeRun]) -> None:
    """Write runs and all that belongs to them."""
    for experiment in sorted({run.experiment_id for run in runs}):
        connection.execute(
            "INSERT INTO experiments (id, workspace_id, name, artifact_location, created_ms, updated_ms) "
            "VALUES (?, 1, ?, 'x', 0, 0)",
            (experiment, f"e{experiment}"),
        )
    keys = _intern(connection, runs)
    _datasets(connection, runs)
    for run in runs:
        _fill_run(connection, run, keys)


def _fill_run(connection: Any, run: FakeRun, keys: dict[str, int]) -> None:
    connection.execute(
        "INSERT INTO runs (id, uuid, workspace_id, experiment_id, name, user_id, status, stage, start_ms, end_ms, "
        "received_ms, artifact_uri) VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
        (
            run.id,
            run.uuid,
            run.experiment_id,
            run.name,
            run.user_id,
            run.status,
            run.stage,
            run.start_ms,
            run.end_ms,
        )
        + (run.artifact_uri,),
    )
    for table, facts in (("run_params", run.params), ("run_tags", run.tags)):
        connection.many(
            f"INSERT INTO {table} (run_id, key_id, experiment_id, value, rest) VALUES (?, ?, ?, ?, ?)",
            [(run.id, keys[key], run.experiment_id, *stored(value)) for key, value in facts.items()],
        )
    connection.many(
        "INSERT INTO series (run_id, key_id, experiment_id, last_value, last_step, last_ms, min_value, min_step, "
        "max_value, max_step, first_value, first_step, first_ms, count, numbers, sum) "
        "VALUES (?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?)",
        [_series(run, keys[key], series) for key, series in run.metrics.items()],
    )


def _series(run: FakeRun, key_id: int, s: Series) -> tuple[Any, ...]:
    numbers = [None if math.isnan(value) else value for value in (s.last, s.min, s.max, s.first, s.sum)]
    last, low, high, first, total = numbers
    head = (run.id, key_id, run.experiment_id, last, low, s.min_step, high, s.max_step, first)
    return (*head, s.count, s.numbers, total)


def _intern(connection: Any, runs: Iterable[FakeRun]) -> dict[str, int]:
    names = sorted({key for run in runs for facts in (run.metrics, run.params, run.tags) for key in facts})
    keys = {name: number for number, name in enumerate(names, 1)}
    connection.many(
        "INSERT INTO keys (id, name) VALUES (?, ?)", [(number, name) for name, number in keys.items()]
    )
    return keys


def _datasets(connection: Any, runs: Iterable[FakeRun]) -> None:
    known: dict[tuple[int, str, str], int] = {}
    edges: dict[tuple[int, int], str | None] = {}
    for run in runs:
        kept = {}
        for name, digest, context in run.datasets:
            dataset = known.setdefault((run.experiment_id, name, digest), len(known) + 1)
            edges.setdefault((run.id, dataset), context)
            kept[(name, digest)] = edges[(run.id, dataset)]
        run.datasets = [(name, digest, context) for (name, digest), context in kept.items()]
    connection.many(
        "INSERT INTO datasets (id, experiment_id, name, digest, source_type, source) VALUES (?, ?, ?, ?, '', '')",
        [(number, *key) for key, number in known.items()],
    )
    connection.many(
        "INSERT INTO run_datasets (run_id, dataset_id, context, tags) VALUES (?, ?, ?, '[]')",
        [(*edge, context) for edge, context in edges.items()],
    )

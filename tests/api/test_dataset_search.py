"""The datasets of experiments, as the UI lists them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from runyard.entities.common import Tag
from runyard.entities.workspace import DEFAULT_WORKSPACE_ID
from runyard.errors import InvalidInput
from runyard.services.context import Context
from runyard.services.dataset_search import DatasetSearchService
from runyard.store.sql import schema
from runyard.store.sql.database import Transaction
from runyard.store.sql.dataset_search import SqlDatasetSearch
from runyard.store.sql.experiments import SqlExperiments
from runyard.store.sql.sqlite import SqliteDatabase, SqliteWriteConnection
from runyard.wire.mlflow.dataset_search import DatasetSummaries

T = TypeVar("T")
RUN = """INSERT INTO runs (id, uuid, workspace_id, experiment_id, name, user_id, status, received_ms, artifact_uri)
    VALUES (?, ?, 1, ?, 'n', '', 1, 0, '')"""
DATASET = """INSERT INTO datasets (id, experiment_id, name, digest, source_type, source)
    VALUES (?, ?, ?, ?, 'local', '{}')"""
INPUT = "INSERT INTO run_datasets (run_id, dataset_id, context, tags) VALUES (?, ?, ?, '[]')"


def _with_database(directory: Path, work: Callable[[SqliteDatabase], Awaitable[T]]) -> T:
    path = directory / "runyard.db"
    connection = SqliteWriteConnection(path)
    schema.upgrade(connection)
    connection.close()

    async def run() -> T:
        database = SqliteDatabase(path)
        database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def test_each_dataset_stands_once_for_each_context(tmp_path: Path) -> None:
    async def work(database: SqliteDatabase) -> tuple[int, Any]:
        store = SqlExperiments(database, b"k")
        made = await store.create(DEFAULT_WORKSPACE_ID, "a", "x:", None, [Tag("t", "1")])
        other = await store.create(DEFAULT_WORKSPACE_ID, "b", "x:", None, [])

        def fill(tx: Transaction) -> None:
            tx.many(RUN, [(1, "r1", made), (2, "r2", made), (3, "r3", made), (4, "r4", other)])
            tx.many(DATASET, [(1, made, "toy", "d1"), (2, made, "bare", "d2"), (3, other, "far", "d3")])
            tx.many(
                INPUT, [(1, 1, "training"), (2, 1, "training"), (3, 1, "eval"), (1, 2, None), (4, 3, None)]
            )

        await database.write(fill)
        service = DatasetSearchService(SqlDatasetSearch(database))
        return made, await service.search(Context(), [str(made), "987654321"])

    made, found = _with_database(tmp_path, work)
    assert [(one.experiment_id, one.name, one.digest, one.context) for one in found] == [
        (made, "bare", "d2", None),
        (made, "toy", "d1", "eval"),
        (made, "toy", "d1", "training"),
    ]
    assert DatasetSummaries.of(found).dataset_summaries[0].experiment_id == str(made)


@pytest.mark.parametrize(("count", "named"), [(0, "at least one"), (21, "more than 20")])
def test_none_and_more_than_twenty_experiments_are_refused(tmp_path: Path, count: int, named: str) -> None:
    async def work(database: SqliteDatabase) -> None:
        service = DatasetSearchService(SqlDatasetSearch(database))
        await service.search(Context(), [str(number) for number in range(count)])

    with pytest.raises(InvalidInput, match=named):
        _with_database(tmp_path, work)

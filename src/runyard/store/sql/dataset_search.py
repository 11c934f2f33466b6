"""Statements that list the datasets of experiments."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.dataset_summary import DatasetSummary
from runyard.store.sql.database import Connection, Database
from runyard.store.sql.search.fragments import among

HEAD = """SELECT DISTINCT d.experiment_id, d.name, d.digest, i.context
    FROM experiments e JOIN datasets d ON d.experiment_id = e.id JOIN run_datasets i ON i.dataset_id = d.id
    WHERE e.workspace_id = ? AND """
TAIL = " ORDER BY 1, 2, 3, 4 LIMIT ?"


class SqlDatasetSearch:
    """DatasetSearchStore on a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(
        self, workspace_id: int, experiment_ids: Sequence[int], limit: int
    ) -> list[DatasetSummary]:
        def work(c: Connection) -> list[DatasetSummary]:
            where = among("e.id", list(experiment_ids), c.dialect)
            rows = c.all(HEAD + where.text + TAIL, (workspace_id, *where.params, limit))
            return [DatasetSummary(*row) for row in rows]

        return await self._database.read(work)

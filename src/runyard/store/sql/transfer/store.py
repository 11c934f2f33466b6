"""TransferStore on a Database: which statements make up each of its methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from runyard.entities.common import Page
from runyard.entities.transfer import (
    DatasetRecord,
    DatastoreRecord,
    ExperimentRecord,
    LoggedModelRecord,
    LoggedRecord,
    Placed,
    RegisteredModelRecord,
    RunRecord,
    SeriesDigest,
    SeriesPoints,
    TraceRecord,
)
from runyard.store.sql.database import Connection, Database, Transaction
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest
from runyard.store.sql.series_pages import Pages, Place, row_of
from runyard.store.sql.transfer import data, experiments, logged_models, points, registry, runs, traces

T = TypeVar("T")
Homed = TypeVar("Homed", RunRecord, LoggedModelRecord, TraceRecord)
PutHomed = Callable[[Transaction, int, Homed, Mapping[int, str]], Placed]
PutOne = Callable[[Transaction, int, T], Placed]
ReadSeries = Callable[[Connection, int, str, Place | None, int], tuple[list[T], Place | None]]
Read = Callable[[Connection, int], tuple[list[T], int]]  # what comes after a row, and the last row


class SqlTransfer:
    """Whole records in and out."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._page_key = page_key

    async def put_experiments(
        self,
        workspace_id: int,
        records: Sequence[ExperimentRecord],
        artifact_root: str,
        own_paths: Sequence[str | None],
    ) -> list[Placed]:
        return await self._database.write(
            lambda tx: [
                experiments.put(tx, workspace_id, one, artifact_root, own_path)
                for one, own_path in zip(records, own_paths, strict=True)
            ]
        )

    async def put_runs(self, workspace_id: int, records: Sequence[RunRecord]) -> list[Placed]:
        return await self._put_homed(workspace_id, records, runs.put)

    async def put_points(self, workspace_id: int, run_id: str, series: Sequence[SeriesPoints]) -> int:
        return await self._database.write(lambda tx: points.put(tx, workspace_id, run_id, series))

    async def put_logged(self, workspace_id: int, run_id: str, records: Sequence[LoggedRecord]) -> int:
        return await self._database.write(
            lambda tx: runs.put_logged(tx, row_of(tx, workspace_id, run_id), list(records))
        )

    async def put_logged_models(
        self, workspace_id: int, records: Sequence[LoggedModelRecord]
    ) -> list[Placed]:
        return await self._put_homed(workspace_id, records, logged_models.put)

    async def put_traces(self, workspace_id: int, records: Sequence[TraceRecord]) -> list[Placed]:
        return await self._put_homed(workspace_id, records, traces.put)

    async def put_registered_models(
        self, workspace_id: int, records: Sequence[RegisteredModelRecord]
    ) -> list[Placed]:
        return await self._put(workspace_id, records, registry.put)

    async def put_datasets(self, workspace_id: int, records: Sequence[DatasetRecord]) -> list[Placed]:
        return await self._put(workspace_id, records, data.put_dataset)

    async def put_datastores(self, workspace_id: int, records: Sequence[DatastoreRecord]) -> list[Placed]:
        return await self._put(workspace_id, records, data.put_datastore)

    async def _put(self, workspace_id: int, records: Sequence[T], put: PutOne[T]) -> list[Placed]:
        return await self._database.write(lambda tx: [put(tx, workspace_id, one) for one in records])

    async def _put_homed(
        self, workspace_id: int, records: Sequence[Homed], put: PutHomed[Homed]
    ) -> list[Placed]:
        def work(tx: Transaction) -> list[Placed]:
            homes = experiments.locations(tx, workspace_id, [int(one.experiment_id) for one in records])
            return [put(tx, workspace_id, one, homes) for one in records]

        return await self._database.write(work)

    async def experiments(self, workspace_id: int, limit: int, token: str | None) -> Page[ExperimentRecord]:
        def read(c: Connection, after: int) -> tuple[list[ExperimentRecord], int]:
            found = experiments.page(c, workspace_id, after, limit)
            return found, int(found[-1].id) if found else after

        return await self._page("experiments", (workspace_id,), limit, token, read)

    async def runs(
        self, workspace_id: int, experiment_id: int, limit: int, token: str | None
    ) -> Page[RunRecord]:
        return await self._page(
            "runs",
            (workspace_id, experiment_id),
            limit,
            token,
            lambda c, after: runs.page(c, workspace_id, experiment_id, after, limit),
        )

    async def points(
        self, workspace_id: int, run_id: str, limit: int, token: str | None
    ) -> Page[SeriesPoints]:
        return await self._series("export points", workspace_id, run_id, limit, token, points.page)

    async def digests(
        self, workspace_id: int, run_id: str, limit: int, token: str | None
    ) -> Page[SeriesDigest]:
        return await self._series("export digests", workspace_id, run_id, limit, token, points.digests)

    async def _series(
        self, what: str, workspace_id: int, run_id: str, limit: int, token: str | None, read: ReadSeries[T]
    ) -> Page[T]:
        pages = Pages(self._page_key, what, workspace_id, run_id)
        start = pages.place(token)

        def work(c: Connection) -> Page[T]:
            found, place = read(c, workspace_id, run_id, start, limit)
            return Page(found, pages.token(place))

        return await self._database.read(work)

    async def logged(
        self, workspace_id: int, run_id: str, limit: int, token: str | None
    ) -> Page[LoggedRecord]:
        return await self._page(
            "logged",
            (workspace_id, run_id),
            limit,
            token,
            lambda c, after: runs.logged(c, row_of(c, workspace_id, run_id), after, limit),
        )

    async def logged_models(
        self, workspace_id: int, experiment_id: int, limit: int, token: str | None
    ) -> Page[LoggedModelRecord]:
        return await self._page(
            "logged models",
            (workspace_id, experiment_id),
            limit,
            token,
            lambda c, after: logged_models.page(c, workspace_id, experiment_id, after, limit),
        )

    async def traces(
        self, workspace_id: int, experiment_id: int, limit: int, token: str | None
    ) -> Page[TraceRecord]:
        return await self._page(
            "traces",
            (workspace_id, experiment_id),
            limit,
            token,
            lambda c, after: traces.page(c, workspace_id, experiment_id, after, limit),
        )

    async def registered_models(
        self, workspace_id: int, limit: int, token: str | None
    ) -> Page[RegisteredModelRecord]:
        return await self._page(
            "registered models",
            (workspace_id,),
            limit,
            token,
            lambda c, after: registry.page(c, workspace_id, after, limit),
        )

    async def datasets(self, workspace_id: int, limit: int, token: str | None) -> Page[DatasetRecord]:
        return await self._page(
            "datasets",
            (workspace_id,),
            limit,
            token,
            lambda c, after: data.datasets(c, workspace_id, after, limit),
        )

    async def datastores(self, workspace_id: int, limit: int, token: str | None) -> Page[DatastoreRecord]:
        return await self._page(
            "datastores",
            (workspace_id,),
            limit,
            token,
            lambda c, after: data.datastores(c, workspace_id, after, limit),
        )

    async def _page(
        self, what: str, scope: tuple[int | str, ...], limit: int, token: str | None, read: Read[T]
    ) -> Page[T]:
        """A page of rows by id. A full one may be followed by an empty one."""
        digest = query_digest("export", what, *scope)
        position = decode_token(self._page_key, digest, token)
        after = -1 if position is None else int(position[0] or 0)

        def work(c: Connection) -> Page[T]:
            found, last = read(c, after)
            full = len(found) >= limit
            return Page(found, encode_token(self._page_key, digest, (last,)) if full else None)

        return await self._database.read(work)

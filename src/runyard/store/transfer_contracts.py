"""What import and export ask of a store. The rules of store/contracts.py hold.

Nothing that is there already is changed: a record that is present keeps what it has, and gets what it lacks. A record
whose id belongs to another workspace, or to another experiment, is a conflict. Every `put_*` is one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

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


class ImportStore(Protocol):
    """Whole records into a workspace, with their ids and times."""

    async def put_experiments(
        self,
        workspace_id: int,
        records: Sequence[ExperimentRecord],
        artifact_root: str,
        own_paths: Sequence[str | None],
    ) -> list[Placed]:
        """One of the same name is the same experiment. A number that is taken or not usable becomes another one.

        Args:
            own_paths: of each record, see ExperimentStore.create.
        """
        ...

    async def put_runs(self, workspace_id: int, records: Sequence[RunRecord]) -> list[Placed]:
        """Their experiments are numbers of this server. Raises: NotFound for an unknown experiment."""
        ...

    async def put_points(self, workspace_id: int, run_id: str, series: Sequence[SeriesPoints]) -> int:
        """Add points, also to a deleted run; exact repetitions change nothing. Returns how many were sent.

        Raises: NotFound, InvalidInput for bytes that are not points.
        """
        ...

    async def put_logged(self, workspace_id: int, run_id: str, records: Sequence[LoggedRecord]) -> int:
        """Add what the SDK logged beside numbers; how many were new. Raises: NotFound."""
        ...

    async def put_logged_models(
        self, workspace_id: int, records: Sequence[LoggedModelRecord]
    ) -> list[Placed]: ...

    async def put_traces(self, workspace_id: int, records: Sequence[TraceRecord]) -> list[Placed]: ...

    async def put_registered_models(
        self, workspace_id: int, records: Sequence[RegisteredModelRecord]
    ) -> list[Placed]: ...

    async def put_datasets(self, workspace_id: int, records: Sequence[DatasetRecord]) -> list[Placed]: ...

    async def put_datastores(self, workspace_id: int, records: Sequence[DatastoreRecord]) -> list[Placed]: ...


class ExportStore(Protocol):
    """Whole records out of a workspace, in the order of their ids, deleted ones included."""

    async def experiments(
        self, workspace_id: int, limit: int, token: str | None
    ) -> Page[ExperimentRecord]: ...

    async def runs(
        self, workspace_id: int, experiment_id: int, limit: int, token: str | None
    ) -> Page[RunRecord]: ...

    async def points(
        self, workspace_id: int, run_id: str, limit: int, token: str | None
    ) -> Page[SeriesPoints]:
        """Points of all metrics, by key, each once, in history order; limit counts points. Raises: NotFound."""
        ...

    async def digests(
        self, workspace_id: int, run_id: str, limit: int, token: str | None
    ) -> Page[SeriesDigest]:
        """By key, of limit points at most; a metric that is on several pages has one on each, and they add up.

        Raises: NotFound.
        """
        ...

    async def logged(
        self, workspace_id: int, run_id: str, limit: int, token: str | None
    ) -> Page[LoggedRecord]: ...

    async def logged_models(
        self, workspace_id: int, experiment_id: int, limit: int, token: str | None
    ) -> Page[LoggedModelRecord]: ...

    async def traces(
        self, workspace_id: int, experiment_id: int, limit: int, token: str | None
    ) -> Page[TraceRecord]: ...

    async def registered_models(
        self, workspace_id: int, limit: int, token: str | None
    ) -> Page[RegisteredModelRecord]: ...

    async def datasets(self, workspace_id: int, limit: int, token: str | None) -> Page[DatasetRecord]: ...

    async def datastores(self, workspace_id: int, limit: int, token: str | None) -> Page[DatastoreRecord]: ...


class TransferStore(ImportStore, ExportStore, Protocol):
    """Both ways."""

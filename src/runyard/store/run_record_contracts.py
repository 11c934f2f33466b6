"""What the services ask of a store about run records and properties. The rules of store/contracts.py hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from runyard.entities.common import Page
from runyard.entities.run import NewRun, Run
from runyard.entities.run_record import RunRecord


class RunRecordStore(Protocol):
    """Runs under ids that clients choose, their properties, and what is logged to them beside numbers."""

    async def create(self, workspace_id: int, new: NewRun, properties: Mapping[str, str]) -> Run:
        """A new run; again with the same id and experiment answers the run that is there and changes nothing.

        Raises: NotFound, InvalidInput for a deleted experiment; AlreadyExists when another run has the id.
        """
        ...

    async def experiment_named(self, workspace_id: int, name: str) -> int:
        """The id of an experiment, deleted ones included. Raises: NotFound."""
        ...

    async def number(self, workspace_id: int, run_id: str) -> int:
        """Which run of its experiment it is, in the order in which they were made, from 1 on. Raises: NotFound."""
        ...

    async def experiment_of(self, workspace_id: int, run_id: str) -> int:
        """The experiment of a run. Raises: NotFound."""
        ...

    async def add(self, workspace_id: int, run_id: str, records: Sequence[RunRecord]) -> None:
        """All or nothing; a record whose uuid the run has already is left as it is.

        Raises: NotFound, InvalidInput for a deleted run.
        """
        ...

    async def records(
        self,
        workspace_id: int,
        run_id: str,
        *,
        name: str | None,
        kind: str | None,
        max_results: int,
        page_token: str | None,
    ) -> Page[RunRecord]:
        """Records in the order in which they arrived; a page ends early when its bodies are large."""
        ...

    async def properties(self, workspace_id: int, run_ids: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """The properties of several runs by run id; runs that are not there are left out."""
        ...

    async def set_properties(self, workspace_id: int, run_id: str, properties: Mapping[str, str]) -> None:
        """All or nothing. Raises: AlreadyExists when a key has another value."""
        ...

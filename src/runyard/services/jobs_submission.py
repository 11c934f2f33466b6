"""What somebody submits, what comes of it, and what submitting needs of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from runyard.engines.contracts import Ticket
from runyard.entities.compute import Compute
from runyard.entities.job import Job, JobDefinition
from runyard.services.context import Context
from runyard.services.jobs_definition import SCRIPT


class Submission(msgspec.Struct, frozen=True):
    """What somebody asks for; None: nothing said."""

    target: str
    definition: JobDefinition
    kind: str = SCRIPT
    experiment_id: str | int | None = None
    experiment_name: str | None = None
    run_id: str | None = None
    run_name: str | None = None
    tags: Mapping[str, str] = {}
    properties: Mapping[str, str] = {}
    snapshot_id: str = ""
    priority: int = 0
    parent_run_id: str | None = None
    dry_run: bool = False


class Submitted(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        run: the document of the run; empty, like the job, after a dry run.
        token: for the runner of the one who submits, where no compute target starts one.
        request: after a dry run, what the engine would be handed.
    """

    job: Job | None = None
    run: bytes = b""
    token: str = ""
    request: str = ""


class ComputeTargets(Protocol):
    """Where jobs may go."""

    async def for_submit(
        self, ctx: Context, name: str, definition: JobDefinition
    ) -> tuple[Compute, JobDefinition]:
        """The compute target, and the definition within its limits.

        Raises: NotFound, NotAllowed, InvalidInput, InvalidState.
        """
        ...

    async def max_queued(self, compute_id: int) -> int:
        """Jobs that one person may have in its queue; 0: no limit."""
        ...


class Handover(Protocol):
    """What hands jobs to engines."""

    def wake(self) -> None:
        """There may be something to do."""
        ...

    async def preview(self, compute: Compute, ticket: Ticket) -> str:
        """What its engine would be handed. Raises: InvalidState, when it cannot be told."""
        ...

    async def tail(self, job: Job) -> str:
        """What the job's engine kept of its output. Raises: InvalidState, when it does not answer."""
        ...


class Environments(Protocol):
    """Registered environments."""

    async def resolve(self, ctx: Context, definition: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
        """The whole definition of one that may be named only, and the hash of what it is built from; empty: nothing is.

        Raises: NotFound, InvalidInput.
        """
        ...


class Snapshots(Protocol):
    """Sources that were sent."""

    async def require(self, workspace_id: int, snapshot_id: str) -> None:
        """It stays until a job that names it is made. Raises: InvalidInput, when it is not here."""
        ...


class Runs(Protocol):
    """Runs, as far as submitting needs them."""

    async def get(self, workspace_id: int, run_id: str) -> bytes:
        """The document. Raises: NotFound."""
        ...

    async def experiment_of(self, workspace_id: int, run_id: str) -> int:
        """Raises: NotFound."""
        ...

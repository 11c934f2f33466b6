"""What requests of people ask of a store of jobs; the rules of store.contracts hold.

Every change is guarded: a job that has ended stays as it ended, and a state never goes backwards but where a method says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from runyard.entities.common import Page, Tag
from runyard.entities.job import Job, JobDefinition, JobState
from runyard.entities.principal import Principal


class JobSecrets(NamedTuple):
    """The access token of a job, and the code that is good for it once; both sealed, beside their hashes.

    Attributes:
        made_with: uuid of the access token that it was submitted with; where that is one that somebody made, and not a
            login, the job's ends with it.
    """

    actions: Sequence[str]
    expires_ms: int
    token_hash: str
    token: bytes
    code_hash: str
    code: bytes
    made_with: str = ""


class Credential(NamedTuple):
    """A job's access token, as far as jobs below it are concerned: its uuid, and what it allows."""

    uuid: str
    actions: Sequence[str]


class NewJob(msgspec.Struct, frozen=True):
    """What is submitted, checked.

    Attributes:
        tags: of the run, MLflow's and Runyard's own included.
        compute_id: None: the machine that submits runs it.
        state: NOT_STARTED; RUNNING for what no engine runs, such as the parent of a sweep; QUEUED where compute_id is None.
        secrets: None for what no runner works on.
        request_hash: of what was asked, so that the same run id with another request is refused.
    """

    run_id: str
    run_name: str
    experiment_id: int
    tags: Sequence[Tag]
    properties: Mapping[str, str]
    target: str
    compute_id: int | None
    kind: str
    state: JobState
    definition: JobDefinition
    snapshot_id: str
    environment_hash: str
    priority: int
    parent_run_id: str
    request_hash: str
    secrets: JobSecrets | None = None


class JobFilter(msgspec.Struct, frozen=True):
    """Which jobs a list is of; None: all.

    Attributes:
        nested: also those below another run's, such as the trials of a sweep.
        experiments: those that the reader may see; all_but: all but these.
    """

    target: str | None = None
    states: Collection[JobState] | None = None
    experiment_id: int | None = None
    submitted_by: str | None = None
    parent_run_id: str | None = None
    active: bool = False
    nested: bool = True
    experiments: frozenset[int] = frozenset()
    all_but: bool = True


class SealedKeys(NamedTuple):
    """A job's secrets as they are kept; empty where it has none, or none any more."""

    token: bytes
    code: bytes


class JobStore(Protocol):
    """Jobs of a workspace, for requests."""

    async def create(
        self, workspace_id: int, submitter: Principal, new: NewJob, max_queued: int
    ) -> tuple[Job, bool]:
        """Run and job; the same again (False) for the same run id and request.

        Args:
            max_queued: jobs that one person may have in the queue of a target; 0: no limit.
        Raises: NotFound; InvalidState when the experiment is deleted, the parent takes no more or max_queued wait;
            AlreadyExists for a run id that is another's.
        """
        ...

    async def find(self, workspace_id: int, run_id: str) -> Job | None: ...

    async def list(
        self, workspace_id: int, wanted: JobFilter, *, max_results: int, page_token: str | None
    ) -> Page[Job]:
        """Newest first. Cost: the rows of the page, and those that the filter leaves out before it."""
        ...

    async def positions(self, jobs: Sequence[Job]) -> Mapping[int, int]:
        """By row, where those that wait stand in their queues: 1 is next. The far end of a long queue is left out.

        Cost: the first thousands of an index of the jobs that wait, for each target.
        """
        ...

    async def set_priority(self, workspace_id: int, run_id: str, priority: int) -> Job:
        """Raises: NotFound; InvalidState unless it waits in the queue."""
        ...

    async def cancel(self, workspace_id: int, run_id: str) -> Job:
        """To be canceled, with all jobs below it; what nobody has begun to hand over is CANCELED at once. Idempotent.

        Raises: NotFound.
        """
        ...

    async def keys(self, row: int) -> SealedKeys:
        """The sealed secrets of a job that has not begun."""
        ...

    async def extend(self, row: int, expires_ms: int) -> None:
        """Its token is good until then at least, unless it was revoked."""
        ...

    async def credential(self, row: int) -> Credential | None:
        """Of a job; None: it has none, or it was revoked."""
        ...

    async def environment_hash(self, row: int) -> str:
        """Of what its environment is built from; empty: nothing is."""
        ...

"""What jobs ask of a store; the rules of store.contracts hold.

`JobStore` is for requests, `JobQueue` for the dispatcher, which works for all workspaces. Every change is guarded: a job
that has ended stays as it ended, and a state never goes backwards but where a method says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from runyard.entities.common import Page, Tag
from runyard.entities.job import Job, JobDefinition, JobError, JobState
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
        experiments: those that the reader may see; all_but: all but these.
    """

    target: str | None = None
    states: Collection[JobState] | None = None
    experiment_id: int | None = None
    submitted_by: str | None = None
    parent_run_id: str | None = None
    active: bool = False
    experiments: frozenset[int] = frozenset()
    all_but: bool = True


class Load(msgspec.Struct, frozen=True):
    """How much of a compute target is used.

    Attributes:
        queued: that wait in the server's queue. running: that were handed over and have not ended.
        nodes: of those that run.
        *_by_person: the same by uuid of the submitter.
    """

    queued: int = 0
    running: int = 0
    nodes: int = 0
    queued_by_person: Mapping[str, int] = {}
    running_by_person: Mapping[str, int] = {}


class SealedKeys(NamedTuple):
    """A job's secrets as they are kept; empty where it has none, or none any more."""

    token: bytes
    code: bytes


class JobQueue(Protocol):
    """The durable queue, as the dispatcher sees it. Rows are `Job.row`."""

    async def waiting_targets(self) -> Sequence[int]:
        """Ids of the compute targets that have jobs in the queue. Cost: one range of an index."""
        ...

    async def canceling_targets(self) -> Sequence[int]:
        """Ids of the compute targets that have jobs which are to be canceled. Cost: jobs that have not ended, by an index."""
        ...

    async def waiting(self, compute_id: int, limit: int, *, not_of: Collection[str] = ()) -> Sequence[Job]:
        """Jobs NOT_STARTED whose `due_ms` has come, in the order in which they are to start: priority, then age.

        Args:
            not_of: uuids of submitters whose jobs are left out.
        """
        ...

    async def claim(self, row: int, holder: str, lease_ms: int) -> Job | None:
        """NOT_STARTED becomes STARTING, held for lease_ms by `holder`; None when another was faster or it was canceled."""
        ...

    async def abandoned(self, holder: str, limit: int) -> Sequence[Job]:
        """Jobs that were being handed over, and whose lease is over or is another holder's: the engine may have them
        (`Engine.find`) or not. For whoever has the lease of the whole work.
        """
        ...

    async def submitted(self, row: int, engine_id: str, host: str = "") -> Job | None:
        """The engine has it: its id is kept, STARTING becomes QUEUED, and the lease ends; a later state stays.

        Returns: the job as it is now, which may have been canceled meanwhile (`cancel_ms`), or have ended; None when it is
            gone.
        """
        ...

    async def requeue(self, row: int, waits: str, due_ms: int) -> bool:
        """Back to NOT_STARTED, from STARTING, or from QUEUED or PREPARING when the engine has lost it: not before due_ms; `tries` grows by
        one, and the engine's id is forgotten. False: it was in another state, or its runner has begun.

        One that is to be canceled ends as CANCELED instead.
        """
        ...

    async def put_off(self, rows: Collection[int], due_ms: int) -> None:
        """Jobs that wait are not handed over before, and nothing else changes."""
        ...

    async def set_waits(self, texts: Mapping[int, str]) -> None:
        """Why jobs wait, by row, for people; only those in NOT_STARTED, STARTING and QUEUED. Only what differs is written."""
        ...

    async def active(self, compute_ids: Collection[int] | None = None) -> Sequence[Job]:
        """Jobs that were handed over, or are just being, and have not ended, oldest first; of these targets, or of all.

        Those to be canceled are among them, with `cancel_ms`; so are those without an `engine_id`.
        """
        ...

    async def advance(self, states: Mapping[int, JobState]) -> int:
        """What engines say of jobs whose runner has not begun, by row: QUEUED or PREPARING; how many have changed.

        What the runner told is not overwritten, CANCEL_REQUESTED and NOT_RESPONDING stay.
        """
        ...

    async def set_host(self, row: int, host: str) -> None:
        """Where its first process is, as the engine says."""
        ...

    async def silence(self, quiet_since_ms: int, limit: int) -> Sequence[Job]:
        """Jobs whose runner began and has given no sign since then become NOT_RESPONDING; those that just did.

        A beat makes them what they were; `not_responding` finds those that stay so. Of jobs of which very many were canceled
        at once, with their experiment or workspace, some more are.
        """
        ...

    async def not_responding(self) -> Sequence[Job]:
        """All jobs in that state, with `beat_ms`, for whoever asks the engine what became of them."""
        ...

    async def end(self, row: int, state: JobState, error: JobError | None = None) -> Job | None:
        """COMPLETED, FAILED or CANCELED, for good: run status, end time, token, alerts. None: it had ended already.

        A job that was to be canceled and that fails ends as CANCELED.
        """
        ...

    async def load(self, compute_ids: Collection[int]) -> Mapping[int, Load]:
        """How much each of these is used. Cost: index ranges of jobs that have not ended."""
        ...

    async def keys(self, row: int) -> SealedKeys:
        """The sealed secrets of a job that has not begun."""
        ...

    async def renew_tokens(self, waiting_ms: int, working_ms: int) -> int:
        """Tokens of jobs that have not begun are good until the first, or an hour less; those of jobs that have begun until
        the second, whatever was heard of them, as long as nobody ends them. Returns how many were extended.
        """
        ...

    async def ended_there(self, limit: int) -> Sequence[Job]:
        """Jobs that have ended and whose engine may keep something of them still, those that ended first."""
        ...

    async def forgotten(self, row: int) -> None:
        """Its engine keeps nothing of it any more."""
        ...

    async def find(self, row: int) -> Job | None:
        """The job as it is now."""
        ...


class Began(NamedTuple):
    """The answer to a runner that begins: the job as it is now.

    Attributes:
        taken: another attempt is alive, and nothing has changed.
    """

    job: Job
    taken: bool
    environment_hash: str


class Arrival(msgspec.Struct, frozen=True):
    """A runner that begins.

    Attributes:
        dead_before_ms: an earlier attempt whose last sign is older is replaced.
        expires_ms: the job's token is good until then, if there is no further sign.
    """

    attempt: str
    rank: int
    host: str
    dead_before_ms: int
    expires_ms: int


class Sign(msgspec.Struct, frozen=True):
    """A sign of life of a runner.

    Attributes:
        rank: of its process; only the first one's signs count.
        expires_ms: the job's token is good until then at least; 0: as long as it was.
    """

    attempt: str
    rank: int
    state: JobState
    expires_ms: int = 0


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

    async def begin(self, workspace_id: int, run_id: str, arrival: Arrival) -> Began:
        """A runner is there. With rank 0 the job is PREPARING, and this attempt alone counts from now on.

        Raises: NotFound.
        """
        ...

    async def beat(self, workspace_id: int, run_id: str, sign: Sign) -> bool:
        """A sign of life; whether the runner is to stop: canceled, ended, another attempt's, or there is no such job."""
        ...

    async def end(
        self, workspace_id: int, run_id: str, attempt: str, state: JobState, error: JobError | None
    ) -> bool:
        """As JobQueue.end, by the runner; False where it is not this attempt's, or had ended."""
        ...

    async def fail_rank(self, workspace_id: int, run_id: str, error: JobError) -> bool:
        """A process of the job other than the first has failed: its runners are to stop, and the job ends FAILED with this
        error, whatever the first process says then. The first such error counts; False: it is none, or the job has ended.
        """
        ...

    async def redeem(self, run_id: str, code_hash: str) -> tuple[int, bytes] | None:
        """Workspace and sealed token for a code, once until the job is handed over again."""
        ...

    async def keys(self, row: int) -> SealedKeys:
        """The sealed secrets of a job that has not begun."""
        ...

    async def credential(self, row: int) -> Credential | None:
        """Of a job; None: it has none, or it was revoked."""
        ...

    async def environment_hash(self, row: int) -> str:
        """Of what its environment is built from; empty: nothing is."""
        ...

    async def active_count(self) -> int:
        """How many jobs of the server have not ended and are not in the queue."""
        ...

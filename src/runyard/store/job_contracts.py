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


class NewJob(msgspec.Struct, frozen=True):
    """What is submitted, checked.

    Attributes:
        tags: of the run, MLflow's and Runyard's own included.
        compute_id: None: the machine that submits runs it.
        state: NOT_STARTED; RUNNING for what no engine runs, such as the parent of a sweep; QUEUED where compute_id is None.
        token_uuid: of the job's access token. token: its secret, sealed. code_hash: of the code that is good for it once.
        code: that code, sealed.
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
    token_uuid: str = ""
    token_hash: bytes = b""
    token: bytes = b""
    code_hash: bytes = b""
    code: bytes = b""
    token_life_ms: int = 0


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

    async def waiting(self, compute_id: int, limit: int) -> Sequence[Job]:
        """Jobs NOT_STARTED whose `due_ms` has come, in the order in which they are to start: priority, then age."""
        ...

    async def claim(self, row: int, holder: str, lease_ms: int) -> Job | None:
        """NOT_STARTED becomes STARTING, held for lease_ms by `holder`; None when another was faster or it was canceled."""
        ...

    async def abandoned(self, limit: int) -> Sequence[Job]:
        """Jobs STARTING whose lease is over: the engine may have them (`Engine.find`) or not."""
        ...

    async def submitted(self, row: int, engine_id: str, host: str = "") -> Job | None:
        """The engine has it: its id is kept, STARTING becomes QUEUED, and the lease ends; a later state stays.

        Returns: the job as it is now, which may have been canceled meanwhile (`cancel_ms`); None when it is gone.
        """
        ...

    async def requeue(self, row: int, waits: str, due_ms: int) -> bool:
        """Only from STARTING, back to NOT_STARTED: not before due_ms; `tries` grows by one. False: it was not STARTING.

        One that is to be canceled ends as CANCELED instead.
        """
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

        A beat makes them what they were. `lost` finds those that stay so.
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

    async def renew_tokens(self, until_ms: int) -> int:
        """Tokens of all jobs that have not begun are good until then at least; how many were extended."""
        ...

    async def unsealed(self, limit: int) -> Sequence[Job]:
        """Jobs that ended while their logs were not put away yet."""
        ...

    async def sealed(self, row: int) -> None:
        """Its logs are put away."""
        ...

    async def find(self, row: int) -> Job | None:
        """The job as it is now."""
        ...


class Began(NamedTuple):
    """The answer to a runner that begins: the job as it is now, and whether there is anything for it to do.

    Attributes:
        taken: another attempt is alive.
    """

    job: Job
    taken: bool
    environment_hash: str


class JobStore(Protocol):
    """Jobs of a workspace, for requests."""

    async def create(
        self, workspace_id: int, submitter_id: int, new: NewJob, max_queued: int
    ) -> tuple[Job, bool]:
        """Run and job; the same again (False) for the same run id and request. One more than max_queued (0: no limit) of
        the submitter's in the target's queue is refused.

        Raises: NotFound, InvalidState when the experiment is deleted; AlreadyExists for a run id that is another's;
            TooManyRequests when max_queued wait already.
        """
        ...

    async def find(self, workspace_id: int, run_id: str) -> Job | None: ...

    async def list(
        self, workspace_id: int, wanted: JobFilter, *, max_results: int, page_token: str | None
    ) -> Page[Job]:
        """Newest first. Cost: the rows of the page, and those that the filter leaves out before it."""
        ...

    async def position(self, job: Job) -> int | None:
        """How many are before it in its queue, counting itself: 1 is next; None where it does not wait.

        Cost: one range of an index of jobs that wait.
        """
        ...

    async def set_priority(self, workspace_id: int, run_id: str, priority: int) -> Job:
        """Raises: NotFound; InvalidState unless NOT_STARTED."""
        ...

    async def cancel(self, workspace_id: int, run_id: str) -> Job:
        """To be canceled, with all jobs below it; what nobody has begun to hand over is CANCELED at once. Idempotent.

        Raises: NotFound.
        """
        ...

    async def begin(
        self, run_id: str, token_uuid: str, attempt: str, host: str, dead_before_ms: int
    ) -> Began:
        """A runner's first process is there: PREPARING, and this attempt alone counts from now on.

        Args:
            dead_before_ms: an earlier attempt whose last sign is older is replaced.
        Raises: NotFound.
        """
        ...

    async def beat(
        self, run_id: str, token_uuid: str, attempt: str, state: JobState, expires_ms: int
    ) -> Job | None:
        """A sign of life; the job as it is now, None where it is not this attempt's or there is none.

        Args:
            expires_ms: the token is good until then, written when that is much later than it was.
        """
        ...

    async def end(
        self, run_id: str, token_uuid: str, attempt: str, state: JobState, error: JobError | None
    ) -> Job | None:
        """As JobQueue.end, by the runner; None where it is not this attempt's. Ended already: as it ended."""
        ...

    async def redeem(self, run_id: str, code_hash: bytes) -> bytes | None:
        """The sealed token for a code, once."""
        ...

    async def active_count(self) -> int:
        """How many jobs of the server have begun and not ended; may be some seconds old."""
        ...

"""What requests of runners ask of a store of jobs; the rules of store.contracts and store.job_contracts hold."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import msgspec

from runyard.entities.job import Job, JobError, JobState


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


class JobRunnerStore(Protocol):
    """Jobs of a workspace, as their runners tell of them."""

    async def find(self, workspace_id: int, run_id: str) -> Job | None: ...

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

    async def active_count(self) -> int:
        """How many jobs of the server have not ended and are not in the queue."""
        ...

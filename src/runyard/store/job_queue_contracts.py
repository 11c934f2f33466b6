"""What the dispatcher asks of a store of jobs, for all workspaces; the rules of store.contracts and store.job_contracts hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from runyard.entities.job import Job, JobError, JobState
from runyard.store.job_contracts import SealedKeys


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
        """Jobs that were handed over, or are just being, and have not ended, oldest first, without their definitions, which
        may be large; of these targets, or of all.

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

        A beat makes them what they were; `not_responding` finds those that stay so.
        """
        ...

    async def cancel_more(self, limit: int) -> int:
        """Of jobs of which very many were canceled at once, with their experiment or the job above them, so many more are;
        how many.
        """
        ...

    async def not_responding(self) -> Sequence[Job]:
        """All jobs in that state, with `beat_ms` and without definitions, for whoever asks the engine what became of them."""
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

    async def ended_there(self, compute_ids: Collection[int], limit: int) -> Sequence[Job]:
        """Jobs of these targets that have ended and whose engine may keep something of them still, those that ended first,
        without their definitions.
        """
        ...

    async def ended_targets(self) -> Sequence[int]:
        """Ids of the compute targets that have such jobs; targets that are away may have very many. Cost: those jobs."""
        ...

    async def forgotten(self, row: int) -> None:
        """Its engine keeps nothing of it any more."""
        ...

    async def find(self, row: int) -> Job | None:
        """The job as it is now."""
        ...

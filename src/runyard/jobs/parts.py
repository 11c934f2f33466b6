"""What the parts of the dispatcher share."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from runyard.engines.contracts import EngineUnreachable
from runyard.entities.compute import Compute
from runyard.entities.job import Job, JobError, JobState
from runyard.jobs.engines import Targets
from runyard.jobs.texts import plain
from runyard.store.compute_contracts import ComputeStore
from runyard.store.job_queue_contracts import JobQueue

AWAY_S = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)  # after each failure in a row
REMEMBERED_S = 3_600.0


class Keys(Protocol):
    """A job's token and the code that is good for it once."""

    @property
    def token(self) -> str: ...

    @property
    def code(self) -> str: ...


class Ends(Protocol):
    """Ends jobs, with their logs."""

    async def end(self, job: Job, state: JobState, error: JobError | None = None) -> Job | None:
        """As JobQueue.end."""
        ...


class Parts(NamedTuple):
    """What the dispatcher works with.

    Attributes:
        capacity: how many jobs a target with machines runs at once by its nature; 0: any number.
        keys: a job's secrets. Raises: RunyardError.
        own_url: how machines reach this server where their target says nothing else.
        now_ms: the server's clock. monotonic: seconds that only grow.
    """

    queue: JobQueue
    computes: ComputeStore
    targets: Targets
    capacity: Callable[[Compute], int]
    keys: Callable[[Job], Awaitable[Keys]]
    ender: Ends
    own_url: str
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    monotonic: Callable[[], float] = time.monotonic


class Asked(NamedTuple):
    """What a job asks a target for."""

    nodes: int
    cpus: int
    memory_mb: int
    gpus: int

    @classmethod
    def by(cls, job: Job) -> Asked:
        """A job, whose definition has what the size of its pool adds."""
        needs = job.definition.resources
        return cls(job.definition.node_count, needs.cpus, needs.memory_mb, needs.gpus)

    def covers(self, other: Asked) -> bool:
        """Whether it is as much or more of everything."""
        return all(own >= theirs for own, theirs in zip(self, other, strict=True))


class Full(NamedTuple):
    """A target had no room for so much just now: jobs that ask for as much or more are not even tried for a moment."""

    asked: Asked
    until: float
    text: str


class Health:
    """Which targets answer, and when one that does not is asked again. What changes is told to the store."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._failures: dict[int, int] = {}
        self._until: dict[int, float] = {}
        self._error: dict[int, str] = {}
        self._failed_ms: dict[int, int] = {}
        self._full: dict[int, list[Full]] = {}

    def error(self, base: Compute) -> str:
        """What it said last, where that was an error and it is not time to ask again.

        Args:
            base: as it is stored now: somebody may have asked it since then, and it answered.
        """
        if not base.error and (base.checked_ms or 0) > self._failed_ms.get(base.id, self._parts.now_ms()):
            self._forget(base.id)
        if self._parts.monotonic() < self._until.get(base.id, 0.0):
            return self._error.get(base.id, "")
        return ""

    def has_no_room(self, base_id: int, asked: Asked, text: str, pause_s: float) -> None:
        """A job that asks for so much found no machine for it."""
        others = [one for one in self._live(base_id) if not one.asked.covers(asked)]
        self._full[base_id] = [*others, Full(asked, self._parts.monotonic() + pause_s, text)]

    def no_room(self, base_id: int, job: Job) -> str:
        """Why there is no room for a job just now; empty: there may be."""
        asked = Asked.by(job)
        return next((one.text for one in self._live(base_id) if asked.covers(one.asked)), "")

    def _live(self, base_id: int) -> list[Full]:
        return [one for one in self._full.get(base_id, ()) if one.until > self._parts.monotonic()]

    def is_doubtful(self, base_id: int) -> bool:
        """Whether it has failed since it last answered."""
        return base_id in self._failures

    async def failed(self, base: Compute, exc: EngineUnreachable) -> float:
        """It did not answer; how long until it is asked again, in seconds."""
        count = self._failures[base.id] = self._failures.get(base.id, 0) + 1
        pause_s = AWAY_S[min(count, len(AWAY_S)) - 1]
        self._until[base.id] = self._parts.monotonic() + pause_s
        self._failed_ms[base.id] = self._parts.now_ms()
        text = plain(str(exc))
        if self._error.get(base.id) != text:
            self._error[base.id] = text
            await self._tell(base, text)
        return pause_s

    async def answered(self, base: Compute) -> None:
        """It did."""
        was_away = base.id in self._failures
        self._forget(base.id)
        if was_away or base.error:
            await self._tell(base, "")

    def forget_old(self) -> None:
        """Targets that nobody has asked for long, because they have nothing to do, are not remembered."""
        long_ago = self._parts.monotonic() - REMEMBERED_S
        for base_id in [one for one, until in self._until.items() if until < long_ago]:
            self._forget(base_id)

    def _forget(self, base_id: int) -> None:
        for known in (self._failures, self._until, self._error, self._failed_ms):
            known.pop(base_id, None)

    async def _tell(self, base: Compute, error: str) -> None:
        if base.id > 0:  # the machine itself below a pool is no record
            await self._parts.computes.told(base.id, self._parts.now_ms(), error)

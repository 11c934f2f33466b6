"""What the parts of the dispatcher share."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, Protocol

from runyard.engines.contracts import EngineUnreachable
from runyard.entities.compute import Compute
from runyard.entities.job import Job, JobError, JobState
from runyard.jobs.engines import Targets
from runyard.jobs.texts import plain
from runyard.store.compute_contracts import ComputeStore
from runyard.store.job_contracts import JobQueue

AWAY_S = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)  # after each failure in a row


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


class Health:
    """Which targets answer, and when one that does not is asked again. What changes is told to the store."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._failures: dict[int, int] = {}
        self._until: dict[int, float] = {}
        self._error: dict[int, str] = {}

    def error(self, base_id: int) -> str:
        """What it said last, where that was an error and it is not time to ask again."""
        if self._parts.monotonic() < self._until.get(base_id, 0.0):
            return self._error.get(base_id, "")
        return ""

    def is_doubtful(self, base_id: int) -> bool:
        """Whether it has failed since it last answered."""
        return base_id in self._failures

    def wait_s(self) -> float | None:
        """Until the next target is asked again; None: all answer."""
        times = [until - self._parts.monotonic() for until in self._until.values()]
        return max(0.0, min(times)) if times else None

    async def failed(self, base: Compute, exc: EngineUnreachable) -> float:
        """It did not answer; how long until it is asked again, in seconds."""
        count = self._failures[base.id] = self._failures.get(base.id, 0) + 1
        pause_s = AWAY_S[min(count, len(AWAY_S)) - 1]
        self._until[base.id] = self._parts.monotonic() + pause_s
        text = plain(str(exc))
        if self._error.get(base.id) != text:
            self._error[base.id] = text
            await self._tell(base, text)
        return pause_s

    async def answered(self, base: Compute) -> None:
        """It did."""
        was_away = self._failures.pop(base.id, None) is not None
        self._until.pop(base.id, None)
        self._error.pop(base.id, None)
        if was_away or base.error:
            await self._tell(base, "")

    def forget_but(self, base_ids: Mapping[int, object]) -> None:
        """Targets that have nothing to do are not remembered."""
        for known in (self._failures, self._until, self._error):
            for base_id in known.keys() - base_ids.keys():
                del known[base_id]

    async def _tell(self, base: Compute, error: str) -> None:
        if base.id > 0:  # the machine itself below a pool is no record
            await self._parts.computes.told(base.id, self._parts.now_ms(), error)

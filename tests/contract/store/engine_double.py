"""An engine whose answers a test decides, and a dispatcher that hands jobs to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from runyard.engines.contracts import EngineRequest, EngineState, Phase, Ticket
from runyard.entities.compute import Compute, Limits, Node
from runyard.entities.job import Job, JobError, JobState
from runyard.jobs.dispatcher import Dispatcher
from runyard.jobs.engines import Targets
from runyard.jobs.parts import Parts
from runyard.jobs.poller import Family, Poller
from runyard.services.jobs_keys import Keys
from runyard.store.compute_contracts import NewCompute
from runyard.store.sql.computes import SqlComputes
from tests.contract.store.job_stage import JobStage
from tests.contract.store.stores import PAGE_KEY, Stores


class EngineDouble:
    """Engine in memory. `fails` is raised by the next calls of `submit`, `away` by every call."""

    def __init__(self) -> None:
        self.known: dict[str, EngineState] = {}
        self.tickets: list[Ticket] = []
        self.calls: list[str] = []
        self.fails: list[Exception | None] = []
        self.away: Exception | None = None
        self.during: Any = None  # called while a job is handed over

    def request(self, ticket: Ticket) -> EngineRequest:
        return EngineRequest(ticket.run_id)

    async def submit(self, ticket: Ticket) -> str:
        self._call("submit")
        if self.during is not None:
            await self.during(ticket)
        failure = self.fails.pop(0) if self.fails else None
        if failure is not None:
            raise failure
        self.tickets.append(ticket)
        self.known[f"e-{ticket.run_id}"] = EngineState(Phase.WAITING, "Resources")
        return f"e-{ticket.run_id}"

    async def find(self, run_ids: Sequence[str]) -> Mapping[str, str]:
        self._call("find")
        return {one: f"e-{one}" for one in run_ids if f"e-{one}" in self.known}

    async def states(self, engine_ids: Sequence[str]) -> Mapping[str, EngineState]:
        self._call("states")
        return {one: self.known.get(one, EngineState(Phase.UNKNOWN)) for one in engine_ids}

    async def cancel(self, engine_id: str) -> None:
        self._call("cancel")
        self.known[engine_id] = EngineState(Phase.ENDED, code="Canceled")

    async def tail(self, engine_id: str) -> str:
        return ""

    async def nodes(self) -> Sequence[Node]:
        self._call("nodes")
        return [Node("n", "idle")]

    async def forget(self, engine_id: str) -> None:
        self._call("forget")
        self.known.pop(engine_id, None)

    async def aclose(self) -> None: ...

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.away is not None:
            raise self.away


class Held:
    """A lease that is held, or not."""

    def __init__(self) -> None:
        self.held = True

    async def take(self) -> bool:
        return self.held

    async def leave(self) -> None: ...


class DispatchStage:
    """A dispatcher on a database, a compute target with an engine, and clocks that a test can put forward."""

    def __init__(self, stores: Stores, **limits: int) -> None:
        self.stores, self.do = stores, stores.do
        self._end_all()
        self.computes = SqlComputes(stores.database, PAGE_KEY)
        new = NewCompute("cluster", "slurm", {}, Limits(**limits))
        self.compute = self.do(self.computes.create(stores.workspace, new, "me", 100))
        self.jobs = JobStage(stores, self.compute.id)
        self.engine, self.lease, self.ahead_s = EngineDouble(), Held(), 0.0
        self.parts = Parts(
            self.jobs.queue,
            self.computes,
            Targets(self.computes, lambda *_: self.engine, lambda _: {}, local_jobs=False),
            lambda _: 0,
            self._keys,
            self,
            "http://127.0.0.1:1",
            lambda: int((time.time() + self.ahead_s) * 1000),
            lambda: time.monotonic() + self.ahead_s,
        )
        self.dispatcher = Dispatcher(self.parts, self.lease)
        self.poller = Poller(self.parts, self.dispatcher.health, Family(self.compute, [self.compute]))

    def _end_all(self) -> None:
        """What other tests have left is not looked after by this one's dispatcher."""
        sql = f"UPDATE jobs SET state = {JobState.CANCELED:d}, forgotten = 1 WHERE state < 8"
        self.do(self.stores.database.write(lambda tx: tx.execute(sql, ())))

    async def _keys(self, job: Job) -> Keys:
        return Keys("ry_token", "code")

    async def end(self, job: Job, state: JobState, error: JobError | None = None) -> Job | None:
        """Ends jobs, without logs."""
        return await self.jobs.queue.end(job.row, state, error)

    def step(self) -> None:
        """One round of the dispatcher, with all that it began."""

        async def work() -> None:
            await self.dispatcher.step()
            await self.dispatcher.settled()

        self.do(work())

    def poll(self, after_s: float = 0.0) -> None:
        """One look at the engine, later."""
        self.ahead_s += after_s

        async def work() -> None:
            await self.poller.turn()
            await asyncio.sleep(0)
            await self.poller.settled()

        self.do(work())

    def later(self, seconds: float) -> None:
        """Time passes, also for jobs that wait for theirs."""
        self.ahead_s += seconds
        sql = "UPDATE jobs SET due_ms = 0 WHERE compute_id = ?"
        self.do(self.stores.database.write(lambda tx: tx.execute(sql, (self.compute.id,))))

    def target(self) -> Compute:
        """As it is now."""
        return self.do(self.computes.by_ids([self.compute.id]))[self.compute.id]

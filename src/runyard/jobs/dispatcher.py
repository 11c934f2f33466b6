"""The dispatcher: of several servers one starts jobs, looks after them, and finds again what another left behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from runyard.engines.contracts import EngineRefused
from runyard.entities.compute import Compute
from runyard.entities.job import Job
from runyard.errors import RunyardError
from runyard.jobs.care import Care
from runyard.jobs.engines import Target
from runyard.jobs.limits import Decision, away, content, decide
from runyard.jobs.parts import Health, Parts
from runyard.jobs.poller import Family, Poller
from runyard.jobs.submitting import BUSY_MS, Submitter
from runyard.store.job_queue_contracts import Load

log = logging.getLogger("runyard.jobs")

EVERY_S = 2.0  # without anybody calling: jobs that other servers took in
CARE_S = 15.0
TEXTS_S = 2.0  # between two updates of why jobs wait
WAITING = 200  # jobs of a target that are looked at in one round
NEXT, LATER_MS = (
    20,
    20_000,
)  # of many jobs without room the first are looked at again soon, the others after this
AT_ONCE = 4  # jobs of a target that are being handed over


class TakesLease(Protocol):
    """Work that one of several servers is enough for."""

    async def take(self) -> bool: ...

    async def leave(self) -> None: ...


class Dispatcher:
    """Idle, it looks into three indexes every two seconds; a submission in the same process wakes it."""

    def __init__(self, parts: Parts, lease: TakesLease) -> None:
        self._parts = parts
        self._lease = lease
        self._holder = uuid.uuid4().hex
        self.health = Health(parts)
        self._submitter = Submitter(parts, self.health, self._holder)
        self._care = Care(parts)
        self._wake = asyncio.Event()
        self._stop = False
        self._leads = False
        self._care_at = 0.0
        self._texts_at: dict[int, float] = {}
        self._handing: set[int] = set()
        self._under_way: dict[int, set[asyncio.Task[None]]] = {}
        self._pollers: dict[int, tuple[Poller, asyncio.Task[None]]] = {}

    def wake(self) -> None:
        """There may be something to do: a job was submitted, canceled or has ended, or a target has changed."""
        for poller, _ in self._pollers.values():
            poller.wake()
        self._wake.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work in the background while the block lasts. What is being handed over then is found again by the next."""
        task = asyncio.create_task(self._loop())
        try:
            yield
        finally:
            self._stop = True
            self._wake.set()
            await task
            await self._rest()
            with contextlib.suppress(RunyardError):
                await self._lease.leave()
            await self._parts.targets.aclose()

    async def _loop(self) -> None:
        while not self._stop:
            try:
                await self.step()
            except RunyardError as exc:
                log.warning("Jobs are not started just now: %s", exc)
            except Exception:
                log.exception("Starting jobs failed; it is tried again")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), EVERY_S)

    async def step(self) -> None:
        """One round: what may start is started, and what has to be looked after is."""
        self._wake.clear()
        if not await self._lease.take():
            await self._rest()
            return
        now_s = self._parts.monotonic()
        if not self._leads or now_s >= self._care_at:
            self._care_at = now_s + CARE_S
            await _apart(self._look_after(), "Looking after jobs")
            self._leads = True
        canceling = set(await self._parts.queue.canceling_targets())
        for poller, _ in self._pollers.values():
            if canceling & poller.family.members.keys():  # asked for at another server, perhaps
                poller.wake()
        waiting = await self._parts.queue.waiting_targets()
        for family in await self._families(waiting):
            await _apart(self._dispatch(family), f"Starting jobs of {family.base.name}")

    async def settled(self) -> None:
        """Wait for what is being handed over."""
        while tasks := [task for some in self._under_way.values() for task in some]:
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _rest(self) -> None:
        """Another server does it, or this one stops."""
        self._leads = False
        tasks = [task for some in self._under_way.values() for task in some]
        pollers = [task for _, task in self._pollers.values()]
        if self._stop and tasks:
            await asyncio.wait(tasks, timeout=3)
        for task in (*tasks, *pollers):
            task.cancel()
        await asyncio.gather(*tasks, *pollers, return_exceptions=True)
        self._pollers.clear()

    async def _families(self, compute_ids: Collection[int]) -> list[Family]:
        """The targets with machines that these are or stand on, each with all that stands on it."""
        computes = await self._parts.computes.by_ids(compute_ids)
        found: dict[int, Family] = {}
        for compute in computes.values():
            try:
                target = await self._parts.targets.of(compute)
            except EngineRefused as exc:
                await self._explain(compute, str(exc))
                continue
            if target.base.id not in found:
                found[target.base.id] = Family(target.base, await self._members(target))
        return list(found.values())

    async def _members(self, target: Target) -> Sequence[Compute]:
        if target.base.id < 0:
            return [target.compute]
        pools = await self._parts.computes.pools_on(target.base.workspace_id, target.base.name)
        return [target.base, *pools]

    async def _explain(self, compute: Compute, text: str) -> None:
        waiting = await self._parts.queue.waiting(compute.id, WAITING)
        await self._parts.queue.set_waits({one.row: text for one in waiting if one.waits != text})

    async def _dispatch(self, family: Family) -> None:
        """Start what may start on one target, and tell the others why they wait."""
        base = family.base
        loads = await self._parts.queue.load(list(family.members))
        waiting = await self._waiting(family, loads)
        error = self.health.error(base)
        if error:
            await self._tell(base, waiting, {one.row: away(base, error) for one in waiting})
            return
        decision = decide(base, family.members, loads, waiting, self._capacity(base))
        under_way = self._under_way.setdefault(base.id, set())
        room = (1 if self.health.is_doubtful(base.id) else AT_ONCE) - len(under_way)
        start = await self._with_room(base, decision, may_be_more=len(waiting) >= WAITING)
        for job in start[: max(0, room)]:
            await self._start(job, family)
        await self._tell(base, waiting, decision.waits)

    async def _with_room(self, base: Compute, decision: Decision, *, may_be_more: bool) -> list[Job]:
        """Those that may start but for which there was no room a moment ago wait, and do not hide others."""
        texts = {one.row: text for one in decision.start if (text := self.health.no_room(base.id, one))}
        late = [one for one in decision.start if one.row in texts]
        decision.waits.update(texts)
        now_ms, rows = self._parts.now_ms(), [one.row for one in late]
        await self._parts.queue.put_off(rows[:NEXT], now_ms + BUSY_MS)
        await self._parts.queue.put_off(rows[NEXT:], now_ms + LATER_MS)
        if late and may_be_more:
            self._wake.set()
        return [one for one in decision.start if one.row not in texts]

    async def _waiting(self, family: Family, loads: Mapping[int, Load]) -> list[Job]:
        """Those that may be next, in order; also behind ever so many of one person who has enough that run."""
        queue = self._parts.queue
        found: dict[int, Job] = {}
        for compute_id, compute in family.members.items():
            some = await queue.waiting(compute_id, WAITING)
            found |= {one.row: one for one in some}
            enough = content(family.base, compute, family.members, loads) if len(some) == WAITING else None
            if enough:
                others = await queue.waiting(compute_id, WAITING, not_of=enough)
                found |= {one.row: one for one in others}
        return sorted(found.values(), key=lambda one: (-one.priority, one.row))

    async def _start(self, job: Job, family: Family) -> None:
        claimed = await self._submitter.claim(job)
        if claimed is None:
            self._wake.set()
        else:
            self._hand_over(claimed, family, look=False)

    def _hand_over(self, job: Job, family: Family, *, look: bool) -> None:
        """Begin to, beside the loop."""
        if job.row in self._handing:
            return
        self._handing.add(job.row)
        tasks = self._under_way.setdefault(family.base.id, set())
        task = asyncio.create_task(self._handed_over(job, family, look))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(lambda _: self._handing.discard(job.row))

    async def _handed_over(self, job: Job, family: Family, look: bool) -> None:
        compute = family.members[job.compute_id or 0]
        try:
            target = await self._parts.targets.of(compute)
            if target.lacks and not look:
                await self._submitter.put_back(job, target.lacks)
            else:
                await self._submitter.hand_over(job, target, look=look)
        except EngineRefused as exc:
            await self._submitter.put_back(job, str(exc))
        except RunyardError as exc:
            log.warning("The job of run %s is handed over later: %s", job.run_id, exc)
        except Exception:
            log.exception("Handing over the job of run %s failed", job.run_id)
        self._poll(family)
        self._wake.set()

    def _capacity(self, base: Compute) -> int:
        try:
            return self._parts.capacity(base)
        except EngineRefused:
            return 0

    async def _tell(self, base: Compute, waiting: Sequence[Job], texts: Mapping[int, str]) -> None:
        """Why jobs wait. Numbers change with every start, so those that were told something are told anew only now and then."""
        now_s = self._parts.monotonic()
        all_of_them = now_s >= self._texts_at.get(base.id, 0.0)
        new = {
            one.row: texts[one.row]
            for one in waiting
            if one.row in texts and one.waits != texts[one.row] and (all_of_them or not one.waits)
        }
        if all_of_them:
            self._texts_at[base.id] = now_s + TEXTS_S
        if new:
            await self._parts.queue.set_waits(new)

    def _poll(self, family: Family, *, wake: bool = True) -> None:
        """Somebody looks after the jobs of this target."""
        known = self._pollers.get(family.base.id)
        if known is not None and not known[1].done():
            known[0].family = family
            if wake:
                known[0].wake()
            return
        poller = Poller(self._parts, self.health, family)
        self._pollers[family.base.id] = (poller, asyncio.create_task(poller.run()))

    async def _look_after(self) -> None:
        """What nobody called for: jobs that another process was handing over, pollers after a start, silent jobs."""
        abandoned = await self._parts.queue.abandoned(self._holder, WAITING)
        busy = await self._care.turn()
        families = await self._families({*busy, *(one.compute_id for one in abandoned if one.compute_id)})
        by_member = {one: family for family in families for one in family.members}
        for job in abandoned:
            family = by_member.get(job.compute_id or 0)
            if family is not None and len(self._under_way.get(family.base.id, ())) < WAITING:
                self._hand_over(job, family, look=True)
        for compute_id in busy:
            if compute_id in by_member:
                self._poll(by_member[compute_id], wake=False)
        self.health.forget_old()


async def _apart(work: Awaitable[None], what: str) -> None:
    """A defect in the work for one target keeps no other waiting; a fault of the database stops all of it."""
    try:
        await work
    except RunyardError:
        raise
    except Exception:
        log.exception("%s failed; it is tried again", what)

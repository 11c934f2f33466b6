"""One for each target that has jobs: asks its engine for all of them in one call, more and more rarely while nothing happens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress

from runyard.engines.contracts import Engine, EngineBusy, EngineRefused, EngineState, EngineUnreachable, Phase
from runyard.entities.compute import Compute
from runyard.entities.job import Job, JobError
from runyard.errors import RunyardError
from runyard.jobs.judging import Do, Memory, Verdict, judge
from runyard.jobs.parts import Health, Parts

log = logging.getLogger("runyard.jobs")

LEAST_S, SOON_S, MOST_S, GROWS = 1.0, 3.0, 30.0, 1.5
UNSETTLED_S = 4.0  # while the end of a job is not sure yet
FORGET_AT_ONCE = 50
STAYS_MS = 120_000  # that a runner may take to leave after its last word
CANCELS_AT_ONCE = 8


class Family:
    """A target with machines, and the pools on it."""

    def __init__(self, base: Compute, members: Sequence[Compute]) -> None:
        self.base = base
        self.members = {one.id: one for one in members}


class Poller:
    """Looks after the jobs of one family that were handed over."""

    def __init__(self, parts: Parts, health: Health, family: Family) -> None:
        self.family = family
        self._parts = parts
        self._health = health
        self._memory: dict[int, Memory] = {}
        self._wake = asyncio.Event()
        self._cancels: dict[int, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(CANCELS_AT_ONCE)

    def wake(self) -> None:
        """Something has happened: ask soon."""
        self._wake.set()

    async def run(self) -> None:
        """Work until there is nothing left to look after."""
        delay_s = LEAST_S
        try:
            while True:
                await asyncio.sleep(min(delay_s, SOON_S))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), max(0.0, delay_s - SOON_S))
                woken = self._wake.is_set()
                self._wake.clear()
                busy = await self.turn()
                if busy is None and not self._wake.is_set():
                    return
                delay_s = LEAST_S if busy else SOON_S if woken else min(delay_s * GROWS, MOST_S)
                if self._unsettled():
                    delay_s = min(delay_s, UNSETTLED_S)
        finally:
            for task in self._cancels.values():
                task.cancel()

    async def turn(self) -> bool | None:
        """Ask once; whether anything has changed. None: there are no jobs to look after."""
        try:
            return await self._turn()
        except (EngineUnreachable, EngineBusy) as exc:
            unreachable = exc if isinstance(exc, EngineUnreachable) else EngineUnreachable(str(exc))
            await self._health.failed(self.family.base, unreachable)
        except EngineRefused as exc:
            await self._health.failed(self.family.base, EngineUnreachable(str(exc)))
        except RunyardError as exc:
            log.warning("Jobs of %s are not looked after just now: %s", self.family.base.name, exc)
        except Exception:
            log.exception("Looking after the jobs of %s failed; it is tried again", self.family.base.name)
        return False

    async def _turn(self) -> bool | None:
        parts = self._parts
        active = await parts.queue.active(list(self.family.members))
        left = await parts.queue.ended_there(list(self.family.members), 1_000)
        self._memory = {one.row: self._memory.get(one.row, Memory()) for one in (*active, *left)}
        asked = [one for one in (*active, *left) if one.engine_id]
        if not asked:
            return False if active else None
        if self._health.error(self.family.base):
            return False
        engine = await parts.targets.engine(self.family.base)
        states = await engine.states([one.engine_id for one in asked])
        await self._health.answered(self.family.base)
        changed = await self._judged(engine, active, states)
        return await self._forget(engine, left, states) or changed

    async def _judged(self, engine: Engine, active: Sequence[Job], states: Mapping[str, EngineState]) -> bool:
        now_ms = self._parts.now_ms()
        texts: dict[int, str] = {}
        changed = False
        for job in active:
            state = states.get(job.engine_id)
            if state is None:
                continue
            verdict = judge(job, state, self._memory[job.row], now_ms)
            if verdict.do is Do.EXPLAIN:
                texts[job.row] = verdict.text
            elif verdict.do is Do.CANCEL:
                self._cancel(engine, job)
            elif verdict.do is not Do.NOTHING:
                changed |= await self._apply(job, verdict)
        await self._parts.queue.set_waits({row: text for row, text in texts.items() if row in self._memory})
        return changed

    async def _apply(self, job: Job, verdict: Verdict) -> bool:
        """An end, or another try. The job is read again: its runner may have said something meanwhile."""
        now = await self._parts.queue.find(job.row)
        if now is None or now.state.ended or now.engine_id != job.engine_id:
            return True
        if now.beat_ms != job.beat_ms and not verdict.anyway:
            return True
        if verdict.do is Do.REQUEUE and await self._parts.queue.requeue(
            job.row, verdict.text, self._parts.now_ms() + 1_000
        ):
            return True
        error = verdict.error
        if verdict.do is Do.REQUEUE:
            error = JobError("NodeLost", verdict.text)
        log.info("The job of run %s ends as %s: %s", job.run_id, verdict.state.text, error)
        return await self._parts.ender.end(now, verdict.state, error) is not None

    def _cancel(self, engine: Engine, job: Job) -> None:
        """Tell the engine, beside the polling: a job may take a while to end."""
        if job.row not in self._cancels:
            task = asyncio.create_task(self._cancel_one(engine, job))
            self._cancels[job.row] = task
            task.add_done_callback(lambda _: self._cancels.pop(job.row, None))

    async def _cancel_one(self, engine: Engine, job: Job) -> None:
        async with self._turns:
            try:
                await engine.cancel(job.engine_id)
                self._wake.set()
            except (EngineUnreachable, EngineRefused, EngineBusy) as exc:
                log.warning("The job of run %s is stopped later: %s", job.run_id, exc)
                self._memory.get(job.row, Memory()).canceled_ms = 0
            except Exception:
                log.exception("Stopping the job of run %s failed", job.run_id)

    async def _forget(self, engine: Engine, left: Sequence[Job], states: Mapping[str, EngineState]) -> bool:
        """Ended jobs whose runner has left are removed there; one that does not leave is stopped, at once where a node of
        it is lost.
        """
        gone = 0
        for job in left:
            state = states.get(job.engine_id)
            if state is None or gone == FORGET_AT_ONCE:
                continue
            if state.phase in (Phase.ENDED, Phase.UNKNOWN):
                try:
                    await engine.forget(job.engine_id)
                except (EngineUnreachable, EngineBusy) as exc:
                    log.info("What is left of run %s stays there for now: %s", job.run_id, exc)
                    continue
                except EngineRefused as exc:
                    log.warning("What is left of run %s stays there: %s", job.run_id, exc)
                await self._parts.queue.forgotten(job.row)
                gone += 1
            elif state.code or self._parts.now_ms() - (job.ended_ms or 0) > STAYS_MS:
                self._cancel(engine, job)
        return gone > 0

    async def settled(self) -> None:
        """Wait for cancels that are under way."""
        while self._cancels:
            await asyncio.gather(*self._cancels.values(), return_exceptions=True)
            await asyncio.sleep(0)

    def _unsettled(self) -> bool:
        return any(one.over_ms for one in self._memory.values())

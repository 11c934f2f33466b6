"""Handing jobs over: claimed in one transaction, submitted outside of any, applied in another."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from runyard.engines.contracts import EngineBusy, EngineRefused, EngineUnreachable, NotConnected, Ticket
from runyard.entities.job import Job, JobError, JobState
from runyard.errors import RunyardError
from runyard.jobs.engines import Target
from runyard.jobs.parts import Asked, Health, Keys, Parts
from runyard.jobs.texts import plain

log = logging.getLogger("runyard.jobs")

LEASE_MS = 120_000
SUBMIT_S = 90.0  # shorter than the lease
BUSY_MS = 2_000
FAULT_MS = 5_000
BLOCKED_MS = 30_000
LOOKS = 8  # tries after which a job is handed over although nobody can say that it was not before


class Submitter:
    """Hands over one job at a time; several may be under way at once.

    Args:
        holder: of the claims.
    """

    def __init__(self, parts: Parts, health: Health, holder: str) -> None:
        self._parts = parts
        self._health = health
        self._holder = holder
        self._unsure: set[int] = set()  # jobs that an engine may have although it did not say so

    async def claim(self, job: Job) -> Job | None:
        """The job, which nobody else hands over now; None: it needs nobody to."""
        return await self._parts.queue.claim(job.row, self._holder, LEASE_MS)

    async def hand_over(self, job: Job, target: Target, *, look: bool = False) -> None:
        """Submit a claimed job.

        Two of one job do no harm: the second runner is told that there is another, and leaves.

        Args:
            look: another process may have handed it over before, so the engine is asked for it first.
        """
        try:
            engine_id = await self._submitted(job, target, look=look or job.row in self._unsure)
        except EngineBusy as exc:
            text = plain(str(exc))
            if job.cancel_ms is None:
                self._health.has_no_room(target.base.id, Asked.by(job), text, BUSY_MS / 1000)
            await self._requeue(job, text, BUSY_MS)
        except EngineUnreachable as exc:
            self._doubt(job, exc)
            pause_s = await self._health.failed(target.base, exc)
            await self._requeue(
                job,
                f"Waits for {target.base.name}, which cannot be used just now: {plain(str(exc))}",
                pause_s * 1000,
            )
        except RunyardError as exc:
            await self._faulty(job, exc)
        except EngineRefused as exc:
            log.info("The job of run %s is refused by %s: %s", job.run_id, target.base.name, exc)
            await self._parts.ender.end(job, JobState.FAILED, JobError("SubmitError", plain(str(exc))))
        else:
            self._unsure.discard(job.row)
            now = await self._parts.queue.submitted(job.row, engine_id)
            if now is None or now.cancel_ms is not None or now.state is JobState.CANCELED:
                await self._take_back(engine_id, target, forget=now is None)

    async def put_back(self, job: Job, text: str) -> None:
        """A claimed job waits on, for a reason that somebody has to remove."""
        await self._requeue(job, plain(text), BLOCKED_MS)

    def _doubt(self, job: Job, exc: EngineUnreachable) -> None:
        """The engine is asked for it before it is handed over again, unless it was not reached or that has gone on for long."""
        if not isinstance(exc, NotConnected):
            self._unsure.add(job.row)
        if job.tries >= LOOKS:
            self._unsure.discard(job.row)

    async def _faulty(self, job: Job, exc: RunyardError) -> None:
        """Something of ours failed. One whose runner has begun needs nothing more from here."""
        now = await self._parts.queue.find(job.row)
        if now is not None and now.attempt:
            await self._parts.queue.submitted(job.row, now.engine_id)
        elif exc.retryable:
            await self._requeue(job, f"Waits: {exc.message}", FAULT_MS)
        else:
            log.warning("The job of run %s cannot be handed over: %s", job.run_id, exc)
            await self._parts.ender.end(job, JobState.FAILED, JobError("SubmitError", exc.message))

    async def _submitted(self, job: Job, target: Target, *, look: bool) -> str:
        engine = await self._parts.targets.engine(target.base)
        try:
            async with asyncio.timeout(SUBMIT_S):
                if look:
                    known = await engine.find([job.run_id])
                    if job.run_id in known:
                        await self._health.answered(target.base)
                        return known[job.run_id]
                if job.cancel_ms is not None:
                    raise EngineBusy("It was canceled.")  # and is not handed over: putting it back ends it
                ticket = ticket_of(
                    job,
                    target,
                    await self._parts.keys(job),
                    self._parts.own_url,
                    [one.engine_id for one in await self._busy(target) if one.engine_id],
                )
                engine_id = await engine.submit(ticket)
        except TimeoutError as exc:
            raise EngineUnreachable(f"{target.base.name} did not take it within {SUBMIT_S:.0f} s.") from exc
        await self._health.answered(target.base)
        return engine_id

    async def _busy(self, target: Target) -> list[Job]:
        pools = await self._parts.computes.pools_on(target.base.workspace_id, target.base.name)
        ids = {max(target.base.id, 0), target.compute.id, *(one.id for one in pools)}
        return list(await self._parts.queue.active(ids))

    async def _requeue(self, job: Job, text: str, pause_ms: float) -> None:
        await self._parts.queue.requeue(job.row, text, self._parts.now_ms() + int(pause_ms))

    async def _take_back(self, engine_id: str, target: Target, *, forget: bool) -> None:
        """It was canceled while it was handed over; or it is gone, and nobody will look after what it left."""
        with suppress(EngineUnreachable, EngineRefused, EngineBusy):  # the poller tries again
            engine = await self._parts.targets.engine(target.base)
            await engine.cancel(engine_id)
            if forget:
                await engine.forget(engine_id)


def ticket_of(job: Job, target: Target, keys: Keys, own_url: str, busy: list[str]) -> Ticket:
    """What the engine is given."""
    one = job.definition
    return Ticket(
        run_id=job.run_id,
        name=job.run_name,
        workspace=target.compute.workspace,
        server_url=target.compute.server_url or target.base.server_url or own_url,
        token=keys.token,
        code=keys.code,
        node_count=one.node_count,
        process_count=one.process_count,
        resources=target.resources(one.resources),
        max_seconds=one.max_seconds,
        options=target.options,
        busy=busy,
    )

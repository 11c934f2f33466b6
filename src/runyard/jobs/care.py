"""What nobody asks for and somebody has to do: silent jobs, jobs whose target is gone, tokens of long ones."""

from __future__ import annotations

import logging

from runyard.engines.contracts import EngineBusy, EngineRefused, EngineUnreachable
from runyard.entities.job import Job, JobError, JobState
from runyard.jobs.parts import Parts

log = logging.getLogger("runyard.jobs")

SILENT_MS = 120_000  # more than three beats of a busy server
LOST_MS = 24 * 3_600_000  # a machine that is away for a day has lost its jobs
UNHEARD_MS = (
    15 * 60_000
)  # nobody heard that a job is to end: its token is no good any more when it comes back
GIVEN_UP_MS = 65 * 60_000  # a runner tries for an hour
RENEW_S = 1_200.0
DAY_MS, WORKING_MS = 86_400_000, 2 * 3_600_000
SOME = 500
CANCELS, PIECES = 200, 25  # jobs canceled with very many others: in one write, and writes in a turn
DELETED = JobError("Canceled", "The compute target was deleted.")
SILENT = JobError(
    "NotResponding",
    "There was no sign of life for too long: the machine was switched off, or does not reach this server.",
)


class Care:
    """One turn now and then."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._renew_at = 0.0

    async def turn(self) -> set[int]:
        """Do it; ids of the compute targets that have jobs to look after."""
        queue = self._parts.queue
        now_ms = self._parts.now_ms()
        await queue.silence(now_ms - SILENT_MS, SOME)
        for _ in range(PIECES):
            if not await queue.cancel_more(CANCELS):
                break
        for job in await queue.not_responding():
            if job.compute_id is None and now_ms - (job.beat_ms or job.created_ms) > GIVEN_UP_MS:
                await self._parts.ender.end(job, JobState.FAILED, SILENT)
        if self._parts.monotonic() >= self._renew_at:
            await queue.renew_tokens(now_ms + DAY_MS, now_ms + WORKING_MS)
            self._renew_at = self._parts.monotonic() + RENEW_S
        return await self._jobs()

    async def _jobs(self) -> set[int]:
        queue = self._parts.queue
        active = await queue.active()
        left = await queue.ended_targets()
        ids = {one.compute_id for one in active if one.compute_id is not None} | set(left)
        known = await self._parts.computes.by_ids(ids)
        for job in active:
            if job.compute_id is not None and job.compute_id not in known:
                await self._parts.ender.end(job, JobState.CANCELED, DELETED)
            elif self._is_lost(job):
                state = JobState.FAILED if job.cancel_ms is None else JobState.CANCELED
                await self._parts.ender.end(job, state, SILENT if job.cancel_ms is None else None)
            elif not job.engine_id and job.attempt:
                await self._find(job)
        await self._cancel_orphans()
        for job in await queue.ended_there(set(left) - set(known), SOME):
            await queue.forgotten(job.row)
        return set(known)

    def _is_lost(self, job: Job) -> bool:
        """Whether neither its runner nor its engine has said anything for so long that nothing more is to be expected."""
        if job.state is not JobState.NOT_RESPONDING and job.cancel_ms is None:
            return False
        if job.cancel_ms is None:  # its error: another node has told that the first one is gone
            return job.error is not None or self._parts.now_ms() - (job.beat_ms or 0) > LOST_MS
        return self._parts.now_ms() - max(job.beat_ms or 0, job.cancel_ms) > UNHEARD_MS

    async def _cancel_orphans(self) -> None:
        """Jobs that were submitted while their target was being deleted."""
        targets = await self._parts.queue.waiting_targets()
        for compute_id in set(targets) - set(await self._parts.computes.by_ids(targets)):
            for job in await self._parts.queue.waiting(compute_id, SOME):
                await self._parts.ender.end(job, JobState.CANCELED, DELETED)

    async def _find(self, job: Job) -> None:
        """One that began although its engine did not answer that it took it."""
        computes = await self._parts.computes.by_ids([job.compute_id or 0])
        try:
            target = await self._parts.targets.of(computes[job.compute_id or 0])
            engine = await self._parts.targets.engine(target.base)
            found = await engine.find([job.run_id])
        except (EngineUnreachable, EngineRefused, EngineBusy, KeyError) as exc:
            log.info("The job of run %s is looked up later: %s", job.run_id, exc)
            return
        if job.run_id in found:
            await self._parts.queue.submitted(job.row, found[job.run_id])

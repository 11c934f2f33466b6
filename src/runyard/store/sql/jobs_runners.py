"""Statements about jobs, for requests of runners."""

from __future__ import annotations

import time

import msgspec

from runyard.entities.job import Job, JobError, JobState
from runyard.store.job_runner_contracts import Arrival, Began, Sign
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Database, Transaction
from runyard.store.sql.jobs_changes import enter, finish, told
from runyard.store.sql.jobs_rows import (
    ENVIRONMENT,
    OF_RUN,
    JobRef,
    find_job_of,
    find_ref,
    held_job,
    hold,
    load_job,
)

BEGIN = """UPDATE jobs SET attempt = ?, beat_ms = ?, host = ?, holder = '', lease_ms = 0, waits = '',
    submitted_ms = coalesce(submitted_ms, ?) WHERE id = ?"""
FORGET_KEYS = "UPDATE job_texts SET token = NULL, code = NULL WHERE job_id = ?"
BEAT = "UPDATE jobs SET beat_ms = ? WHERE id = ? AND beat_ms < ? AND state < 8"
SET_ERROR = "UPDATE jobs SET error = ? WHERE id = ?"
SET_LIFE = "UPDATE access_tokens SET expires_ms = ? WHERE uuid = ?"
EXTEND = "UPDATE access_tokens SET expires_ms = ? WHERE uuid = ? AND expires_ms < ?"
REDEEM = """SELECT j.id, j.workspace_id, t.token FROM jobs j JOIN job_texts t ON t.job_id = j.id
    WHERE j.uuid = ? AND t.code_hash = ? AND t.code_used = 0 AND t.token IS NOT NULL AND j.state < 8"""
USE = "UPDATE job_texts SET code_used = 1 WHERE job_id = ? AND code_used = 0"
ACTIVE = "SELECT count(*) FROM jobs WHERE state < 8 AND state > 0"
TOGETHER_S = (
    2.0  # signs of life are written down as often; little beside the time after which a job counts as silent
)
STAGES = (JobState.PREPARING, JobState.RUNNING, JobState.FINALIZING)


class SqlJobRunners:
    """JobRunnerStore on a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._beats: dict[int, int] = {}  # by job
        self._written_s = float("-inf")

    async def find(self, workspace_id: int, run_id: str) -> Job | None:
        return await self._database.read(lambda c: find_job_of(c, workspace_id, run_id))

    async def begin(self, workspace_id: int, run_id: str, arrival: Arrival) -> Began:
        def work(tx: Transaction) -> Began:
            job = held_job(tx, workspace_id, run_id)
            taken = False
            if arrival.rank == 0 and not job.state.ended and job.cancel_ms is None:
                alive = job.beat_ms is not None and job.beat_ms >= arrival.dead_before_ms
                taken = job.attempt not in ("", arrival.attempt) and alive
                if not taken:
                    _begin(tx, job, arrival)
            environment = tx.one(ENVIRONMENT, (job.id,))
            assert environment is not None
            return Began(load_job(tx, job.id), taken, environment[0])

        return await self._database.write(work, checked=True)

    async def beat(self, workspace_id: int, run_id: str, sign: Sign) -> bool:
        """Most signs change nothing but the time of the last one: those are written down together."""
        job = await self._database.read(lambda c: find_ref(c, OF_RUN, (run_id, workspace_id)))
        if job is None or job.state.ended or (sign.rank == 0 and job.attempt != sign.attempt):
            return True
        if sign.expires_ms or (sign.rank == 0 and _advances(job, sign.state)):
            return await self._database.write(lambda tx: _heard(tx, workspace_id, run_id, sign), checked=True)
        if sign.rank == 0:
            self._beats[job.id] = now_ms()
            await self._write_beats()
        return job.cancel_ms is not None or job.error is not None

    async def _write_beats(self) -> None:
        """Those of the last seconds, if they have not been written for so long."""
        now = time.monotonic()
        if now - self._written_s < TOGETHER_S:
            return
        self._written_s = now
        beats, self._beats = self._beats, {}

        def work(tx: Transaction) -> None:
            for row_id, beat_ms in sorted(beats.items()):
                tx.execute(BEAT, (beat_ms, row_id, beat_ms))

        await self._database.write(work, checked=True)

    async def end(
        self, workspace_id: int, run_id: str, attempt: str, state: JobState, error: JobError | None
    ) -> bool:
        def work(tx: Transaction) -> bool:
            found = hold(tx, OF_RUN, (run_id, workspace_id))
            if not found or found[0].attempt != attempt:
                return False
            return finish(tx, found[0], state, error)

        return await self._database.write(work, checked=True)

    async def fail_rank(self, workspace_id: int, run_id: str, error: JobError) -> bool:
        text = msgspec.json.encode(error).decode()

        def work(tx: Transaction) -> bool:
            found = hold(tx, OF_RUN, (run_id, workspace_id))
            if not found or found[0].state.ended or found[0].error is not None:
                return False
            tx.execute(SET_ERROR, (text, found[0].id))
            told(tx, found[0].run)
            return True

        return await self._database.write(work, checked=True)

    async def redeem(self, run_id: str, code_hash: str) -> tuple[int, bytes] | None:
        def work(tx: Transaction) -> tuple[int, bytes] | None:
            row = tx.one(REDEEM, (run_id, code_hash))
            if row is None or not tx.execute(USE, (row[0],)):
                return None
            return row[1], bytes(row[2])

        return await self._database.write(work, checked=True)

    async def active_count(self) -> int:
        row = await self._database.peek(lambda c: c.one(ACTIVE))
        return 0 if row is None else int(row[0])


def _begin(tx: Transaction, job: JobRef, new: Arrival) -> None:
    """This attempt counts; what an earlier one had reached is to be reached again."""
    now = now_ms()
    tx.execute(BEGIN, (new.attempt, now, new.host, now, job.id))
    tx.execute(FORGET_KEYS, (job.id,))
    tx.execute(SET_LIFE, (new.expires_ms, job.token_uuid))
    if job.attempt != new.attempt:
        tx.execute(SET_ERROR, (None, job.id))
        enter(tx, job, JobState.PREPARING)


def _heard(tx: Transaction, workspace_id: int, run_id: str, sign: Sign) -> bool:
    found = hold(tx, OF_RUN, (run_id, workspace_id))
    if not found or found[0].state.ended:
        return True
    (job,) = found
    if sign.expires_ms:
        tx.execute(EXTEND, (sign.expires_ms, job.token_uuid, sign.expires_ms))
    if sign.rank == 0 and job.attempt != sign.attempt:
        return True
    if sign.rank == 0:
        beat_ms = now_ms()
        tx.execute(BEAT, (beat_ms, job.id, beat_ms))
        if _advances(job, sign.state):
            enter(tx, job, sign.state)
    return job.cancel_ms is not None or job.error is not None


def _advances(job: JobRef, state: JobState) -> bool:
    """Forward, or back from where nothing was heard."""
    lost = job.state is JobState.NOT_RESPONDING
    return state in STAGES and (lost or job.state < state) and job.state is not JobState.CANCEL_REQUESTED

"""Statements about jobs, for requests of runners."""

from __future__ import annotations

import msgspec

from runyard.entities.job import Job, JobError, JobState
from runyard.store.job_runner_contracts import Arrival, Began, Sign
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Database, Transaction
from runyard.store.sql.jobs_changes import enter, finish, told
from runyard.store.sql.jobs_rows import ENVIRONMENT, OF_RUN, JobRef, find_job_of, held_job, hold, load_job

BEGIN = """UPDATE jobs SET attempt = ?, beat_ms = ?, host = ?, holder = '', lease_ms = 0, waits = '',
    submitted_ms = coalesce(submitted_ms, ?) WHERE id = ?"""
FORGET_KEYS = "UPDATE job_texts SET token = NULL, code = NULL WHERE job_id = ?"
BEAT = "UPDATE jobs SET beat_ms = ? WHERE id = ?"
SET_ERROR = "UPDATE jobs SET error = ? WHERE id = ?"
SET_LIFE = "UPDATE access_tokens SET expires_ms = ? WHERE uuid = ?"
EXTEND = "UPDATE access_tokens SET expires_ms = ? WHERE uuid = ? AND expires_ms < ?"
REDEEM = """SELECT j.id, j.workspace_id, t.token FROM jobs j JOIN job_texts t ON t.job_id = j.id
    WHERE j.uuid = ? AND t.code_hash = ? AND t.code_used = 0 AND t.token IS NOT NULL AND j.state < 8"""
USE = "UPDATE job_texts SET code_used = 1 WHERE job_id = ? AND code_used = 0"
ACTIVE = "SELECT count(*) FROM jobs WHERE state < 8 AND state > 0"
STAGES = (JobState.PREPARING, JobState.RUNNING, JobState.FINALIZING)


class SqlJobRunners:
    """JobRunnerStore on a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
        def work(tx: Transaction) -> bool:
            found = hold(tx, OF_RUN, (run_id, workspace_id))
            if not found or found[0].state.ended:
                return True
            (job,) = found
            if sign.expires_ms:
                tx.execute(EXTEND, (sign.expires_ms, job.token_uuid, sign.expires_ms))
            if sign.rank == 0 and job.attempt != sign.attempt:
                return True
            if sign.rank == 0:
                tx.execute(BEAT, (now_ms(), job.id))
                _advance(tx, job, sign.state)
            return job.cancel_ms is not None or job.error is not None

        return await self._database.write(work, checked=True)

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


def _advance(tx: Transaction, job: JobRef, state: JobState) -> None:
    """Forward, or back from where nothing was heard."""
    lost = job.state is JobState.NOT_RESPONDING
    if state in STAGES and (lost or job.state < state) and job.state is not JobState.CANCEL_REQUESTED:
        enter(tx, job, state)

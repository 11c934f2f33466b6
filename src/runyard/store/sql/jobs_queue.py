"""Statements about the queue of jobs, for the dispatcher."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from runyard.entities.job import Job, JobError, JobState
from runyard.store.job_contracts import SealedKeys
from runyard.store.job_queue_contracts import Load
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Row, Transaction
from runyard.store.sql.jobs_changes import MARKED, enter, finish, go_on_canceling, told
from runyard.store.sql.jobs_rows import BRIEF, JOBS, JobRef, find_job, hold, job_of, keys_of
from runyard.store.sql.search.fragments import among

# The + before ids to sort by keeps SQLite from going through all jobs that ever were, in that order, for the few that are
# active: of those there is an index.
ALIVE = "j.state < 8 AND j.state > 0 AND j.compute_id IS NOT NULL AND j.kind <> 'sweep'"
TARGETS = """SELECT DISTINCT compute_id FROM jobs WHERE state = 0 AND cancel_ms IS NULL
    AND compute_id IS NOT NULL AND due_ms <= ?"""
WAITING = f"{JOBS} WHERE j.compute_id = ? AND j.state = 0 AND j.cancel_ms IS NULL AND j.due_ms <= ?"
IN_ORDER = "ORDER BY j.priority DESC, j.id LIMIT ?"
ABANDONED = (
    f"{JOBS} WHERE {ALIVE} AND j.holder <> '' AND (j.lease_ms <= ? OR j.holder <> ?) ORDER BY +j.id LIMIT ?"
)
ACTIVE = f"{BRIEF} WHERE {ALIVE}"
LOST = f"{BRIEF} WHERE j.state = {JobState.NOT_RESPONDING:d} AND j.state < 8 ORDER BY +j.id"
LEFT = "j.state >= 8 AND j.engine_id <> '' AND j.forgotten = 0"
ENDED_THERE = f"{BRIEF} WHERE {LEFT}"
ENDED_TARGETS = f"SELECT DISTINCT j.compute_id FROM jobs j WHERE {LEFT} AND j.compute_id IS NOT NULL"
BY_ROW = "j.id = ?"
CLAIM = "UPDATE jobs SET holder = ?, lease_ms = ?, waits = '' WHERE id = ?"
CANCELING = f"""SELECT DISTINCT compute_id FROM jobs WHERE state = {JobState.CANCEL_REQUESTED:d} AND state < 8
    AND compute_id IS NOT NULL"""
SUBMITTED = """UPDATE jobs SET engine_id = ?, host = CASE WHEN host = '' THEN ? ELSE host END, holder = '', lease_ms = 0,
    submitted_ms = coalesce(submitted_ms, ?) WHERE id = ?"""
SUBMITTED_LATE = "UPDATE jobs SET engine_id = ? WHERE id = ? AND engine_id = '' AND state >= 8"
REQUEUE = """UPDATE jobs SET holder = '', lease_ms = 0, waits = ?, due_ms = ?, tries = tries + 1, engine_id = '', host = ''
    WHERE id = ?"""
RENEW_CODE = "UPDATE job_texts SET code_used = 0 WHERE job_id = ?"
SET_WAITS = "UPDATE jobs SET waits = ? WHERE id = ?"
UNTOLD = "j.id = ? AND j.state < 3 AND j.waits <> ?"
SET_HOST = "UPDATE jobs SET host = ? WHERE id = ? AND host <> ? AND state < 8"
WORKS = f"j.state < 8 AND j.state IN ({JobState.PREPARING:d}, {JobState.RUNNING:d}, {JobState.FINALIZING:d})"
SILENT = f"{WORKS} AND j.attempt <> '' AND j.beat_ms < ? ORDER BY +j.id LIMIT ?"
NEVER_BEGUN = f"""j.state < 8 AND j.state = {JobState.QUEUED:d} AND j.compute_id IS NULL AND j.attempt = ''
    AND j.created_ms < ? ORDER BY +j.id LIMIT ?"""
UNHEARD_CANCEL = f"""j.state < 8 AND j.state = {JobState.CANCEL_REQUESTED:d} AND j.compute_id IS NULL AND j.attempt <> ''
    AND j.beat_ms < ? AND j.cancel_ms < ? ORDER BY +j.id LIMIT ?"""
LOAD = """SELECT compute_id, submitted_by_uuid, state, count(*), sum(nodes) FROM jobs
    WHERE state < 8 AND kind <> 'sweep' AND {of} GROUP BY compute_id, submitted_by_uuid, state"""
RENEW = """UPDATE access_tokens SET expires_ms = ? WHERE expires_ms < ? AND revoked_ms IS NULL AND uuid IN (
    SELECT j.token_uuid FROM jobs j WHERE j.state < 8 AND {of})"""
UNBEGUN, BEGUN = "j.compute_id IS NOT NULL AND j.attempt = ''", "j.attempt <> ''"
FORGOTTEN = "UPDATE jobs SET forgotten = 1 WHERE id = ? AND state >= 8"
DAY_MS = 86_400_000
WAITING_SLACK_MS, WORKING_SLACK_MS = 3_600_000, 1_200_000  # what is no longer is not written


class SqlJobQueue:
    """JobQueue on a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting_targets(self) -> Sequence[int]:
        rows = await self._database.peek(lambda c: c.all(TARGETS, (now_ms(),)))
        return [row[0] for row in rows]

    async def canceling_targets(self) -> Sequence[int]:
        rows = await self._database.peek(lambda c: c.all(CANCELING))
        return [row[0] for row in rows]

    async def waiting(self, compute_id: int, limit: int, *, not_of: Collection[str] = ()) -> Sequence[Job]:
        sql, values = WAITING, [compute_id, now_ms()]
        if not_of:
            others = among("j.submitted_by_uuid", sorted(not_of), self._database.dialect)
            sql, values = f"{sql} AND NOT ({others.text})", [*values, *others.params]
        return await self._jobs(f"{sql} {IN_ORDER}", *values, limit)

    async def claim(self, row: int, holder: str, lease_ms: int) -> Job | None:
        def work(tx: Transaction) -> Job | None:
            job = _held(tx, row)
            if job is None or job.state is not JobState.NOT_STARTED or job.cancel_ms is not None:
                return None
            tx.execute(CLAIM, (holder, now_ms() + lease_ms, row))
            enter(tx, job, JobState.STARTING)
            return find_job(tx, row)

        return await self._database.write(work, checked=True)

    async def abandoned(self, holder: str, limit: int) -> Sequence[Job]:
        return await self._jobs(ABANDONED, now_ms(), holder, limit)

    async def submitted(self, row: int, engine_id: str, host: str = "") -> Job | None:
        def work(tx: Transaction) -> Job | None:
            job = _held(tx, row)
            if job is None:
                tx.execute(SUBMITTED_LATE, (engine_id, row))
                return find_job(tx, row)
            tx.execute(SUBMITTED, (engine_id, host, now_ms(), row))
            if job.state in (JobState.NOT_STARTED, JobState.STARTING):
                enter(tx, job, JobState.QUEUED)
            return find_job(tx, row)

        return await self._database.write(work, checked=True)

    async def requeue(self, row: int, waits: str, due_ms: int) -> bool:
        def work(tx: Transaction) -> bool:
            job = _held(tx, row)
            if job is None or job.attempt or job.state is JobState.NOT_STARTED:
                return False
            if job.cancel_ms is not None:
                finish(tx, job, JobState.CANCELED, None)
                return True
            if job.state not in (JobState.STARTING, JobState.QUEUED, JobState.PREPARING):
                return False
            tx.execute(REQUEUE, (waits, due_ms, row))
            tx.execute(RENEW_CODE, (row,))
            enter(tx, job, JobState.NOT_STARTED)
            return True

        return await self._database.write(work, checked=True)

    async def put_off(self, rows: Collection[int], due_ms: int) -> None:
        of = among("id", sorted(rows), self._database.dialect)
        sql = f"UPDATE jobs SET due_ms = ? WHERE state = 0 AND {of.text}"
        if rows:
            await self._database.write(lambda tx: tx.execute(sql, (due_ms, *of.params)), checked=True)

    async def set_waits(self, texts: Mapping[int, str]) -> None:
        def work(tx: Transaction) -> None:
            for row, text in sorted(texts.items()):
                for job in hold(tx, UNTOLD, (row, text)):
                    tx.execute(SET_WAITS, (text, job.id))
                    told(tx, job.run)

        if texts:
            await self._database.write(work, checked=True)

    async def active(self, compute_ids: Collection[int] | None = None) -> Sequence[Job]:
        if compute_ids is None:
            return await self._jobs(f"{ACTIVE} ORDER BY +j.id")
        of = among("j.compute_id", sorted(compute_ids), self._database.dialect)
        return await self._jobs(f"{ACTIVE} AND {of.text} ORDER BY +j.id", *of.params)

    async def advance(self, states: Mapping[int, JobState]) -> int:
        def work(tx: Transaction) -> int:
            changed = 0
            for row, state in sorted(states.items()):
                job = _held(tx, row)
                if job is not None and not job.attempt and 0 < job.state < state <= JobState.PREPARING:
                    enter(tx, job, state)
                    changed += 1
            return changed

        return await self._database.write(work, checked=True) if states else 0

    async def set_host(self, row: int, host: str) -> None:
        await self._database.write(lambda tx: tx.execute(SET_HOST, (host, row, host)), checked=True)

    async def silence(self, quiet_since_ms: int, limit: int) -> Sequence[Job]:
        def work(tx: Transaction) -> list[Job]:
            found = hold(tx, SILENT, (quiet_since_ms, limit))
            found += hold(tx, NEVER_BEGUN, (now_ms() - DAY_MS, limit))
            for job in found:
                enter(tx, job, JobState.NOT_RESPONDING)
            for job in hold(tx, UNHEARD_CANCEL, (quiet_since_ms, quiet_since_ms, limit)):
                finish(tx, job, JobState.CANCELED, None)
            return [one for one in (find_job(tx, job.id) for job in found) if one is not None]

        if not await self._database.peek(lambda c: _any_silent(c, quiet_since_ms)):
            return []
        return await self._database.write(work, checked=True)

    async def cancel_more(self, limit: int) -> int:
        if not await self._database.peek(lambda c: c.one(f"SELECT 1 FROM jobs j WHERE {MARKED}", (1,))):
            return 0
        return await self._database.write(lambda tx: go_on_canceling(tx, limit), checked=True)

    async def not_responding(self) -> Sequence[Job]:
        return await self._jobs(LOST)

    async def end(self, row: int, state: JobState, error: JobError | None = None) -> Job | None:
        def work(tx: Transaction) -> Job | None:
            job = _held(tx, row)
            ended = job is not None and finish(tx, job, state, error)
            return find_job(tx, row) if ended else None

        return await self._database.write(work, checked=True)

    async def load(self, compute_ids: Collection[int]) -> Mapping[int, Load]:
        of = among("compute_id", sorted(compute_ids), self._database.dialect)
        rows = await self._database.peek(lambda c: c.all(LOAD.format(of=of.text), of.params))
        return {one: _load(row for row in rows if row[0] == one) for one in compute_ids}

    async def keys(self, row: int) -> SealedKeys:
        return await self._database.read(lambda c: keys_of(c, row))

    async def renew_tokens(self, waiting_ms: int, working_ms: int) -> int:
        def work(tx: Transaction) -> int:
            waiting = tx.execute(RENEW.format(of=UNBEGUN), (waiting_ms, waiting_ms - WAITING_SLACK_MS))
            return waiting + tx.execute(RENEW.format(of=BEGUN), (working_ms, working_ms - WORKING_SLACK_MS))

        return await self._database.write(work, checked=True)

    async def ended_there(self, compute_ids: Collection[int], limit: int) -> Sequence[Job]:
        of = among("j.compute_id", sorted(compute_ids), self._database.dialect)
        return await self._jobs(f"{ENDED_THERE} AND {of.text} ORDER BY j.ended_ms LIMIT ?", *of.params, limit)

    async def ended_targets(self) -> Sequence[int]:
        rows = await self._database.peek(lambda c: c.all(ENDED_TARGETS))
        return [row[0] for row in rows]

    async def forgotten(self, row: int) -> None:
        await self._database.write(lambda tx: tx.execute(FORGOTTEN, (row,)), checked=True)

    async def find(self, row: int) -> Job | None:
        return await self._database.read(lambda c: find_job(c, row))

    async def _jobs(self, sql: str, *params: object) -> Sequence[Job]:
        rows = await self._database.peek(lambda c: c.all(sql, params))
        return [job_of(row) for row in rows]


def _held(tx: Transaction, row: int) -> JobRef | None:
    """One that has not ended."""
    found = hold(tx, BY_ROW, (row,))
    return found[0] if found and not found[0].state.ended else None


def _any_silent(c: Connection, since_ms: int) -> bool:
    """A look before a write, which mostly has nothing to do."""
    asked = (
        (SILENT, (since_ms, 1)),
        (NEVER_BEGUN, (now_ms() - DAY_MS, 1)),
        (UNHEARD_CANCEL, (since_ms, since_ms, 1)),
    )
    return any(c.one(f"SELECT 1 FROM jobs j WHERE {sql}", values) for sql, values in asked)


def _load(rows: Iterable[Row]) -> Load:
    queued: dict[str, int] = {}
    running: dict[str, int] = {}
    nodes = 0
    for _, person, state, count, size in rows:
        if state == JobState.NOT_STARTED:
            queued[person] = count
        else:
            running[person] = running.get(person, 0) + count
            nodes += int(size)
    return Load(sum(queued.values()), sum(running.values()), nodes, queued, running)

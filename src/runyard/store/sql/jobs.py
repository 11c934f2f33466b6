"""Statements about jobs, for requests of people and of runners."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence

import msgspec

from runyard.entities.common import Page
from runyard.entities.job import Job, JobError, JobState
from runyard.entities.principal import Principal, TokenKind
from runyard.entities.run import NewRun
from runyard.errors import AlreadyExists, InvalidState, NotFound, QueueFull, Unauthenticated, shown
from runyard.store.job_contracts import Arrival, Began, Credential, JobFilter, NewJob, SealedKeys, Sign
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Dialect, Row, Transaction
from runyard.store.sql.id_pages import IdPages
from runyard.store.sql.jobs_changes import SET_STATUS, SWEEP, enter, finish, request_cancel, told
from runyard.store.sql.jobs_rows import BY_ROW, JOBS, JobRef, find_job_of, hold, job_of
from runyard.store.sql.run_records import ADD_PROPERTY
from runyard.store.sql.runs import insert_run
from runyard.store.sql.search.fragments import NEVER, Sql, all_of, among

POSITIONS = 5_000  # of a queue; beyond, nobody is told which number they have
NEWEST = 2**62
NEWEST_FIRST = "ORDER BY j.id DESC LIMIT ?"
SIZES = f"""SELECT length(t.definition) FROM jobs j JOIN job_texts t ON t.job_id = j.id WHERE {{}} {NEWEST_FIRST}"""
PAGE_CHARS = 8 * 1024 * 1024  # of definitions in one page
SURE = 30  # definitions of the greatest size are not too large together
OF_RUN = "j.uuid = ? AND j.workspace_id = ?"
ELSEWHERE = "SELECT 1 FROM jobs WHERE uuid = ? AND workspace_id <> ? AND compute_id IS NOT NULL LIMIT 1"
SAME = "SELECT id, request_hash FROM jobs WHERE uuid = ? AND workspace_id = ?"
RUN_ROW = "SELECT id FROM runs WHERE uuid = ? AND workspace_id = ?"
PARENT = "SELECT kind, state FROM jobs WHERE uuid = ? AND workspace_id = ?"
QUEUED_OF = "SELECT count(*) FROM jobs WHERE compute_id = ? AND state = 0 AND submitted_by_uuid = ?"
INSERT = """INSERT INTO jobs (run_id, uuid, workspace_id, experiment_id, parent, target, compute_id, kind, state, priority,
    nodes, snapshot_id, environment_hash, submitted_by, submitted_by_uuid, created_ms, started_ms, token_uuid,
    request_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"""
INSERT_TEXTS = "INSERT INTO job_texts (job_id, definition, token, code, code_hash) VALUES (?, ?, ?, ?, ?)"
INSERT_TOKEN = """INSERT INTO access_tokens (uuid, principal_id, kind, name, hash, actions, workspace_id, created_ms,
    expires_ms, created_by, job, job_experiment, made_with) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
MAKER = f"""SELECT revoked_ms FROM access_tokens WHERE uuid = ?
    AND kind IN ({TokenKind.PERSONAL:d}, {TokenKind.JOB:d})"""  # jobs go on when those who log in log out
CREDENTIAL = """SELECT t.uuid, t.actions FROM jobs j JOIN access_tokens t ON t.uuid = j.token_uuid
    WHERE j.id = ? AND t.revoked_ms IS NULL"""
QUEUE = "SELECT id FROM jobs WHERE compute_id = ? AND state = 0 ORDER BY priority DESC, id LIMIT ?"
SET_PRIORITY = "UPDATE jobs SET priority = ? WHERE id = ?"
BEGIN = """UPDATE jobs SET attempt = ?, beat_ms = ?, host = ?, holder = '', lease_ms = 0, waits = '',
    submitted_ms = coalesce(submitted_ms, ?) WHERE id = ?"""
FORGET_KEYS = "UPDATE job_texts SET token = NULL, code = NULL WHERE job_id = ?"
ENVIRONMENT = "SELECT environment_hash FROM jobs WHERE id = ?"
BEAT = "UPDATE jobs SET beat_ms = ? WHERE id = ?"
SET_ERROR = "UPDATE jobs SET error = ? WHERE id = ?"
SET_LIFE = "UPDATE access_tokens SET expires_ms = ? WHERE uuid = ?"
EXTEND = "UPDATE access_tokens SET expires_ms = ? WHERE uuid = ? AND expires_ms < ?"
REDEEM = """SELECT j.id, j.workspace_id, t.token FROM jobs j JOIN job_texts t ON t.job_id = j.id
    WHERE j.uuid = ? AND t.code_hash = ? AND t.code_used = 0 AND t.token IS NOT NULL AND j.state < 8"""
USE = "UPDATE job_texts SET code_used = 1 WHERE job_id = ? AND code_used = 0"
KEYS = "SELECT token, code FROM job_texts WHERE job_id = ?"
ACTIVE = "SELECT count(*) FROM jobs WHERE state < 8 AND state > 0"
STAGES = (JobState.PREPARING, JobState.RUNNING, JobState.FINALIZING)


class SqlJobs:
    """JobStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._pages = IdPages(page_key, "jobs")

    async def create(
        self, workspace_id: int, submitter: Principal, new: NewJob, max_queued: int
    ) -> tuple[Job, bool]:
        token_uuid = "" if new.secrets is None else uuid.uuid4().hex

        def work(tx: Transaction) -> tuple[Job, bool]:
            known = _same(tx, workspace_id, new)
            if known is not None:
                return known, False
            _check_parent(tx, workspace_id, new)
            _check_queue(tx, submitter, new, max_queued)
            return _insert(tx, workspace_id, submitter, new, token_uuid), True

        return await self._database.write(work, checked=True)

    async def find(self, workspace_id: int, run_id: str) -> Job | None:
        return await self._database.read(lambda c: find_job_of(c, workspace_id, run_id))

    async def list(
        self, workspace_id: int, wanted: JobFilter, *, max_results: int, page_token: str | None
    ) -> Page[Job]:
        query = (workspace_id, msgspec.json.encode(wanted, order="sorted").decode())
        after = self._pages.after(page_token, *query) or NEWEST
        where = _where(workspace_id, wanted, self._database.dialect) + Sql("AND j.id < ?", (after,))

        def work(c: Connection) -> tuple[int, Sequence[Row]]:
            count = max_results if max_results <= SURE else _fitting(c, where, max_results)
            rows = c.all(f"{JOBS} WHERE {where.text} {NEWEST_FIRST}", (*where.params, count + 1))
            return count, rows

        count, rows = await self._database.read(work)
        page, token = self._pages.cut(rows, count, 0, *query)
        return Page([job_of(row) for row in page], token)

    async def positions(self, jobs: Sequence[Job]) -> Mapping[int, int]:
        waiting = {
            one.compute_id for one in jobs if one.state is JobState.NOT_STARTED and one.compute_id is not None
        }
        wanted = {one.row for one in jobs}

        def work(c: Connection) -> dict[int, int]:
            found: dict[int, int] = {}
            for compute_id in sorted(waiting):
                for place, (row,) in enumerate(c.all(QUEUE, (compute_id, POSITIONS)), 1):
                    if row in wanted:
                        found[row] = place
            return found

        return await self._database.read(work) if waiting else {}

    async def set_priority(self, workspace_id: int, run_id: str, priority: int) -> Job:
        def work(tx: Transaction) -> Job:
            job = _held(tx, workspace_id, run_id)
            if job.state is not JobState.NOT_STARTED:
                raise InvalidState(
                    f"The job of run {run_id} is {job.state.text}: only one that waits in the queue has a priority. "
                    "Cancel it and submit it again to have it start elsewhere or later."
                )
            tx.execute(SET_PRIORITY, (priority, job.id))
            told(tx, job.run)
            return _load(tx, job.id)

        return await self._database.write(work, checked=True)

    async def cancel(self, workspace_id: int, run_id: str) -> Job:
        def work(tx: Transaction) -> Job:
            job = _held(tx, workspace_id, run_id)
            request_cancel(tx, job)
            return _load(tx, job.id)

        return await self._database.write(work, checked=True)

    async def begin(self, workspace_id: int, run_id: str, arrival: Arrival) -> Began:
        def work(tx: Transaction) -> Began:
            job = _held(tx, workspace_id, run_id)
            taken = False
            if arrival.rank == 0 and not job.state.ended and job.cancel_ms is None:
                alive = job.beat_ms is not None and job.beat_ms >= arrival.dead_before_ms
                taken = job.attempt not in ("", arrival.attempt) and alive
                if not taken:
                    _begin(tx, job, arrival)
            environment = tx.one(ENVIRONMENT, (job.id,))
            assert environment is not None
            return Began(_load(tx, job.id), taken, environment[0])

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

    async def keys(self, row: int) -> SealedKeys:
        return await self._database.read(lambda c: keys_of(c, row))

    async def credential(self, row: int) -> Credential | None:
        found = await self._database.read(lambda c: c.one(CREDENTIAL, (row,)))
        return None if found is None else Credential(found[0], json.loads(found[1]))

    async def environment_hash(self, row: int) -> str:
        found = await self._database.read(lambda c: c.one(ENVIRONMENT, (row,)))
        return "" if found is None else str(found[0])

    async def active_count(self) -> int:
        row = await self._database.peek(lambda c: c.one(ACTIVE))
        return 0 if row is None else int(row[0])


def _fitting(c: Connection, where: Sql, most: int) -> int:
    """How many jobs a page has, whose definitions are not too large together."""
    room = PAGE_CHARS
    for count, (size,) in enumerate(c.all(SIZES.format(where.text), (*where.params, most))):
        room -= size
        if room < 0:
            return max(count, 1)
    return most


def keys_of(c: Connection, row: int) -> SealedKeys:
    """The sealed secrets of a job."""
    found = c.one(KEYS, (row,))
    return SealedKeys(*(bytes(one or b"") for one in found or (b"", b"")))


def absent(run_id: str) -> NotFound:
    """There is no such job."""
    return NotFound(
        f"There is no job of a run {shown(run_id, 300)} here. Runs that nobody submitted have none."
    )


def _held(tx: Transaction, workspace_id: int, run_id: str) -> JobRef:
    """Raises: NotFound."""
    found = hold(tx, OF_RUN, (run_id, workspace_id))
    if not found:
        raise absent(run_id)
    return found[0]


def _load(c: Connection, row: int) -> Job:
    found = c.one(BY_ROW, (row,))
    assert found is not None
    return job_of(found)


def _same(tx: Transaction, workspace_id: int, new: NewJob) -> Job | None:
    """The job that the same request made earlier.

    Raises: AlreadyExists.
    """
    row = tx.one(SAME, (new.run_id, workspace_id))
    if row is not None and row[1] == new.request_hash:
        return _load(tx, row[0])
    if row is not None or tx.one(RUN_ROW, (new.run_id, workspace_id)) is not None:
        raise _taken(new.run_id)
    if new.compute_id is not None and tx.one(ELSEWHERE, (new.run_id, workspace_id)) is not None:
        raise _taken(
            new.run_id
        )  # machines may be shared by workspaces, and know jobs by the ids of their runs
    return None


def _taken(run_id: str) -> AlreadyExists:
    return AlreadyExists(f"The run id {shown(run_id)} is taken by another run. Choose another one.")


def _check_parent(tx: Transaction, workspace_id: int, new: NewJob) -> None:
    lock = " FOR SHARE" if tx.dialect == "postgresql" else ""
    row = tx.one(PARENT + lock, (new.parent_run_id, workspace_id)) if new.parent_run_id else None
    if row is not None and row[0] == SWEEP and row[1] != JobState.RUNNING:
        raise InvalidState(
            f"The sweep {new.parent_run_id} is {JobState(row[1]).text}: no jobs are added to it any more."
        )
    sweep, _, number = new.run_id.rpartition("_")
    if number.isdecimal() and sweep != new.parent_run_id:
        above = tx.one(PARENT, (sweep, workspace_id))
        if above is not None and above[0] == SWEEP:
            raise _taken(new.run_id)  # its trials have such ids


def _check_queue(tx: Transaction, submitter: Principal, new: NewJob, max_queued: int) -> None:
    if not max_queued or new.compute_id is None or new.state is not JobState.NOT_STARTED:
        return
    row = tx.one(QUEUED_OF, (new.compute_id, submitter.uuid))
    if row is not None and row[0] >= max_queued:
        raise QueueFull(
            f"You have {row[0]} jobs in the queue of {new.target}, and {max_queued} is the most. Wait until some have "
            "begun, cancel some, or choose another compute target."
        )


def _insert(tx: Transaction, workspace_id: int, submitter: Principal, new: NewJob, token_uuid: str) -> Job:
    keys = new.secrets
    maker = None if keys is None else _maker(tx, keys.made_with)  # before the first change
    now = now_ms()
    run = NewRun(new.run_id, new.experiment_id, new.run_name, submitter.name, now, list(new.tags))
    made = insert_run(tx, workspace_id, run)
    assert made is not None  # _same has looked
    tx.execute(SET_STATUS, (new.state.status, made.row_id))
    tx.many(ADD_PROPERTY, [(made.row_id, *one) for one in new.properties.items()])
    sweeps = new.kind == SWEEP
    where = (made.row_id, new.run_id, workspace_id, new.experiment_id, new.parent_run_id, new.target)
    what = (new.compute_id, new.kind, new.state, new.priority, new.definition.node_count, new.snapshot_id)
    who = (new.environment_hash, submitter.name, submitter.uuid, now, now if sweeps else None)
    row = tx.one(INSERT, (*where, *what, *who, token_uuid, new.request_hash))
    assert row is not None
    definition = msgspec.json.encode(new.definition).decode()
    sealed = (None, None, None) if keys is None else (keys.token, keys.code, keys.code_hash)
    tx.execute(INSERT_TEXTS, (row[0], definition, *sealed))
    if keys is not None:
        actions = json.dumps(list(keys.actions))
        token = (token_uuid, submitter.id, TokenKind.JOB, f"job {new.run_id}", keys.token_hash, actions)
        bounds = (workspace_id, now, keys.expires_ms, submitter.name, new.run_id, new.experiment_id)
        tx.execute(INSERT_TOKEN, (*token, *bounds, maker))
    return _load(tx, row[0])


def _maker(tx: Transaction, made_with: str) -> str | None:
    """The token that a job's ends with. Raises: Unauthenticated, when that was revoked meanwhile."""
    row = tx.one(MAKER, (made_with,)) if made_with else None
    if row is not None and row[0] is not None:
        raise Unauthenticated("The access token of the request was revoked. Log in again.")
    return None if row is None else made_with


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


def _where(workspace_id: int, wanted: JobFilter, dialect: Dialect) -> Sql:
    given = (
        ("j.target", wanted.target),
        ("j.experiment_id", wanted.experiment_id),
        ("j.submitted_by", wanted.submitted_by),
        ("j.parent", wanted.parent_run_id),
    )
    parts = [Sql("j.workspace_id = ?", (workspace_id,))]
    parts += [Sql(f"{column} = ?", (value,)) for column, value in given if value is not None]
    if wanted.parent_run_id is not None:
        parts.append(Sql("j.parent <> ''"))  # what the index has
    if wanted.active:
        parts.append(Sql("j.state < 8"))
    if wanted.states is not None:
        parts.append(among("j.state", sorted(int(one) for one in wanted.states), dialect))
    seen = among("j.experiment_id", sorted(wanted.experiments), dialect)
    if wanted.all_but and wanted.experiments:
        parts.append(seen.wrap("NOT (", ")"))
    elif not wanted.all_but:
        parts.append(seen if wanted.experiments else NEVER)
    return all_of(parts)

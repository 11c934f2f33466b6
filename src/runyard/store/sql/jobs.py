"""Statements about jobs, for requests of people."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence

import msgspec

from runyard.entities.common import Page
from runyard.entities.job import Job, JobState
from runyard.entities.principal import Principal
from runyard.errors import InvalidState
from runyard.store.job_contracts import Credential, JobFilter, NewJob, SealedKeys
from runyard.store.sql.database import Connection, Database, Dialect, Row, Transaction
from runyard.store.sql.id_pages import IdPages
from runyard.store.sql.jobs_changes import request_cancel, told
from runyard.store.sql.jobs_new import check_parent, check_queue, insert_job, same_job
from runyard.store.sql.jobs_rows import ENVIRONMENT, JOBS, find_job_of, held_job, job_of, keys_of, load_job
from runyard.store.sql.search.fragments import NEVER, Sql, all_of, among

POSITIONS = 5_000  # of a queue; beyond, nobody is told which number they have
NEWEST = 2**62
NEWEST_FIRST = "ORDER BY j.id DESC LIMIT ?"
SIZES = f"""SELECT length(t.definition) FROM jobs j JOIN job_texts t ON t.job_id = j.id WHERE {{}} {NEWEST_FIRST}"""
PAGE_CHARS = 8 * 1024 * 1024  # of definitions in one page
SURE = 30  # definitions of the greatest size are not too large together
EXTEND = """UPDATE access_tokens SET expires_ms = ? WHERE uuid = (SELECT token_uuid FROM jobs WHERE id = ?)
    AND expires_ms < ? AND revoked_ms IS NULL"""
CREDENTIAL = """SELECT t.uuid, t.actions FROM jobs j JOIN access_tokens t ON t.uuid = j.token_uuid
    WHERE j.id = ? AND t.revoked_ms IS NULL"""
QUEUE = "SELECT id FROM jobs WHERE compute_id = ? AND state = 0 ORDER BY priority DESC, id LIMIT ?"
SET_PRIORITY = "UPDATE jobs SET priority = ? WHERE id = ?"


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
            known = same_job(tx, workspace_id, new)
            if known is not None:
                return known, False
            check_parent(tx, workspace_id, new)
            check_queue(tx, submitter, new, max_queued)
            return insert_job(tx, workspace_id, submitter, new, token_uuid), True

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
            job = held_job(tx, workspace_id, run_id)
            if job.state is not JobState.NOT_STARTED:
                raise InvalidState(
                    f"The job of run {run_id} is {job.state.text}: only one that waits in the queue has a priority. "
                    "Cancel it and submit it again to have it start elsewhere or later."
                )
            tx.execute(SET_PRIORITY, (priority, job.id))
            told(tx, job.run)
            return load_job(tx, job.id)

        return await self._database.write(work, checked=True)

    async def cancel(self, workspace_id: int, run_id: str) -> Job:
        def work(tx: Transaction) -> Job:
            job = held_job(tx, workspace_id, run_id)
            request_cancel(tx, job)
            return load_job(tx, job.id)

        return await self._database.write(work, checked=True)

    async def keys(self, row: int) -> SealedKeys:
        return await self._database.read(lambda c: keys_of(c, row))

    async def extend(self, row: int, expires_ms: int) -> None:
        params = (expires_ms, row, expires_ms)
        await self._database.write(lambda tx: tx.execute(EXTEND, params), checked=True)

    async def credential(self, row: int) -> Credential | None:
        found = await self._database.read(lambda c: c.one(CREDENTIAL, (row,)))
        return None if found is None else Credential(found[0], json.loads(found[1]))

    async def environment_hash(self, row: int) -> str:
        found = await self._database.read(lambda c: c.one(ENVIRONMENT, (row,)))
        return "" if found is None else str(found[0])


def _fitting(c: Connection, where: Sql, most: int) -> int:
    """How many jobs a page has, whose definitions are not too large together."""
    room = PAGE_CHARS
    for count, (size,) in enumerate(c.all(SIZES.format(where.text), (*where.params, most))):
        room -= size
        if room < 0:
            return max(count, 1)
    return most


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
    if not wanted.nested:
        parts.append(Sql("j.parent = ''"))
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

"""Jobs in their rows: what is read of them, whole or as much as a change needs."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from runyard.entities.job import Job, JobDefinition, JobError, JobState
from runyard.errors import NotFound, shown
from runyard.store.job_contracts import SealedKeys
from runyard.store.sql.database import Connection, Row, Transaction
from runyard.store.sql.intern import RunRef

COLUMNS = """j.id, j.uuid, r.name, j.experiment_id, j.workspace_id, j.target, j.compute_id, j.kind, j.state, t.definition,
    j.snapshot_id, j.priority, j.submitted_by, j.submitted_by_uuid, j.created_ms, j.waits, j.submitted_ms, j.started_ms,
    j.ended_ms, j.beat_ms, j.cancel_ms, j.engine_id, j.host, j.error, j.parent, j.attempt, j.tries, j.due_ms"""
JOBS = f"SELECT {COLUMNS} FROM jobs j JOIN runs r ON r.id = j.run_id JOIN job_texts t ON t.job_id = j.id"
NO_DEFINITION = "'{}'"
BRIEF = f"SELECT {COLUMNS.replace('t.definition', NO_DEFINITION)} FROM jobs j JOIN runs r ON r.id = j.run_id"
BY_ROW = f"{JOBS} WHERE j.id = ?"
BY_RUN = f"{JOBS} WHERE j.uuid = ? AND j.workspace_id = ?"
REFS = """SELECT j.id, j.state, j.compute_id, j.kind, j.parent, j.attempt, j.beat_ms, j.cancel_ms, j.started_ms, j.holder,
    j.token_uuid, j.error, r.id, r.uuid, r.workspace_id, r.experiment_id, r.stage FROM jobs j JOIN runs r ON r.id = j.run_id"""
OF_RUN = "j.uuid = ? AND j.workspace_id = ?"
ENVIRONMENT = "SELECT environment_hash FROM jobs WHERE id = ?"
KEYS = "SELECT token, code FROM job_texts WHERE job_id = ?"
STATE, DEFINITION, ERROR = 8, 9, 23
RUN = 12


class JobRef(NamedTuple):
    """The part of a job that its changes need. `error` of one that has not ended: why it is to stop and fail."""

    id: int
    state: JobState
    compute_id: int | None
    kind: str
    parent: str
    attempt: str
    beat_ms: int | None
    cancel_ms: int | None
    started_ms: int | None
    holder: str
    token_uuid: str
    error: str | None
    run: RunRef


def job_of(row: Row) -> Job:
    """A job from COLUMNS."""
    values = list(row)
    values[STATE] = JobState(row[STATE])
    values[DEFINITION] = msgspec.json.decode(row[DEFINITION], type=JobDefinition)
    values[ERROR] = None if row[ERROR] is None else msgspec.json.decode(row[ERROR], type=JobError)
    return Job(*values)


def find_job(c: Connection, row: int) -> Job | None:
    """By its row."""
    found = c.one(BY_ROW, (row,))
    return None if found is None else job_of(found)


def find_job_of(c: Connection, workspace_id: int, run_id: str) -> Job | None:
    """By its run."""
    found = c.one(BY_RUN, (run_id, workspace_id))
    return None if found is None else job_of(found)


def load_job(c: Connection, row: int) -> Job:
    """By its row, which is there."""
    found = find_job(c, row)
    assert found is not None
    return found


def keys_of(c: Connection, row: int) -> SealedKeys:
    """The sealed secrets of a job."""
    found = c.one(KEYS, (row,))
    return SealedKeys(*(bytes(one or b"") for one in found or (b"", b"")))


def hold(tx: Transaction, where: str, params: tuple[object, ...]) -> list[JobRef]:
    """Jobs that nobody else changes before this transaction ends.

    Args:
        where: what follows the columns: conditions on j and r, an order, a limit.
    """
    lock = " FOR UPDATE OF j" if tx.dialect == "postgresql" else ""
    return [ref_of(row) for row in tx.all(f"{REFS} WHERE {where}{lock}", params)]


def find_ref(c: Connection, where: str, params: tuple[object, ...]) -> JobRef | None:
    """One job as it is just now; `where` as `hold` has it."""
    row = c.one(f"{REFS} WHERE {where}", params)
    return None if row is None else ref_of(row)


def held_job(tx: Transaction, workspace_id: int, run_id: str) -> JobRef:
    """The job of a run, held as `hold` does. Raises: NotFound."""
    found = hold(tx, OF_RUN, (run_id, workspace_id))
    if not found:
        raise NotFound(
            f"There is no job of a run {shown(run_id, 300)} here. Runs that nobody submitted have none."
        )
    return found[0]


def ref_of(row: Row) -> JobRef:
    """From REFS."""
    row_id, state, *facts = row[:RUN]
    return JobRef._make((row_id, JobState(state), *facts, RunRef(*row[RUN:])))

"""How jobs change, inside a transaction: the run's status, its times, its token, alerts and the feed go with the state."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runyard.entities.alert import AlertEvent
from runyard.entities.change import ChangeKind
from runyard.entities.common import Stage
from runyard.entities.job import JobError, JobState
from runyard.entities.run import RunStatus
from runyard.store.sql.alert_events import tell
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Transaction
from runyard.store.sql.intern import RunRef
from runyard.store.sql.jobs_rows import OF_RUN, JobRef, hold
from runyard.store.sql.run_points import buffer_of

SWEEP = "sweep"
CANCELED = JobError("Canceled", "The job was canceled.")

STATE_OF = "SELECT state FROM jobs WHERE run_id = ?"
SET_STATE = "UPDATE jobs SET state = ?, started_ms = coalesce(started_ms, ?) WHERE id = ?"
SET_STATUS = "UPDATE runs SET status = ? WHERE id = ?"
SET_START = "UPDATE runs SET start_ms = ? WHERE id = ?"
REQUEST = (
    "UPDATE jobs SET cancel_ms = coalesce(cancel_ms, ?), state = ?, waits = '' WHERE id = ? AND state < 8"
)
END = """UPDATE jobs SET state = ?, ended_ms = ?, error = ?, waits = '', holder = '', lease_ms = 0 WHERE id = ?
    AND state < 8"""
END_RUN = "UPDATE runs SET status = ?, end_ms = ? WHERE id = ?"
FORGET_BEATS = "DELETE FROM run_beats WHERE run_id = ?"
REVOKE = "UPDATE access_tokens SET revoked_ms = ? WHERE uuid = ? AND revoked_ms IS NULL"
FORGET_TOKEN = "DELETE FROM access_tokens WHERE uuid = ?"
FORGET_KEYS = "UPDATE job_texts SET token = NULL, code = NULL, code_hash = NULL WHERE job_id = ?"
ADD_RECORD = """INSERT INTO run_records (run_id, uuid, name, kind, logged_ms, body) VALUES (?, ?, 'error', 'error', ?, ?)
    ON CONFLICT (run_id, uuid) DO NOTHING"""
# The + keeps SQLite from looking through all jobs of the workspace instead of those of the parent.
ACTIVE_BELOW = """j.parent = ? AND j.parent <> '' AND +j.workspace_id = ? AND j.state < 8 AND j.cancel_ms IS NULL
    ORDER BY j.id LIMIT ?"""
SOME_BELOW = (
    "SELECT 1 FROM jobs WHERE parent = ? AND parent <> '' AND +workspace_id = ? AND state < 8 LIMIT 1"
)
MARK = "UPDATE jobs SET cancel_ms = ? WHERE {of} = ? AND state < 8 AND cancel_ms IS NULL"
MARK_BELOW = f"{MARK.format(of='parent')} AND parent <> '' AND +workspace_id = ?"
MARKED = f"""j.state < 8 AND j.state <> {JobState.CANCEL_REQUESTED:d} AND j.cancel_ms IS NOT NULL ORDER BY +j.id
    LIMIT ?"""
AT_ONCE = 500  # jobs that one request cancels itself
WAITS_FOR_ENGINE = (
    "SELECT 1 FROM jobs WHERE state < 8 AND compute_id IS NOT NULL AND cancel_ms > ? AND {of} = ? LIMIT 1"
)
PATIENCE_MS = 3_600_000  # that records are kept for a job that its engine has yet to stop


def enter(tx: Transaction, job: JobRef, state: JobState) -> None:
    """A state that is not an end; whether it may follow is the caller's to know."""
    now = now_ms()
    began = state is JobState.RUNNING and job.started_ms is None
    tx.execute(SET_STATE, (state, now if began else None, job.id))
    if began:
        tx.execute(SET_START, (now, job.run.id))
    if began or state.status is not job.state.status:
        tx.execute(SET_STATUS, (state.status, job.run.id))
        buffer_of(tx).touch(job.run)
    told(tx, job.run)


def told(tx: Transaction, run: RunRef) -> None:
    """Whoever looks at the run's job reads it again."""
    tx.changes.of_runs((run,), ChangeKind.INFO)


def finish(tx: Transaction, job: JobRef, state: JobState, error: JobError | None) -> bool:
    """The job ends, for good; False when it had ended."""
    if job.cancel_ms is not None and (state is JobState.FAILED or job.error is not None):
        state, error = JobState.CANCELED, None
    elif job.error is not None:
        state, error = JobState.FAILED, msgspec.json.decode(job.error, type=JobError)
    now = now_ms()
    if state is JobState.CANCELED and error is None:
        error = CANCELED
    kept = None if error is None else msgspec.json.encode(error).decode()
    if not tx.execute(END, (state, now, kept, job.id)):
        return False
    tx.execute(END_RUN, (state.status, now, job.run.id))
    tx.execute(FORGET_BEATS, (job.run.id,))
    if job.kind == SWEEP:  # the tokens of its trials were made with it, and end with what it was made with
        tx.execute(REVOKE, (now, job.token_uuid))
    else:  # kept, those of all jobs that ever were would stand among the few tokens of a person
        tx.execute(FORGET_TOKEN, (job.token_uuid,))
    tx.execute(FORGET_KEYS, (job.id,))
    if error is not None and state is JobState.FAILED:
        body = msgspec.json.encode({"code": error.code, "message": error.message}).decode()
        tx.execute(ADD_RECORD, (job.run.id, f"job-{job.id}", now, body))
        if job.run.stage == Stage.ACTIVE:
            tell(tx, job.run, AlertEvent.FAILED, f"{error.code}: {error.message}")
    buffer_of(tx).touch(job.run)
    told(tx, job.run)
    if job.parent:
        _end_canceled_parent(tx, job)
    return True


def request_cancel(tx: Transaction, job: JobRef) -> None:
    """To be canceled, with all below it; what nobody works on is canceled at once. Again: nothing more happens.

    Of very many below it some are, the others as `go_on_canceling` comes to them; nothing of those is handed over meanwhile.
    """
    if not job.state.ended:
        _request_all(tx, [job])


def _request_all(tx: Transaction, jobs: Sequence[JobRef]) -> None:
    """As `request_cancel`, for several. Cost: AT_ONCE jobs and those of `jobs`, and a mark in each of the others."""
    family, seen = list(jobs), {one.id for one in jobs}
    for one in family:  # which grows meanwhile: jobs below jobs below jobs are no recursion
        place = (one.run.uuid, one.run.workspace_id)
        room = max(0, AT_ONCE - len(family))
        below = hold(tx, ACTIVE_BELOW, (*place, room + 1))
        if len(below) > room:
            tx.execute(MARK_BELOW, (now_ms(), *place))
        some = [child for child in below[:room] if child.id not in seen]
        family += some
        seen.update(child.id for child in some)
    for one in reversed(family):
        _request_one(tx, one)


def _request_one(tx: Transaction, job: JobRef) -> None:
    if _is_idle(tx, job):
        finish(tx, job, JobState.CANCELED, None)
    elif job.state is not JobState.CANCEL_REQUESTED and tx.execute(
        REQUEST, (now_ms(), JobState.CANCEL_REQUESTED, job.id)
    ):
        if job.state.status is not JobState.CANCEL_REQUESTED.status:
            tx.execute(SET_STATUS, (JobState.CANCEL_REQUESTED.status, job.run.id))
            buffer_of(tx).touch(job.run)
        told(tx, job.run)


def _is_idle(tx: Transaction, job: JobRef) -> bool:
    """Whether no engine, no runner and no job below it has to be stopped first."""
    if job.kind == SWEEP:
        return tx.one(SOME_BELOW, (job.run.uuid, job.run.workspace_id)) is None
    if job.state is JobState.NOT_STARTED:
        return True
    return job.compute_id is None and not job.attempt


def _end_canceled_parent(tx: Transaction, job: JobRef) -> None:
    """The parent of a sweep that was canceled ends with the last job below it."""
    for parent in hold(tx, OF_RUN, (job.parent, job.run.workspace_id)):
        if parent.kind == SWEEP and parent.cancel_ms is not None and _is_idle(tx, parent):
            finish(tx, parent, JobState.CANCELED, None)


def has_job(c: Connection, run_id: int) -> bool:
    """Whether a run's status is that of a job."""
    return c.one(STATE_OF, (run_id,)) is not None


def takes_status(tx: Transaction, run: RunRef, status: RunStatus | None) -> bool:
    """Whether the run's status and end are its job's, and what a client says of them changes nothing but that KILLED
    cancels the job.
    """
    if not has_job(tx, run.id):
        return False
    if status is RunStatus.KILLED:
        cancel_where(tx, "run_id", run.id)
    return True


def cancel_where(tx: Transaction, place: str, value: int) -> None:
    """Active jobs of a run, an experiment or a workspace are to be canceled: some at once, the others as `go_on_canceling`
    comes to them; nothing of those is handed over meanwhile.

    Args:
        place: a column of jobs.
    """
    some = hold(
        tx, f"j.{place} = ? AND j.state < 8 AND j.cancel_ms IS NULL ORDER BY j.id LIMIT ?", (value, AT_ONCE)
    )
    _request_all(tx, some)
    if len(some) == AT_ONCE:
        tx.execute(MARK.format(of=place), (now_ms(), value))


def go_on_canceling(tx: Transaction, limit: int) -> int:
    """Some of those that were only marked; how many."""
    found = hold(tx, MARKED, (limit,))
    _request_all(tx, found)
    return len(found)


def is_awaited(c: Connection, column: str, value: int) -> bool:
    """Whether an engine has yet to stop a job of a run, experiment or workspace that was deleted within the last hour."""
    return c.one(WAITS_FOR_ENGINE.format(of=column), (now_ms() - PATIENCE_MS, value)) is not None

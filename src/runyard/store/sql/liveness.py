"""Statements about signs of life: runs that fall silent fail, and come back with the next sign."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from runyard.entities.alert import LOST_TAG, WHOLE_WORKSPACE, AlertEvent
from runyard.entities.common import Stage, Tag
from runyard.entities.run import RunStatus
from runyard.errors import CallerError
from runyard.store.alert_contracts import Beat
from runyard.store.journal_contracts import Admission
from runyard.store.sql import experiments
from runyard.store.sql.alert_events import tell
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Transaction
from runyard.store.sql.intern import RunRef
from runyard.store.sql.jobs_changes import has_job
from runyard.store.sql.run_points import buffer_of
from runyard.store.sql.runs import DELETE_TAG, STATUS, active_run, write_tags

ALIVE = (RunStatus.RUNNING, RunStatus.SCHEDULED)
PATIENCE = 2.5  # intervals that a sign may be late, whatever is set

LIMITS = "SELECT experiment_id, seconds FROM liveness WHERE workspace_id = ?"
SET_LIMIT = """INSERT INTO liveness (workspace_id, experiment_id, seconds) VALUES (?, ?, ?)
    ON CONFLICT (workspace_id, experiment_id) DO UPDATE SET seconds = excluded.seconds"""
DROP_LIMIT = "DELETE FROM liveness WHERE workspace_id = ? AND experiment_id = ?"
LAST = "SELECT beat_ms, points, point_ms FROM run_beats WHERE run_id = ?"
PUT = """INSERT INTO run_beats (run_id, beat_ms, due_ms, host, points, point_ms) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (run_id) DO UPDATE SET beat_ms = excluded.beat_ms, due_ms = excluded.due_ms, host = excluded.host,
    points = excluded.points, point_ms = excluded.point_ms, lost_ms = NULL"""
ENDED = "SELECT ended_ms FROM journals WHERE workspace_id = ? AND id = ?"
FORGET = "DELETE FROM run_beats WHERE run_id = ?"
FOUND = """UPDATE run_beats SET lost_ms = NULL, due_ms = ? + (due_ms - beat_ms), beat_ms = ?
    WHERE run_id = ? AND lost_ms IS NOT NULL"""
OVERDUE = """SELECT r.id, r.uuid, r.workspace_id, r.experiment_id, r.stage, r.status, b.beat_ms, b.host
    FROM run_beats b JOIN runs r ON r.id = b.run_id WHERE b.lost_ms IS NULL AND b.due_ms <= ? ORDER BY b.due_ms LIMIT ?"""
LOSE = "UPDATE run_beats SET lost_ms = ? WHERE run_id = ? AND lost_ms IS NULL AND due_ms <= ?"
PUT_LOST = """INSERT INTO run_beats (run_id, beat_ms, due_ms, host, points, point_ms, lost_ms)
    VALUES (?, ?, ?, ?, 0, ?, ?) ON CONFLICT (run_id) DO UPDATE SET lost_ms = excluded.lost_ms"""
FAIL = "UPDATE runs SET status = ?, end_ms = ? WHERE id = ?"
REVIVE = "UPDATE runs SET status = ?, end_ms = NULL WHERE id = ?"
POINTS = "SELECT coalesce(sum(count), 0) FROM series WHERE run_id = ?"
STALLED = """SELECT id, stalled_s FROM alerts WHERE workspace_id = ? AND (experiment_id IS NULL OR experiment_id = ?)
    AND (events & ?) <> 0"""


class SqlLiveness:
    """LivenessStore on a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def limits(self, workspace_id: int) -> Mapping[int, int]:
        return await self._database.read(lambda c: _limits(c, workspace_id))

    async def set_limit(self, workspace_id: int, experiment_id: int, seconds: int | None) -> None:
        def work(tx: Transaction) -> None:
            if experiment_id != WHOLE_WORKSPACE:
                experiments.load(tx, workspace_id, experiment_id)
            if seconds is None:
                tx.execute(DROP_LIMIT, (workspace_id, experiment_id))
            else:
                tx.execute(SET_LIMIT, (workspace_id, experiment_id, seconds))

        await self._database.write(work, checked=True)

    async def beat(self, workspace_id: int, beat: Beat, admission: Admission) -> None:
        def work(tx: Transaction) -> None:
            if _has_ended(tx, workspace_id, beat.journal):
                return
            limits = _limits(tx, workspace_id)
            for run in _runs(tx, workspace_id, beat, admission):
                revive(tx, run)
                _note(tx, run, beat, limits)

        await self._database.write(work)

    async def end(self, workspace_id: int, beat: Beat, reason: str, admission: Admission) -> None:
        def work(tx: Transaction) -> None:
            now = now_ms()
            for run in _runs(tx, workspace_id, beat, admission):
                if not reason:
                    tx.execute(FORGET, (run.id,))
                elif _is_alive(tx, run):
                    tx.execute(PUT_LOST, (run.id, now, now, beat.host, now, now))
                    _fail(tx, run, now, reason)

        await self._database.write(work)

    async def lose_some(self, limit: int) -> int:
        """Let up to `limit` runs that are overdue fail; how many were looked at. Others may do the same meanwhile."""

        def work(tx: Transaction) -> int:
            now = now_ms()
            rows = tx.all(OVERDUE, (now, limit))
            for *ref, status, beat_ms, host in rows:
                run = RunRef(*ref)
                if status not in ALIVE or run.stage != Stage.ACTIVE or has_job(tx, run.id):
                    tx.execute(FORGET, (run.id,))
                elif tx.execute(LOSE, (now, run.id, now)):
                    _fail(tx, run, beat_ms, _silence(beat_ms, host))
            return len(rows)

        return await self._database.write(work)

    async def next_due(self) -> int | None:
        """When the next run is overdue, unless it gives a sign. Cost: one look into an index."""
        row = await self._database.peek(
            lambda c: c.one("SELECT min(due_ms) FROM run_beats WHERE lost_ms IS NULL")
        )
        return None if row is None else row[0]


def revive(tx: Transaction, run: RunRef) -> None:
    """A run that counted as lost is not. Cost: one look, where it did not."""
    now = now_ms()
    if not tx.execute(FOUND, (now, now, run.id)):
        return
    status = tx.one(STATUS, (run.id,))
    if tx.execute(DELETE_TAG, (run.id, LOST_TAG)) and status == (RunStatus.FAILED,):
        tx.execute(REVIVE, (RunStatus.RUNNING, run.id))
    buffer_of(tx).touch(run)


def forget_beats(tx: Transaction, run: RunRef) -> None:
    """The run has ended; nobody waits for a sign of it."""
    tx.execute(FORGET, (run.id,))


def _has_ended(tx: Transaction, workspace_id: int, journal: str) -> bool:
    """Locked, so that a journal that ends just now ends after this transaction."""
    lock = " FOR SHARE" if tx.dialect == "postgresql" else ""
    row = tx.one(ENDED + lock, (workspace_id, journal))
    return row is not None and row[0] is not None


def _limits(c: Connection, workspace_id: int) -> dict[int, int]:
    return dict(c.all(LIMITS, (workspace_id,)))


def _runs(tx: Transaction, workspace_id: int, beat: Beat, admission: Admission) -> list[RunRef]:
    """Those that are there, in use and the sender's to log to."""
    found = []
    for run_id in dict.fromkeys(beat.run_ids):
        try:
            run = active_run(tx, workspace_id, run_id)
        except CallerError:
            continue
        if admission.permits(run.experiment_id):
            found.append(run)
    return sorted(found)


def _is_alive(tx: Transaction, run: RunRef) -> bool:
    """Whether it is under way, and nobody else watches it: a submitted run is its job's."""
    row = tx.one(STATUS, (run.id,))
    return row is not None and row[0] in ALIVE and not has_job(tx, run.id)


def _note(tx: Transaction, run: RunRef, beat: Beat, limits: Mapping[int, int]) -> None:
    seconds = limits.get(run.experiment_id, limits.get(WHOLE_WORKSPACE, beat.default_s))
    if not seconds or not _is_alive(tx, run):
        tx.execute(FORGET, (run.id,))
        return
    now = now_ms()
    due = now + int(max(seconds, PATIENCE * beat.interval_s) * 1000)
    points, point_ms = _progress(tx, run, now)
    tx.execute(PUT, (run.id, now, due, beat.host, points, point_ms))


def _progress(tx: Transaction, run: RunRef, now: int) -> tuple[int, int]:
    """How many points it has and since when; whoever wants to know is told when that is too long ago."""
    wanted = tx.all(STALLED, (run.workspace_id, run.experiment_id, int(AlertEvent.STALLED)))
    if not wanted:
        return 0, now
    row = tx.one(POINTS, (run.id,))
    points = 0 if row is None else int(row[0])
    last = tx.one(LAST, (run.id,))
    if last is None or last[1] != points:
        return points, now
    beat_ms, _, point_ms = last
    for alert, seconds in wanted:
        if beat_ms - point_ms < seconds * 1000 <= now - point_ms:
            reason = f"No point was logged for {(now - point_ms) // 1000} s."
            tell(tx, run, AlertEvent.STALLED, reason, alerts=[alert])
    return points, point_ms


def _fail(tx: Transaction, run: RunRef, end_ms: int, reason: str) -> None:
    tx.execute(FAIL, (RunStatus.FAILED, end_ms, run.id))
    write_tags(tx, run, [Tag(LOST_TAG, reason)])
    buffer_of(tx).touch(run)
    tell(tx, run, AlertEvent.FAILED, reason)


def _silence(beat_ms: int, host: str) -> str:
    when = datetime.fromtimestamp(beat_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"No sign of life since {when}" + (f" from {host}." if host else ".")

"""Statements about runs whose clients give no signs of life: whether they stand still is told by when they last changed.

Such a run has a row among the signs, which is never due and holds the run's version in place of the count of its points.
"""

from __future__ import annotations

from typing import NamedTuple

from runyard.entities.alert import AlertEvent
from runyard.entities.common import Stage
from runyard.entities.run import RunStatus
from runyard.store.sql.alert_events import tell
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Row, Transaction
from runyard.store.sql.intern import RunRef

NEVER = 2**62
MOST = 1_000  # runs of an alert that are looked at, the newest
BREAK_MS = 300_000  # since the last look: nobody could have heard of a change
OLD_MS = 86_400_000  # a run that began earlier and was not looked at yet may have been left behind long ago
WANTED = "SELECT id, workspace_id, experiment_id, stalled_s FROM alerts WHERE (events & ?) <> 0 ORDER BY id"
COLUMNS = """r.id, r.uuid, r.workspace_id, r.experiment_id, r.stage, r.version, r.start_ms, b.beat_ms, b.points,
    b.point_ms"""
RUNNING = f"""SELECT {COLUMNS} FROM runs r LEFT JOIN run_beats b ON b.run_id = r.id
    WHERE r.experiment_id = ? AND r.status = ? AND r.stage = ? AND (b.run_id IS NULL OR b.due_ms = ?)
    ORDER BY r.id DESC LIMIT ?"""
RUNNING_ANYWHERE = f"""SELECT {COLUMNS} FROM experiments e JOIN runs r ON r.experiment_id = e.id
    LEFT JOIN run_beats b ON b.run_id = r.id
    WHERE e.workspace_id = ? AND r.status = ? AND r.stage = ? AND (b.run_id IS NULL OR b.due_ms = ?)
    ORDER BY r.id DESC LIMIT ?"""
PUT = """INSERT INTO run_beats (run_id, beat_ms, due_ms, host, points, point_ms) VALUES (?, ?, ?, '', ?, ?)
    ON CONFLICT (run_id) DO UPDATE SET beat_ms = excluded.beat_ms, points = excluded.points,
    point_ms = excluded.point_ms WHERE run_beats.due_ms = excluded.due_ms"""
ENDED = """DELETE FROM run_beats WHERE due_ms = ? AND run_id IN (SELECT b.run_id FROM run_beats b JOIN runs r
    ON r.id = b.run_id WHERE b.due_ms = ? AND (r.status <> ? OR r.stage <> ?) LIMIT ?)"""
UNWANTED = "DELETE FROM run_beats WHERE due_ms = ?"
ANY = "SELECT 1 FROM run_beats WHERE due_ms = ? LIMIT 1"


class QuietRuns:
    """Looks at such runs now and then, where somebody wants to be told of runs that stand still."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def look(self) -> None:
        """Note which have changed since the last look; tell of those that have not for too long.

        Cost: where nobody wants to be told, one read; else the runs that are under way, and a row for each.
        """
        wanted = await self._database.peek(lambda c: c.all(WANTED, (int(AlertEvent.STALLED),)))
        if wanted:
            now = now_ms()
            found = await self._database.read(lambda c: _seen(c, wanted, now))
            await self._database.write(lambda tx: _note(tx, found))
        elif await self._database.peek(lambda c: c.one(ANY, (NEVER,))):
            await self._database.write(lambda tx: tx.execute(UNWANTED, (NEVER,)))


class _Found(NamedTuple):
    """What a look has found: rows to keep, and whom to tell of which run and why."""

    signs: dict[int, Row]
    still: list[tuple[int, RunRef, str]]


def _seen(c: Connection, alerts: list[Row], now: int) -> _Found:
    found = _Found({}, [])
    for alert, workspace_id, experiment_id, seconds in alerts:
        sql, place = (RUNNING_ANYWHERE, workspace_id) if experiment_id is None else (RUNNING, experiment_id)
        for *ref, version, start_ms, beat_ms, known, point_ms in c.all(
            sql, (place, RunStatus.RUNNING, Stage.ACTIVE, NEVER, MOST)
        ):
            run = RunRef(*ref)
            before, since = _since(now, version, start_ms, beat_ms, known, point_ms)
            if before < seconds * 1000 <= now - since:
                found.still.append((alert, run, f"Nothing was logged for {(now - since) // 1000} s."))
            found.signs[run.id] = (run.id, now, NEVER, version, since)
    return found


def _note(tx: Transaction, found: _Found) -> None:
    tx.execute(ENDED, (NEVER, NEVER, RunStatus.RUNNING, Stage.ACTIVE, MOST))
    for alert, run, reason in found.still:
        tell(tx, run, AlertEvent.STALLED, reason, alerts=[alert])
    tx.many(PUT, [found.signs[run_id] for run_id in sorted(found.signs)])


def _since(
    now: int, version: int, start_ms: int | None, beat_ms: int | None, known: int | None, point_ms: int | None
) -> tuple[int, int]:
    """For how long the run had not changed at the last look, and since when it has not. Milliseconds."""
    if beat_ms is None or point_ms is None:
        left_behind = start_ms is not None and start_ms < now - OLD_MS
        return (NEVER, 0) if left_behind else (0, now)
    if known != version:
        return 0, now
    if now - beat_ms > BREAK_MS and point_ms > 0:
        return beat_ms - point_ms, point_ms + (now - beat_ms)
    return (NEVER, 0) if not point_ms else (beat_ms - point_ms, point_ms)

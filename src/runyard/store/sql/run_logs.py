"""Statements about logs of runs."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.change import ChangeKind
from runyard.entities.common import Stage
from runyard.entities.log_rules import run_absent
from runyard.entities.run import RunStatus
from runyard.entities.run_log import HEAD_BYTES, TAIL_BYTES, LogPlace, LogState, LogText, RunLog
from runyard.entities.workspace import DEFAULT_WORKSPACE_ID
from runyard.errors import InvalidInput, InvalidState, LogGap, shown
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Row, Transaction
from runyard.store.sql.runs import active_run

MERGED_BYTES = 32 * 1024  # two neighbours have more, so that a log of many small appends has few rows
COLUMNS = "id, name, size, state, updated_ms, gap_start, gap_stop"
FIND_RUN = "SELECT id FROM runs WHERE uuid = ? AND workspace_id = ?"
FIND = f"SELECT {COLUMNS} FROM run_logs WHERE run_id = ? AND name = ?"
LIST = f"SELECT {COLUMNS} FROM run_logs WHERE run_id = ? ORDER BY name"
UNSEALED = f"SELECT {COLUMNS} FROM run_logs WHERE run_id = ? AND state IN (1, 2) ORDER BY name"
COUNT = "SELECT count(*) FROM run_logs WHERE run_id = ?"
NEW = """INSERT INTO run_logs (run_id, name, size, state, gap_start, gap_stop, updated_ms) VALUES (?, ?, 0, 0, 0, 0, ?)
    ON CONFLICT (run_id, name) DO NOTHING"""
TOUCH = "UPDATE run_logs SET updated_ms = ? WHERE run_id = ? AND name = ?"
GROW = "UPDATE run_logs SET size = ?, gap_start = ?, gap_stop = ? WHERE id = ?"
LAST = "SELECT start, body FROM run_log_chunks WHERE log_id = ? AND start >= ? ORDER BY start DESC LIMIT 1"
ADD = "INSERT INTO run_log_chunks (log_id, start, body) VALUES (?, ?, ?)"
REPLACE = "UPDATE run_log_chunks SET body = ? WHERE log_id = ? AND start = ?"
MIDDLE = "SELECT start, length(body) FROM run_log_chunks WHERE log_id = ? AND start >= ? AND start < ? ORDER BY start"
REMOVE = "DELETE FROM run_log_chunks WHERE log_id = ? AND start = ?"
FROM = """SELECT start, body FROM run_log_chunks WHERE log_id = ? AND start >=
    COALESCE((SELECT max(start) FROM run_log_chunks WHERE log_id = ? AND start <= ?), 0) AND start < ? ORDER BY start"""
CLOSE = "UPDATE run_logs SET state = 1 WHERE state = 0 AND run_id = ?"
PUT_OFF = "UPDATE run_logs SET updated_ms = ? WHERE state IN (1, 2) AND run_id = ?"
SET_STATE = "UPDATE run_logs SET state = ? WHERE id = ? AND state <> 0"
REMOVE_SOME = """DELETE FROM run_log_chunks WHERE (log_id, start) IN
    (SELECT log_id, start FROM run_log_chunks WHERE log_id = ? LIMIT ?)"""
OF_RUN = f"""SELECT r.workspace_id, w.guid, r.uuid, r.artifact_uri FROM runs r JOIN workspaces w ON w.id = r.workspace_id
    WHERE r.uuid = ? AND r.workspace_id = ? AND r.stage = {Stage.ACTIVE:d}"""
ENDED = f"{RunStatus.FINISHED:d}, {RunStatus.FAILED:d}, {RunStatus.KILLED:d}"
FORGOTTEN = f"""SELECT DISTINCT r.workspace_id, w.guid, r.uuid, r.artifact_uri FROM run_logs l
    JOIN runs r ON r.id = l.run_id JOIN workspaces w ON w.id = r.workspace_id
    WHERE l.state < 3 AND l.updated_ms <= ? AND r.stage = {Stage.ACTIVE:d} AND w.deleted_ms IS NULL
    AND (l.state > 0 OR r.status IN ({ENDED})) LIMIT ?"""


class SqlRunLogs:
    """RunLogStore on a Database.

    Args:
        head_bytes, tail_bytes: what is kept of a long log.
    """

    def __init__(
        self, database: Database, head_bytes: int = HEAD_BYTES, tail_bytes: int = TAIL_BYTES
    ) -> None:
        self._database = database
        self._head = head_bytes
        self._tail = tail_bytes

    async def append(
        self, workspace_id: int, run_id: str, name: str, offset: int, body: bytes, limit: int
    ) -> int:
        def work(tx: Transaction) -> int:
            if "\0" in run_id:
                raise run_absent(run_id)
            run = active_run(tx, workspace_id, run_id)
            if tx.one(FIND, (run.id, name)) is None:
                _check_count(tx, run.id, run_id, limit)
                tx.execute(NEW, (run.id, name, now_ms()))
            tx.execute(TOUCH, (now_ms(), run.id, name))  # others that append wait from here on
            row = tx.one(FIND, (run.id, name))
            assert row is not None
            log = _log(row)
            _check(log, run_id, offset)
            new = body[log.size - offset :]
            if new:
                self._add(tx, log, new)
                tx.changes.of_runs((run,), ChangeKind.LOGS)
            return log.size + len(new)

        return await self._database.write(work)

    async def list(self, workspace_id: int, run_id: str) -> Sequence[RunLog]:
        def work(c: Connection) -> Sequence[RunLog]:
            return [_log(row) for row in c.all(LIST, (_find(c, workspace_id, run_id),))]

        return await self._database.read(work)

    async def read(
        self, workspace_id: int, run_id: str, name: str, offset: int, limit: int
    ) -> LogText | None:
        def work(c: Connection) -> LogText | None:
            row = c.one(FIND, (_find(c, workspace_id, run_id), name))
            return None if row is None else _text(c, _log(row), offset, limit)

        return await self._database.read(work)

    async def close(self, workspace_id: int, run_id: str) -> None:
        def work(tx: Transaction) -> None:
            row = tx.one(FIND_RUN, (run_id, workspace_id))
            if row is not None:
                tx.execute(CLOSE, (row[0],))

        await self._database.write(work, checked=True)

    async def unsealed(self, workspace_id: int, run_id: str) -> Sequence[RunLog]:
        def work(c: Connection) -> Sequence[RunLog]:
            return [_log(row) for row in c.all(UNSEALED, (_find(c, workspace_id, run_id),))]

        return await self._database.read(work)

    async def place(self, workspace_id: int, run_id: str) -> LogPlace | None:
        row = await self._database.read(lambda c: c.one(OF_RUN, (run_id, workspace_id)))
        return None if row is None else _place(row)

    async def set_state(self, row: int, state: LogState) -> None:
        await self._database.write(lambda tx: tx.execute(SET_STATE, (state, row)), checked=True)

    async def remove_text(self, row: int, pieces: int) -> bool:
        done = await self._database.write(lambda tx: tx.execute(REMOVE_SOME, (row, pieces)), checked=True)
        return done == pieces

    async def put_off(self, workspace_id: int, run_id: str) -> None:
        def work(tx: Transaction) -> None:
            row = tx.one(FIND_RUN, (run_id, workspace_id))
            if row is not None:
                tx.execute(PUT_OFF, (now_ms(), row[0]))

        await self._database.write(work, checked=True)

    async def forgotten(self, silent_ms: int, limit: int) -> Sequence[LogPlace]:
        until = now_ms() - silent_ms
        rows = await self._database.peek(lambda c: c.all(FORGOTTEN, (until, limit)))
        return [_place(row) for row in rows]

    def _add(self, tx: Transaction, log: RunLog, new: bytes) -> None:
        size = log.size + len(new)
        last = tx.one(LAST, (log.row, max(log.gap_stop, log.size - MERGED_BYTES)))
        if last is not None and len(last[1]) + len(new) <= MERGED_BYTES:
            tx.execute(REPLACE, (bytes(last[1]) + new, log.row, last[0]))
        else:
            tx.execute(ADD, (log.row, log.size, new))
        gap = self._leave_out(tx, log, size)
        tx.execute(GROW, (size, *gap, log.row))

    def _leave_out(self, tx: Transaction, log: RunLog, size: int) -> tuple[int, int]:
        """Remove what is behind the beginning and before the end; the gap afterwards."""
        start, stop = log.gap_start, log.gap_stop
        if size <= self._head + self._tail:
            return start, stop
        for first, length in tx.all(MIDDLE, (log.row, self._head, size - self._tail)):
            if first + length > size - self._tail:
                break
            tx.execute(REMOVE, (log.row, first))
            start, stop = (start if stop else first), first + length
        return start, stop


def _check_count(tx: Transaction, row: int, run_id: str, limit: int) -> None:
    count = tx.one(COUNT, (row,))
    if count is not None and count[0] >= limit:
        raise InvalidInput(
            f"Run {shown(run_id)} has {limit} logs, which is as many as a run may have. Upload others as artifacts."
        )


def _check(log: RunLog, run_id: str, offset: int) -> None:
    if not log.is_open:
        raise InvalidState(
            f"The log {shown(log.name)} of run {shown(run_id)} is closed: its job has ended. Upload more as an artifact."
        )
    if offset > log.size:
        raise LogGap(
            f"The log {shown(log.name)} has {log.size} bytes; bytes from {offset} on cannot follow. Send those between.",
            log.size,
        )


def _text(c: Connection, log: RunLog, offset: int, limit: int) -> LogText:
    start = min(log.size, offset) if offset >= 0 else max(0, log.size + offset)
    if log.is_artifact:
        return LogText(log, start, b"", start)
    if log.gap_start <= start < log.gap_stop:
        return LogText(log, start, log.gap_note, log.gap_stop)
    stop = min(log.size, start + limit)
    if start < log.gap_start:
        stop = min(stop, log.gap_start)
    body = _between(c, log.row, start, stop)
    return LogText(log, start, body, start + len(body))


def _between(c: Connection, row: int, start: int, stop: int) -> bytes:
    found = c.all(FROM, (row, row, start, stop)) if start < stop else ()
    return b"".join(bytes(body[max(0, start - first) : stop - first]) for first, body in found)


def _find(c: Connection, workspace_id: int, run_id: str) -> int:
    row = None if "\0" in run_id else c.one(FIND_RUN, (run_id, workspace_id))
    if row is None:
        raise run_absent(run_id)
    return int(row[0])


def _log(row: Row) -> RunLog:
    return RunLog(row[0], row[1], row[2], LogState(row[3]), *row[4:7])


def _place(row: Row) -> LogPlace:
    return LogPlace(row[0], "" if row[0] == DEFAULT_WORKSPACE_ID else row[1], row[2], row[3])

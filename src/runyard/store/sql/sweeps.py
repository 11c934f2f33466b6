"""Statements about sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runyard.entities.job import JobState
from runyard.entities.sweep import Stop, Sweep, SweepConfig, Trial
from runyard.errors import AlreadyExists, shown
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Row, Transaction

COLUMNS = "id, workspace_id, uuid, config, created_ms, best"
NEW = """INSERT INTO sweeps (workspace_id, uuid, config, created_ms) VALUES (?, ?, ?, ?)
    ON CONFLICT (uuid, workspace_id) DO NOTHING"""
FIND = f"SELECT {COLUMNS} FROM sweeps WHERE uuid = ? AND workspace_id = ?"
ATTACH = """UPDATE sweeps SET run_id = (SELECT r.id FROM runs r WHERE r.uuid = sweeps.uuid
    AND r.workspace_id = sweeps.workspace_id) WHERE id = ? AND run_id IS NULL"""
ACTIVE = f"SELECT {COLUMNS} FROM sweeps WHERE done = 0 ORDER BY id"
KEY = "SELECT id FROM keys WHERE name = ?"
TRIALS = """SELECT t.number, t.uuid, t.parameters, j.state, t.stop, t.noted, s.count, s.min_value, s.max_value
    FROM sweep_trials t LEFT JOIN jobs j ON j.uuid = t.uuid AND j.workspace_id = ? AND j.parent = ?
    LEFT JOIN series s ON s.run_id = j.run_id AND s.key_id = ? WHERE t.sweep_id = ? ORDER BY t.number"""
LOGGED = """SELECT DISTINCT k.name FROM jobs j JOIN series s ON s.run_id = j.run_id JOIN keys k ON k.id = s.key_id
    WHERE j.parent = ? AND j.parent <> '' AND j.workspace_id = ? AND k.name NOT LIKE 'system/%' ORDER BY k.name LIMIT ?"""
ADD = """INSERT INTO sweep_trials (sweep_id, number, uuid, parameters) VALUES (?, ?, ?, ?)
    ON CONFLICT (sweep_id, number) DO NOTHING"""
TRIAL = "SELECT number, uuid, parameters, NULL, stop, noted, NULL, NULL, NULL FROM sweep_trials WHERE sweep_id = ? AND number = ?"
STOP = "UPDATE sweep_trials SET stop = ? WHERE sweep_id = ? AND number = ? AND stop = 0"
NOTE = "UPDATE sweep_trials SET noted = 1 WHERE sweep_id = ? AND number = ?"
SET_BEST = "UPDATE sweeps SET best = ? WHERE id = ?"
FINISH = "UPDATE sweeps SET done = 1 WHERE id = ?"
DISCARD = "DELETE FROM sweeps WHERE id = ? AND run_id IS NULL AND NOT EXISTS (SELECT 1 FROM sweep_trials WHERE sweep_id = sweeps.id)"
_config = msgspec.json.Decoder(SweepConfig)


class SqlSweeps:
    """SweepStore on a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, workspace_id: int, run_id: str, config: SweepConfig) -> Sweep:
        text = msgspec.json.encode(config).decode()

        def work(tx: Transaction) -> Sweep:
            tx.execute(NEW, (workspace_id, run_id, text, now_ms()))
            row = tx.one(FIND, (run_id, workspace_id))
            assert row is not None
            found = _sweep(row)
            if found.config != _config.decode(text):
                raise AlreadyExists(
                    f"The run id {shown(run_id)} is taken by another sweep. Choose another one."
                )
            return found

        return await self._database.write(work)

    async def attach(self, row: int) -> None:
        await self._database.write(lambda tx: tx.execute(ATTACH, (row,)), checked=True)

    async def find(self, workspace_id: int, run_id: str) -> Sweep | None:
        row = await self._database.read(lambda c: c.one(FIND, (run_id, workspace_id)))
        return None if row is None else _sweep(row)

    async def active(self) -> Sequence[Sweep]:
        rows = await self._database.peek(lambda c: c.all(ACTIVE))
        return [_sweep(row) for row in rows]

    async def trials(self, sweep: Sweep) -> Sequence[Trial]:
        def work(c: Connection) -> Sequence[Trial]:
            key = c.one(KEY, (sweep.config.metric,))
            rows = c.all(
                TRIALS, (sweep.workspace_id, sweep.run_id, None if key is None else key[0], sweep.row)
            )
            return [_trial(row, sweep.config) for row in rows]

        return await self._database.read(work)

    async def logged(self, sweep: Sweep, limit: int) -> Sequence[str]:
        params = (sweep.run_id, sweep.workspace_id, limit)
        return [row[0] for row in await self._database.read(lambda c: c.all(LOGGED, params))]

    async def add_trial(self, row: int, number: int, run_id: str, parameters: Mapping[str, Any]) -> Trial:
        text = msgspec.json.encode(parameters).decode()

        def work(tx: Transaction) -> Trial:
            tx.execute(ADD, (row, number, run_id, text))
            found = tx.one(TRIAL, (row, number))
            assert found is not None
            return _trial(found, None)

        return await self._database.write(work, checked=True)

    async def stop_trials(self, row: int, numbers: Sequence[int], why: Stop) -> None:
        rows = [(why, row, number) for number in numbers]
        await self._database.write(lambda tx: tx.many(STOP, rows), checked=True)

    async def note(self, row: int, number: int) -> None:
        await self._database.write(lambda tx: tx.execute(NOTE, (row, number)), checked=True)

    async def set_best(self, row: int, run_id: str) -> None:
        await self._database.write(lambda tx: tx.execute(SET_BEST, (run_id, row)), checked=True)

    async def finish(self, row: int) -> None:
        await self._database.write(lambda tx: tx.execute(FINISH, (row,)), checked=True)

    async def discard(self, row: int) -> None:
        await self._database.write(lambda tx: tx.execute(DISCARD, (row,)), checked=True)


def _sweep(row: Row) -> Sweep:
    return Sweep(row[0], row[1], row[2], _config.decode(row[3]), row[4], row[5])


def _trial(row: Row, config: SweepConfig | None) -> Trial:
    best = None if config is None else row[8] if config.maximizes else row[7]
    return Trial(
        row[0],
        row[1],
        msgspec.json.decode(row[2]),
        None if row[3] is None else JobState(row[3]),
        Stop(row[4]),
        bool(row[5]),
        row[6] or 0,
        best,
    )

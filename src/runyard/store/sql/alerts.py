"""Statements about alerts and the messages that wait for delivery."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.alert import Alert, AlertEvent
from runyard.errors import InvalidInput, NotFound, shown
from runyard.store.alert_contracts import Delivery, NewAlert
from runyard.store.sql import experiments
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Row, Transaction

COLUMNS = "name, experiment_id, events, stalled_s, host, created_by, created_ms, updated_ms, sent_ms, error"
PUT = """INSERT INTO alerts (workspace_id, name, experiment_id, events, stalled_s, host, sealed, created_by, created_ms,
    updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (workspace_id, name) DO UPDATE SET
    experiment_id = excluded.experiment_id, events = excluded.events, stalled_s = excluded.stalled_s,
    host = excluded.host, sealed = excluded.sealed, updated_ms = excluded.updated_ms, sent_ms = NULL, error = NULL"""
OTHERS = "SELECT count(*) FROM alerts WHERE workspace_id = ? AND name <> ?"
FIND = f"SELECT {COLUMNS}, sealed FROM alerts WHERE workspace_id = ? AND name = ?"
LIST = f"SELECT {COLUMNS} FROM alerts WHERE workspace_id = ? ORDER BY name"
DELETE = "DELETE FROM alerts WHERE workspace_id = ? AND name = ?"
DELETE_WAITING = """DELETE FROM alert_deliveries WHERE alert_id IN
    (SELECT id FROM alerts WHERE workspace_id = ? AND name = ?)"""
DUE = """SELECT d.id, a.id, a.workspace_id, a.name, a.sealed, d.event, d.body, d.attempts FROM alert_deliveries d
    JOIN alerts a ON a.id = d.alert_id
    WHERE d.next_ms <= ? ORDER BY d.next_ms, d.id LIMIT ?"""
DONE = "DELETE FROM alert_deliveries WHERE id = ?"
LATER = "UPDATE alert_deliveries SET attempts = attempts + 1, next_ms = ? WHERE id = ?"
OUTCOME = "UPDATE alerts SET sent_ms = ?, error = ? WHERE id = ?"


class SqlAlerts:
    """AlertStore on a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, workspace_id: int, new: NewAlert, limit: int) -> None:
        def work(tx: Transaction) -> None:
            if new.experiment_id is not None:
                experiments.load(tx, workspace_id, new.experiment_id)
            others = tx.one(OTHERS, (workspace_id, new.name))
            if others is not None and others[0] >= limit:
                raise InvalidInput(f"The workspace has {limit} alerts, which is as many as there may be.")
            now = now_ms()
            what = (new.name, new.experiment_id, int(new.events), new.stalled_s, new.host, new.sealed)
            tx.execute(PUT, (workspace_id, *what, new.created_by, now, now))

        await self._database.write(work, checked=True)

    async def find(self, workspace_id: int, name: str) -> tuple[Alert, bytes] | None:
        row = await self._database.read(lambda c: c.one(FIND, (workspace_id, name)))
        return None if row is None else (_alert(row), bytes(row[-1]))

    async def all_of(self, workspace_id: int) -> Sequence[Alert]:
        rows = await self._database.read(lambda c: c.all(LIST, (workspace_id,)))
        return [_alert(row) for row in rows]

    async def delete(self, workspace_id: int, name: str) -> None:
        def work(tx: Transaction) -> None:
            tx.execute(DELETE_WAITING, (workspace_id, name))
            if not tx.execute(DELETE, (workspace_id, name)):
                raise NotFound(f"There is no alert {shown(name, 100)} here.")

        await self._database.write(work)

    async def due(self, limit: int) -> list[Delivery]:
        """Messages whose time has come, the longest waiting first."""

        def work(c: Connection) -> list[Delivery]:
            return [
                Delivery(id_, alert, workspace, name, bytes(sealed), event, body, attempts)
                for id_, alert, workspace, name, sealed, event, body, attempts in c.all(
                    DUE, (now_ms(), limit)
                )
            ]

        return await self._database.peek(work)

    async def settle(self, delivery: Delivery, error: str | None, again_ms: int | None) -> None:
        """What became of a delivery. again_ms: when it is tried again; None: it has arrived, or is given up."""

        def work(tx: Transaction) -> None:
            if again_ms is None:
                tx.execute(DONE, (delivery.id,))
            else:
                tx.execute(LATER, (again_ms, delivery.id))
            tx.execute(OUTCOME, (now_ms(), error, delivery.alert_id))

        await self._database.write(work, checked=True)


def _alert(row: Row) -> Alert:
    return Alert(row[0], row[1], AlertEvent(row[2]), *row[3:10])

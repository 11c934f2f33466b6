"""Statements about registered datastores."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runyard.entities.datastore import ConfigValue, DatastoreRecord
from runyard.errors import AlreadyExists
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Database, Row, Transaction

COLUMNS = "id, name, kind, config, secret, created_by, created_ms, updated_ms"
BY_NAME = f"SELECT {COLUMNS} FROM datastores WHERE workspace_id = ? AND name = ?"
PAGE = f"SELECT {COLUMNS} FROM datastores WHERE workspace_id = ? AND name > ? ORDER BY name LIMIT ?"
INSERT = """INSERT INTO datastores (workspace_id, name, kind, config, secret, created_by, created_ms, updated_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (workspace_id, name) DO NOTHING RETURNING id"""
REPLACE = """UPDATE datastores SET kind = ?, config = ?, secret = ?, updated_ms = ?
    WHERE workspace_id = ? AND name = ?"""
DELETE = "DELETE FROM datastores WHERE workspace_id = ? AND name = ?"
DEFAULT = "SELECT default_datastore FROM workspaces WHERE id = ?"
SET_DEFAULT = "UPDATE workspaces SET default_datastore = ?, updated_ms = ? WHERE id = ?"
RESET_DEFAULT = f"{SET_DEFAULT} AND default_datastore = ?"


class SqlDatastores:
    """DatastoreStore on a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_datastore(self, workspace_id: int, record: DatastoreRecord, *, overwrite: bool) -> None:
        config = msgspec.json.encode(dict(record.config)).decode()

        def work(tx: Transaction) -> None:
            now = now_ms()
            values = (record.name, record.kind, config, record.secret, record.created_by, now, now)
            if tx.one(INSERT, (workspace_id, *values)) is not None:
                return
            if not overwrite:
                raise AlreadyExists(
                    f"There is a datastore named {record.name!r} already. Register it with overwrite=True to replace it."
                )
            tx.execute(REPLACE, (record.kind, config, record.secret, now, workspace_id, record.name))

        await self._database.write(work)

    async def find_datastore(self, workspace_id: int, name: str) -> DatastoreRecord | None:
        row = await self._database.read(lambda c: c.one(BY_NAME, (workspace_id, name)))
        return None if row is None else _record(row)

    async def list_datastores(self, workspace_id: int, after: str, limit: int) -> Sequence[DatastoreRecord]:
        rows = await self._database.read(lambda c: c.all(PAGE, (workspace_id, after, limit)))
        return [_record(row) for row in rows]

    async def delete_datastore(self, workspace_id: int, name: str, fallback: str) -> bool:
        def work(tx: Transaction) -> bool:
            gone = tx.execute(DELETE, (workspace_id, name)) > 0
            if gone:
                tx.execute(RESET_DEFAULT, (fallback, now_ms(), workspace_id, name))
            return gone

        return await self._database.write(work)

    async def default_datastore(self, workspace_id: int) -> str:
        row = await self._database.read(lambda c: c.one(DEFAULT, (workspace_id,)))
        return "" if row is None else str(row[0])

    async def set_default_datastore(self, workspace_id: int, name: str) -> None:
        await self._database.write(
            lambda tx: tx.execute(SET_DEFAULT, (name, now_ms(), workspace_id)), checked=True
        )


def _record(row: Row) -> DatastoreRecord:
    """A row; a configuration that an import brought and nobody can read is empty, and using it says what is missing."""
    record_id, name, kind, config, secret, *rest = row
    try:
        decoded = msgspec.json.decode(config, type=dict[str, ConfigValue])
    except msgspec.MsgspecError:
        decoded = {}
    return DatastoreRecord(record_id, name, kind, decoded, None if secret is None else bytes(secret), *rest)

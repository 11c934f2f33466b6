"""Statements about environments."""

from __future__ import annotations

import json

from runyard.entities.common import Page
from runyard.entities.environment import Environment, EnvironmentLock
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Row, Transaction
from runyard.store.sql.id_pages import IdPages
from runyard.store.sql.name_pages import NamePages

COLUMNS = "e.name, v.version, v.definition, v.hash, v.created_ms, v.created_by"
JOINED = "environments e JOIN environment_versions v ON v.environment_id = e.id"
NEW = "INSERT INTO environments (workspace_id, name, latest) VALUES (?, ?, 0) ON CONFLICT (workspace_id, name) DO NOTHING"
NEXT = "UPDATE environments SET latest = latest + 1 WHERE workspace_id = ? AND name = ?"
BACK = "UPDATE environments SET latest = latest - 1 WHERE workspace_id = ? AND name = ?"
NUMBER = "SELECT id, latest FROM environments WHERE workspace_id = ? AND name = ?"
ADD = """INSERT INTO environment_versions (environment_id, version, definition, hash, created_ms, created_by)
    VALUES (?, ?, ?, ?, ?, ?)"""
LAST = f"SELECT {COLUMNS} FROM {JOINED} AND v.version = e.latest WHERE e.workspace_id = ? AND e.name = ?"
ONE = f"SELECT {COLUMNS} FROM {JOINED} WHERE e.workspace_id = ? AND e.name = ? AND v.version = ?"
LIST = f"""SELECT {COLUMNS} FROM {JOINED} AND v.version = e.latest WHERE e.workspace_id = ? AND e.name > ?
    ORDER BY e.name LIMIT ?"""
VERSIONS = f"""SELECT {COLUMNS} FROM {JOINED} WHERE e.workspace_id = ? AND e.name = ? AND v.version < ?
    ORDER BY v.version DESC LIMIT ?"""
KEEP_LOCK = """INSERT INTO environment_locks (workspace_id, hash, platform, python, text, created_ms, created_by)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (workspace_id, hash, platform, python) DO NOTHING"""
LOCK = """SELECT hash, platform, python, text, created_ms, created_by FROM environment_locks
    WHERE workspace_id = ? AND hash = ? AND platform = ? AND python = ?"""
NAME, VERSION, DEFINITION = range(3)
FIRST = 2**62


class SqlEnvironments:
    """EnvironmentStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._names = NamePages(page_key, "environments")
        self._versions = IdPages(page_key, "environment versions")

    async def register(
        self, workspace_id: int, name: str, definition: str, hash: str, created_by: str
    ) -> Environment:
        def work(tx: Transaction) -> Environment:
            tx.execute(NEW, (workspace_id, name))
            tx.execute(NEXT, (workspace_id, name))  # others that register it wait from here on
            row = tx.one(NUMBER, (workspace_id, name))
            assert row is not None
            last = tx.one(ONE, (workspace_id, name, row[1] - 1))
            if last is not None and last[DEFINITION] == definition:
                tx.execute(BACK, (workspace_id, name))
                return _environment(last)
            tx.execute(ADD, (*row, definition, hash, now_ms(), created_by))
            made = tx.one(ONE, (workspace_id, name, row[1]))
            assert made is not None
            return _environment(made)

        return await self._database.write(work)

    async def find(self, workspace_id: int, name: str, version: int | None) -> Environment | None:
        def work(c: Connection) -> Row | None:
            if version is None:
                return c.one(LAST, (workspace_id, name))
            return c.one(ONE, (workspace_id, name, version))

        row = await self._database.read(work)
        return None if row is None else _environment(row)

    async def list(self, workspace_id: int, *, max_results: int, page_token: str | None) -> Page[Environment]:
        after = self._names.after(page_token, workspace_id)
        rows = await self._database.read(lambda c: c.all(LIST, (workspace_id, after, max_results + 1)))
        found, token = self._names.cut(rows, max_results, NAME, workspace_id)
        return Page([_environment(row) for row in found], token)

    async def versions(
        self, workspace_id: int, name: str, *, max_results: int, page_token: str | None
    ) -> Page[Environment]:
        query = (workspace_id, name)
        before = self._versions.after(page_token, *query) or FIRST
        rows = await self._database.read(lambda c: c.all(VERSIONS, (*query, before, max_results + 1)))
        found, token = self._versions.cut(rows, max_results, VERSION, *query)
        return Page([_environment(row) for row in found], token)

    async def keep_lock(self, workspace_id: int, lock: EnvironmentLock) -> EnvironmentLock:
        which = (workspace_id, lock.hash, lock.platform, lock.python)

        def work(tx: Transaction) -> EnvironmentLock:
            tx.execute(KEEP_LOCK, (*which, lock.text, now_ms(), lock.created_by))
            row = tx.one(LOCK, which)
            assert row is not None
            return EnvironmentLock(*row)

        return await self._database.write(work, checked=True)

    async def find_lock(
        self, workspace_id: int, hash: str, platform: str, python: str
    ) -> EnvironmentLock | None:
        row = await self._database.read(lambda c: c.one(LOCK, (workspace_id, hash, platform, python)))
        return None if row is None else EnvironmentLock(*row)


def _environment(row: Row) -> Environment:
    name, version, definition, hash, created_ms, created_by = row
    whole = {"name": name, "version": str(version), **json.loads(definition)}
    return Environment(name, str(version), whole, hash, created_ms, created_by)

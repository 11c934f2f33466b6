"""Statements about the secrets of a keyvault; values come and go encrypted."""

from __future__ import annotations

from runyard.entities.common import Page
from runyard.entities.secret import SecretInfo
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Database
from runyard.store.sql.name_pages import NamePages

PUT = """INSERT INTO secrets (workspace_id, name, value, created_by, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (workspace_id, name) DO UPDATE SET value = excluded.value, updated_ms = excluded.updated_ms"""
FIND = "SELECT value FROM secrets WHERE workspace_id = ? AND name = ?"
PAGE = """SELECT name, created_by, created_ms, updated_ms FROM secrets WHERE workspace_id = ? AND name > ?
    ORDER BY name LIMIT ?"""
DELETE = "DELETE FROM secrets WHERE workspace_id = ? AND name = ?"


class SqlSecrets:
    """SecretStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._pages = NamePages(page_key, "secrets")

    async def put_secret(self, workspace_id: int, name: str, value: bytes, created_by: str) -> None:
        now = now_ms()
        await self._database.write(
            lambda tx: tx.execute(PUT, (workspace_id, name, value, created_by, now, now)), checked=True
        )

    async def find_secret(self, workspace_id: int, name: str) -> bytes | None:
        row = await self._database.read(lambda c: c.one(FIND, (workspace_id, name)))
        return None if row is None else bytes(row[0])

    async def list_secrets(
        self, workspace_id: int, *, max_results: int, page_token: str | None
    ) -> Page[SecretInfo]:
        after = self._pages.after(page_token, workspace_id)
        rows = await self._database.read(lambda c: c.all(PAGE, (workspace_id, after, max_results + 1)))
        shown, token = self._pages.cut(rows, max_results, 0, workspace_id)
        return Page([SecretInfo(*row) for row in shown], token)

    async def delete_secret(self, workspace_id: int, name: str) -> bool:
        return (
            await self._database.write(lambda tx: tx.execute(DELETE, (workspace_id, name)), checked=True) > 0
        )

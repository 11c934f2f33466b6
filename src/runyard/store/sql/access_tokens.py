"""Statements about access tokens."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection

from runyard.entities.common import Page
from runyard.entities.principal import AccessToken, TokenKind
from runyard.errors import Unauthenticated
from runyard.store.principal_contracts import NewToken
from runyard.store.sql.database import Connection, Database, Transaction
from runyard.store.sql.id_pages import IdPages
from runyard.store.sql.identity import TOKEN, TOKEN_COLUMNS, token_of

INSERT = """INSERT INTO access_tokens
    (uuid, principal_id, kind, name, hash, actions, workspace_id, created_ms, expires_ms, made_with, created_by)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"""
TOKENS = f"""SELECT {TOKEN}, w.name, t.created_by, p.name FROM access_tokens t
    JOIN principals p ON p.id = t.principal_id LEFT JOIN workspaces w ON w.id = t.workspace_id"""
BY_UUID = f"{TOKENS} WHERE t.uuid = ?"
BY_SECRET = f"{TOKENS} WHERE t.hash = ?"
OF_PRINCIPAL = f"""{TOKENS} WHERE t.principal_id = ? AND t.kind IN ({{marks}}) AND t.id < ?
    ORDER BY t.id DESC LIMIT ?"""
FOR_OTHERS = f"""{TOKENS} WHERE t.created_by = ? AND p.name <> t.created_by AND t.id < ?
    ORDER BY t.id DESC LIMIT ?"""
GOOD = "SELECT 1 FROM access_tokens WHERE uuid = ? AND revoked_ms IS NULL"
REVOKE = """WITH RECURSIVE family (uuid) AS (
        SELECT uuid FROM access_tokens WHERE uuid = ?
        UNION SELECT t.uuid FROM access_tokens t JOIN family f ON t.made_with = f.uuid
    )
    UPDATE access_tokens SET revoked_ms = ? WHERE uuid IN (SELECT uuid FROM family) AND revoked_ms IS NULL"""
END_SESSIONS = f"""UPDATE access_tokens SET revoked_ms = ?
    WHERE principal_id = ? AND kind = {TokenKind.SESSION:d} AND revoked_ms IS NULL AND expires_ms > ?"""
NEWEST = 2**62


class SqlAccessTokens:
    """TokenStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._pages = IdPages(page_key, "access tokens")
        self._pages_for_others = IdPages(page_key, "access tokens for others")

    async def create(self, new: NewToken) -> AccessToken:
        name = uuid.uuid4().hex
        values = (new.principal_id, new.kind, new.name, new.secret_hash, json.dumps(list(new.actions)))
        rest = (new.workspace_id, new.created_ms, new.expires_ms, new.made_with, new.created_by)

        def work(tx: Transaction) -> AccessToken:
            if new.made_with is not None and tx.one(GOOD, (new.made_with,)) is None:
                raise Unauthenticated("The access token of the request was revoked. Log in again.")
            tx.one(INSERT, (name, *values, *rest))
            row = tx.one(BY_UUID, (name,))
            assert row is not None
            return token_of(row, *row[TOKEN_COLUMNS:])

        return await self._database.write(work)

    async def list(
        self, principal_id: int, kinds: Collection[TokenKind], *, max_results: int, page_token: str | None
    ) -> Page[AccessToken]:
        wanted = sorted(kinds)
        after = self._pages.after(page_token, principal_id, wanted) or NEWEST
        sql = OF_PRINCIPAL.format(marks=", ".join("?" * len(wanted)))
        rows = await self._database.read(
            lambda c: c.all(sql, (principal_id, *wanted, after, max_results + 1))
        )
        shown, token = self._pages.cut(rows, max_results, 0, principal_id, wanted)
        return Page([token_of(row, *row[TOKEN_COLUMNS:]) for row in shown], token)

    async def made_for_others(
        self, created_by: str, *, max_results: int, page_token: str | None
    ) -> Page[AccessToken]:
        after = self._pages_for_others.after(page_token, created_by) or NEWEST
        rows = await self._database.read(lambda c: c.all(FOR_OTHERS, (created_by, after, max_results + 1)))
        shown, token = self._pages_for_others.cut(rows, max_results, 0, created_by)
        return Page([token_of(row, *row[TOKEN_COLUMNS:]) for row in shown], token)

    async def find(self, uuid: str) -> AccessToken | None:
        return await self._find(BY_UUID, uuid)

    async def find_secret(self, secret_hash: str) -> AccessToken | None:
        return await self._find(BY_SECRET, secret_hash)

    async def revoke(self, uuid: str, at_ms: int) -> None:
        await self._database.write(lambda tx: tx.execute(REVOKE, (uuid, at_ms)), checked=True)

    async def end_sessions(self, principal_id: int, at_ms: int) -> int:
        values = (at_ms, principal_id, at_ms)
        return await self._database.write(lambda tx: tx.execute(END_SESSIONS, values), checked=True)

    async def _find(self, sql: str, value: str) -> AccessToken | None:
        def work(c: Connection) -> AccessToken | None:
            row = c.one(sql, (value,))
            return None if row is None else token_of(row, *row[TOKEN_COLUMNS:])

        return await self._database.read(work)

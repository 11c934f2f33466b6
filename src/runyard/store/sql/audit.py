"""Statements about the audit log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import msgspec

from runyard.entities.audit import AuditEntry, AuditQuery, ChainPiece
from runyard.entities.common import Page
from runyard.store.sql.database import Connection, Database, Row, Transaction
from runyard.store.sql.id_pages import IdPages

COLUMNS = (
    "at_ms, principal, credential, workspace, action, target, outcome, status, remote, id, previous, hash"
)
ID_COLUMN = 9
PIECE = f"SELECT {COLUMNS} FROM audit_log WHERE id > ? ORDER BY id LIMIT ?"
LAST = "SELECT hash FROM audit_log ORDER BY id DESC LIMIT 1"
LOCK = {"sqlite": "", "postgresql": "LOCK TABLE audit_log IN EXCLUSIVE MODE"}
INSERT = """INSERT INTO audit_log (at_ms, principal, credential, workspace, action, target, outcome, status, remote,
    previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


class SqlAudit:
    """AuditStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._pages = IdPages(page_key, "audit log")

    async def append(self, entry: AuditEntry) -> None:
        """One more line at the end of the chain; several servers on one database take turns."""

        def work(tx: Transaction) -> None:
            take_turns(tx)
            last = tx.one(LAST)
            previous = "" if last is None else str(last[0])
            fields = _fields(entry)
            tx.execute(INSERT, (*fields, previous, chained(previous, fields)))

        await self._database.write(work)

    async def search(
        self, query: AuditQuery, *, max_results: int, page_token: str | None
    ) -> Page[AuditEntry]:
        """A page, newest first."""
        digest = msgspec.structs.astuple(query)
        after = self._pages.after(page_token, *digest)
        where, values = _where(query)
        if after is not None:
            where, values = f"{where} AND id < ?", [*values, after]
        sql = f"SELECT {COLUMNS} FROM audit_log WHERE {where} ORDER BY id DESC LIMIT ?"
        rows = await self._database.read(lambda c: c.all(sql, (*values, max_results + 1)))
        shown, token = self._pages.cut(rows, max_results, ID_COLUMN, *digest)
        return Page([entry_of(row) for row in shown], token)

    async def after(self, query: AuditQuery, last_id: int, limit: int) -> Sequence[AuditEntry]:
        """The next lines that fit, oldest first."""
        where, values = _where(query)
        sql = f"SELECT {COLUMNS} FROM audit_log WHERE {where} AND id > ? ORDER BY id LIMIT ?"
        rows = await self._database.read(lambda c: c.all(sql, (*values, last_id, limit)))
        return [entry_of(row) for row in rows]

    async def check(self, last_id: int, last_hash: str, limit: int) -> ChainPiece:
        """Whether the next lines are what was written, each following the one before it."""

        def work(c: Connection) -> ChainPiece:
            count, at, previous = 0, last_id, last_hash
            for row in c.all(PIECE, (last_id, limit)):
                fields = tuple(row[:9])
                if row[10] != previous or row[11] != chained(previous, fields):
                    return ChainPiece(count, at, previous, row[9])
                count, at, previous = count + 1, row[9], row[11]
            return ChainPiece(count, at, previous)

        return await self._database.read(work)


def take_turns(tx: Transaction) -> None:
    """Wait until no other server is about to write a line, and keep them waiting until the commit."""
    if LOCK[tx.dialect]:
        tx.execute(LOCK[tx.dialect])


def _where(query: AuditQuery) -> tuple[str, list[Any]]:
    """Conditions and their values; always at least one condition."""
    parts, values = ["1 = 1"], list[Any]()
    for column in ("principal", "workspace", "action", "outcome"):
        value = getattr(query, column)
        if value is None:
            continue
        if column == "action" and value.endswith("/"):
            parts.append("substr(action, 1, ?) = ?")
            values.append(len(value))
        else:
            parts.append(f"{column} = ?")
        values.append(value)
    if query.name is not None:
        parts.append("(replace(target, ?, '') <> target OR replace(target, ?, '') <> target)")
        values += [json.dumps({key: query.name})[1:-1] for key in ("name", "new_name")]
    for comparison, value in ((">=", query.since_ms), ("<", query.until_ms)):
        if value is not None:
            parts.append(f"at_ms {comparison} ?")
            values.append(value)
    return " AND ".join(parts), values


def entry_of(row: Row) -> AuditEntry:
    """A line from COLUMNS."""
    values = list(row[:12])
    values[5] = json.loads(row[5])
    return AuditEntry(*values)


def chained(previous: str, fields: tuple[object, ...]) -> str:
    """The hash of a line: of what it says and of the hash before it."""
    return hashlib.sha256(json.dumps([previous, *fields]).encode()).hexdigest()


def _fields(entry: AuditEntry) -> tuple[object, ...]:
    return (
        entry.at_ms,
        entry.principal,
        entry.credential,
        entry.workspace,
        entry.action,
        json.dumps(dict(entry.target)),
        entry.outcome,
        entry.status,
        entry.remote,
    )

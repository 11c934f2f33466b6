"""Statements about the audit log."""

from __future__ import annotations

import hashlib
import json

from runyard.entities.audit import AuditEntry
from runyard.store.sql.database import Database, Row, Transaction

COLUMNS = (
    "at_ms, principal, credential, workspace, action, target, outcome, status, remote, id, previous, hash"
)
LAST = "SELECT hash FROM audit_log ORDER BY id DESC LIMIT 1"
LOCK = {"sqlite": "", "postgresql": "LOCK TABLE audit_log IN EXCLUSIVE MODE"}
INSERT = """INSERT INTO audit_log (at_ms, principal, credential, workspace, action, target, outcome, status, remote,
    previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


class SqlAudit:
    """AuditStore on a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, entry: AuditEntry) -> None:
        """One more line at the end of the chain; several servers on one database take turns."""

        def work(tx: Transaction) -> None:
            if LOCK[tx.dialect]:
                tx.execute(LOCK[tx.dialect])
            last = tx.one(LAST)
            previous = "" if last is None else str(last[0])
            fields = _fields(entry)
            tx.execute(INSERT, (*fields, previous, chained(previous, fields)))

        await self._database.write(work)


def entry_of(row: Row) -> AuditEntry:
    """A line from COLUMNS."""
    values = list(row[:12])
    values[5] = json.loads(row[5])
    return AuditEntry(*values)


def is_intact(entry: AuditEntry) -> bool:
    """Whether a line is what was written."""
    return entry.hash == chained(entry.previous, _fields(entry))


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

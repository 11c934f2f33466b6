"""Statements about failed logins. Few rows: each is dropped a quarter of an hour after the last failure it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runyard.store.identity_contracts import FailedLogins
from runyard.store.sql.database import Database, Transaction

FIND = "SELECT key, failures, last_ms FROM login_failures WHERE key IN ({marks})"
ADD = """INSERT INTO login_failures (key, failures, last_ms) VALUES (?, 1, ?) ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN login_failures.last_ms <= ? THEN 1 ELSE login_failures.failures + 1 END,
    last_ms = excluded.last_ms"""
DROP = "DELETE FROM login_failures WHERE last_ms < ?"
FORGET = "DELETE FROM login_failures WHERE key = ?"


class SqlLoginFailures:
    """LoginFailures on a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def failed_logins(self, keys: Sequence[str]) -> Mapping[str, FailedLogins]:
        sql = FIND.format(marks=", ".join("?" * len(keys)))
        rows = await self._database.read(lambda c: c.all(sql, tuple(keys)))
        return {row[0]: FailedLogins(row[1], row[2]) for row in rows}

    async def add_failed_login(
        self, keys: Sequence[str], now_ms: int, stale: Mapping[str, int], forgotten_ms: int
    ) -> None:
        def work(tx: Transaction) -> None:
            tx.execute(DROP, (forgotten_ms,))
            for key in keys:
                tx.execute(ADD, (key, now_ms, stale.get(key, -1)))

        await self._database.write(work)

    async def forget_failed_logins(self, key: str) -> None:
        await self._database.write(lambda tx: tx.execute(FORGET, (key,)))

"""Work that one of several servers on a database is enough for. Two may do it for a moment: it must bear that."""

from __future__ import annotations

import time
import uuid

from runyard.store.sql.database import Connection, Database, Transaction

LASTS_MS = 15_000
NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
ELSEWHERE = f"SELECT 1 FROM leases WHERE name = ? AND holder <> ? AND until_ms > {NOW}"
TAKE = f"""INSERT INTO leases (name, holder, until_ms) VALUES (?, ?, {NOW} + ?)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
    WHERE leases.holder = excluded.holder OR leases.until_ms <= {NOW}"""
LEAVE = "DELETE FROM leases WHERE name = ? AND holder = ?"


class Lease:
    """One server's share in a kind of work. The embedded database has only one server, which always holds it.

    Args:
        name: the kind of work.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._holder = uuid.uuid4().hex
        self._renew_at_s = 0.0

    async def take(self) -> bool:
        """Whether the work is this server's for the next seconds. Another takes over 15 s after the last call."""
        if self._database.dialect == "sqlite" or time.monotonic() < self._renew_at_s:
            return True
        if await self._database.read(self._held_elsewhere):
            return False
        asked_s = time.monotonic()
        if not await self._database.write(self._taken, checked=True):
            return False
        self._renew_at_s = asked_s + LASTS_MS / 2000
        return True

    async def leave(self) -> None:
        """Let another server take over at once."""
        if self._renew_at_s:
            self._renew_at_s = 0.0
            await self._database.write(lambda tx: tx.execute(LEAVE, (self._name, self._holder)), checked=True)

    def _held_elsewhere(self, c: Connection) -> bool:
        return c.one(ELSEWHERE, (self._name, self._holder)) is not None

    def _taken(self, tx: Transaction) -> bool:
        return tx.execute(TAKE, (self._name, self._holder, LASTS_MS)) == 1

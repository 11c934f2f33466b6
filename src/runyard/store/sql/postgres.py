"""PostgreSQL: many servers on one database, each with one group-committing writer and a few readers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import LiteralString, TypeVar

import psycopg

from runyard.errors import InvalidInput, QueryTooExpensive, RunyardError, StorageFull
from runyard.store.sql.change_log import ChangeLog
from runyard.store.sql.database import Dialect, Params, Read, Row, Write
from runyard.store.sql.faults import Disconnected, Taken, TryAgain
from runyard.store.sql.intern import Interned, RunRef
from runyard.store.sql.readers import ReaderPool
from runyard.store.sql.writer import DeferredWork, GroupCommitter

T = TypeVar("T")
READ_LIMIT_S = 10.0
CONNECT_TIMEOUT_S = 5
UNANSWERED_MS = 15_000  # a peer that does not acknowledge what was sent for so long is taken for lost
BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
MIGRATION_LOCK = 7_237_846_119


@lru_cache(maxsize=2_000)
def _native(sql: str) -> LiteralString:
    """Our placeholders as the driver's."""
    return sql.replace("%", "%%").replace("?", "%s")


class PostgresConnection:
    """One connection of one thread."""

    dialect: Dialect = "postgresql"

    def __init__(self, url: str, *, read_limit_s: float | None = None) -> None:
        options = f"-c statement_timeout={int(read_limit_s * 1000)}" if read_limit_s else ""
        self.raw = psycopg.connect(
            url,
            autocommit=True,
            prepare_threshold=2,
            connect_timeout=CONNECT_TIMEOUT_S,
            tcp_user_timeout=UNANSWERED_MS,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=2,
            application_name="runyard",
            options=f"-c synchronous_commit=on -c jit=off {options}",  # compiling takes longer than our statements
        )

    def execute(self, sql: str, params: Params = ()) -> int:
        return self.raw.execute(_native(sql), params).rowcount

    def many(self, sql: str, rows: Iterable[Params]) -> int:
        with self.raw.cursor() as cursor:
            cursor.executemany(_native(sql), list(rows))
            return max(0, cursor.rowcount)

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        return self.raw.execute(_native(sql), params, binary=True).fetchall()

    def one(self, sql: str, params: Params = ()) -> Row | None:
        return self.raw.execute(_native(sql), params, binary=True).fetchone()

    def each(self, sql: str, params: Params = ()) -> Iterable[Row]:
        return self.raw.execute(_native(sql), params, binary=True)

    def close(self) -> None:
        self.raw.close()


class PostgresWriteConnection(DeferredWork, PostgresConnection):
    """The writer's connection. Other servers write too, so nothing about runs is remembered."""

    def __init__(self, url: str, changes: ChangeLog | None = None) -> None:
        DeferredWork.__init__(self, changes)
        PostgresConnection.__init__(self, url)
        self.interned = Interned(remember_runs=False)

    def lock_migrations(self) -> None:
        """Wait until no other server migrates; held until the connection closes."""
        self.raw.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))

    def begin(self, *, only_points: bool = False, wait_s: float = 0) -> None:
        self.raw.execute("BEGIN")

    def set_aside(self, points: Mapping[RunRef, list[bytes]]) -> bool:
        return False  # other servers would not see them

    def commit(self) -> bool:
        self.raw.execute("COMMIT")
        return True

    def rollback(self) -> None:
        self.forget_deferred()
        self.interned.rollback()
        self.changes.rolled_back()
        self.raw.rollback()


class PostgresReadConnection(PostgresConnection):
    """A connection that only reads.

    Args:
        limit_s: a query that takes longer is cancelled.
    """

    def __init__(self, url: str, limit_s: float) -> None:
        super().__init__(url, read_limit_s=limit_s)

    def begin_read(self) -> None:
        self.raw.execute(BEGIN_READ)

    def end_read(self) -> None:
        with contextlib.suppress(psycopg.Error):
            self.raw.rollback()


def translate(error: Exception) -> RunyardError | None:
    """PostgreSQL's error as ours; None when it is not a fault of the storage."""
    if isinstance(error, psycopg.errors.UniqueViolation):
        return Taken("A record with the same name exists already. Use it, or choose another name.")
    if isinstance(error, psycopg.errors.ForeignKeyViolation):
        return TryAgain("A record was deleted by another server meanwhile. Nothing of this request was kept.")
    if (
        isinstance(error, psycopg.DataError) and error.sqlstate is None
    ):  # the driver's own refusal of a text with NUL
        return InvalidInput(
            "A text of the request holds a NUL character, which cannot be stored. Leave it out."
        )
    if isinstance(error, psycopg.errors.DiskFull):
        return StorageFull("The disk of the database is full. Nothing of this request was kept.")
    if isinstance(error, psycopg.errors.QueryCanceled):
        return QueryTooExpensive(
            f"The query took longer than {READ_LIMIT_S:.0f} s and was cancelled. Narrow the filter."
        )
    if isinstance(error, (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)):
        return TryAgain("Other servers write the same records just now. Nothing of this request was kept.")
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return Disconnected("The database takes no writes just now. Nothing of this request was kept.")
    if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
        return Disconnected("The database cannot be used just now. Nothing of this request was kept.")
    return None


class PostgresDatabase:
    """A Database on PostgreSQL."""

    dialect: Dialect = "postgresql"

    def __init__(self, url: str, *, read_limit_s: float = READ_LIMIT_S) -> None:
        self.url = url
        self.changes = ChangeLog()
        self._readers = ReaderPool(lambda: PostgresReadConnection(url, read_limit_s), translate)
        self.writer = GroupCommitter(lambda: PostgresWriteConnection(url, self.changes), translate)

    def open(self) -> None:
        """Start the writer thread. The schema must be in place."""
        self.writer.start()

    async def read(self, work: Read[T]) -> T:
        return await self._readers.read(work)

    async def peek(self, work: Read[T]) -> T:
        return await self._readers.read(work)

    async def write(self, work: Write[T], *, checked: bool = False, only_points: bool = False) -> T:
        return await self.writer.submit(work, checked=checked)

    async def close(self) -> None:
        await asyncio.to_thread(self.writer.close)
        await asyncio.to_thread(self._readers.close)

    def size_bytes(self) -> None:
        """Unknown here: PostgreSQL tells its own monitoring."""

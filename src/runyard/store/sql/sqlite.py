"""SQLite: one file, one writer, many readers (write-ahead log, synchronous=FULL)."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from runyard.errors import (
    AlreadyExists,
    CorruptData,
    QueryTooExpensive,
    RunyardError,
    StorageFull,
    StorageUnavailable,
)
from runyard.store.sql.database import Dialect, Params, Read, Row, Write
from runyard.store.sql.intern import Interned
from runyard.store.sql.readers import ReaderPool
from runyard.store.sql.search.regex import RegexFunction
from runyard.store.sql.writer import DeferredWork, GroupCommitter, WriterStats

T = TypeVar("T")

READ_LIMIT_S = 10.0
STEPS_PER_CHECK = 20_000
COMMON = (
    "PRAGMA auto_vacuum = INCREMENTAL",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA case_sensitive_like = ON",
)


class SqliteConnection:
    """One connection of one thread."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path, *, cache_kib: int, busy_ms: int = 5_000) -> None:
        self.raw = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=busy_ms / 1000
        )
        for pragma in (*COMMON, f"PRAGMA cache_size = -{cache_kib}"):
            self.raw.execute(pragma)
        self.regex = RegexFunction(self.raw.interrupt)
        self.raw.create_function("regexp", 2, self.regex, deterministic=True)

    def execute(self, sql: str, params: Params = ()) -> int:
        return self.raw.execute(sql, params).rowcount

    def many(self, sql: str, rows: Iterable[Params]) -> None:
        self.raw.executemany(sql, rows)

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        return self.raw.execute(sql, params).fetchall()

    def one(self, sql: str, params: Params = ()) -> Row | None:
        cursor = self.raw.execute(sql, params)
        row: Row | None = cursor.fetchone()
        cursor.close()
        return row

    def each(self, sql: str, params: Params = ()) -> Iterable[Row]:
        return self.raw.execute(sql, params)

    def close(self) -> None:
        self.raw.close()


class SqliteWriteConnection(DeferredWork, SqliteConnection):
    """The writer's connection."""

    def __init__(self, path: Path) -> None:
        DeferredWork.__init__(self)
        SqliteConnection.__init__(self, path, cache_kib=16_384)
        self.interned = Interned(remember_runs=True)

    def begin(self) -> None:
        self.raw.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.raw.execute("COMMIT")

    def rollback(self) -> None:
        self.forget_deferred()
        self.interned.rollback()
        if self.raw.in_transaction:
            self.raw.execute("ROLLBACK")


class SqliteReadConnection(SqliteConnection):
    """The connection of one reader thread; it cannot write.

    Args:
        limit_s: a query that takes longer is cancelled.
    """

    def __init__(self, path: Path, limit_s: float) -> None:
        super().__init__(path, cache_kib=8_192)
        self.raw.execute("PRAGMA query_only = ON")
        self._limit_s = limit_s

    def begin_read(self) -> None:
        deadline = time.monotonic() + self._limit_s
        self.raw.set_progress_handler(lambda: time.monotonic() > deadline, STEPS_PER_CHECK)
        self.regex.reset()
        self.raw.execute("BEGIN")

    def end_read(self) -> None:
        self.raw.set_progress_handler(None, 0)
        if self.raw.in_transaction:
            self.raw.execute("COMMIT")


def translate(error: Exception) -> RunyardError | None:
    """SQLite's error as ours; None when it is not a fault of the storage."""
    if not isinstance(error, sqlite3.Error):
        return None
    name = getattr(error, "sqlite_errorname", "")
    if name in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
        return AlreadyExists("A record with the same name exists already. Use it, or choose another name.")
    if name.startswith("SQLITE_FULL"):
        return StorageFull("The disk that holds the database is full. Nothing of this request was kept.")
    if name.startswith("SQLITE_INTERRUPT"):
        return QueryTooExpensive(
            f"The query took longer than {READ_LIMIT_S:.0f} s and was cancelled. Narrow the filter."
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return CorruptData(
            f"The database file is damaged ({error}). Restore it from a backup; nothing was changed."
        )
    if name.startswith(
        ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")
    ):
        return StorageUnavailable(
            f"The database cannot be used just now ({error}). Nothing of this request was kept."
        )
    return None


class SqliteDatabase:
    """The embedded database; the one process that has it open is its only writer."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path, *, read_limit_s: float = READ_LIMIT_S) -> None:
        self.path = path
        self._readers = ReaderPool(lambda: SqliteReadConnection(path, read_limit_s), translate)
        self.writer = GroupCommitter(lambda: SqliteWriteConnection(path), translate)

    @property
    def stats(self) -> WriterStats:
        return self.writer.stats

    def open(self) -> None:
        """Start the writer thread. The schema must be in place."""
        self.writer.start()

    async def read(self, work: Read[T]) -> T:
        return await self._readers.read(work)

    async def write(self, work: Write[T], *, checked: bool = False) -> T:
        return await self.writer.submit(work, checked=checked)

    def submit(self, work: Write[T], *, checked: bool = False) -> asyncio.Future[T]:
        """`write` without the coroutine, for hot paths."""
        return self.writer.submit(work, checked=checked)

    async def close(self) -> None:
        await asyncio.to_thread(self.writer.close)
        await asyncio.to_thread(self._readers.close)

    def size_bytes(self) -> int:
        """Bytes on disk, write-ahead log included."""
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

"""SQLite: one file, one writer, many readers (write-ahead log, synchronous=FULL)."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from runyard.errors import (
    CorruptData,
    QueryTooExpensive,
    RunyardError,
    StorageFull,
    StorageUnavailable,
)
from runyard.store.sql.change_log import ChangeLog
from runyard.store.sql.database import Dialect, Params, Read, Row, Transaction, Write
from runyard.store.sql.faults import Taken
from runyard.store.sql.inbox import Inbox
from runyard.store.sql.intern import Interned, RunRef
from runyard.store.sql.readers import ReaderPool
from runyard.store.sql.search.regexp import RegexFunction
from runyard.store.sql.writer import LOCK_WAIT_S, DeferredWork, GroupCommitter, WriterStats

T = TypeVar("T")

READ_LIMIT_S = 10.0
READ_CACHE_KIB = 24_576  # what a search over 100,000 runs touches; mostly one connection fills its cache
CHECKPOINT_PAGES = 4_000  # of 4 KiB: the same pages change again and again, so fewer checkpoints write less
LOCK_RETRY_S = 0.01
FOLD_AFTER_S = 2.0
STEPS_PER_CHECK = 20_000
INCREMENTAL = 2
COMMON = (
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
        if self.raw.execute("PRAGMA auto_vacuum").fetchone()[0] != INCREMENTAL:
            self.raw.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")  # only then: it writes
        for pragma in (*COMMON, f"PRAGMA cache_size = -{cache_kib}"):
            self.raw.execute(pragma)
        self.regex = RegexFunction(self.raw.interrupt)
        self.raw.create_function("regexp", 2, self.regex, deterministic=True)

    def execute(self, sql: str, params: Params = ()) -> int:
        return self.raw.execute(sql, params).rowcount

    def many(self, sql: str, rows: Iterable[Params]) -> int:
        return max(0, self.raw.executemany(sql, rows).rowcount)

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
    """The writer's connection.

    A group that only adds points mostly needs no statement at all, so its transaction begins with the first one.

    Args:
        inbox: where points may be set aside; without one, all are stored at once.
        changes: where it is noted what changes.
    """

    def __init__(self, path: Path, inbox: Inbox | None = None, changes: ChangeLog | None = None) -> None:
        DeferredWork.__init__(self, changes)
        SqliteConnection.__init__(self, path, cache_kib=16_384, busy_ms=0)
        self.raw.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        self.interned = Interned(remember_runs=True)
        self._inbox: Inbox | None = None
        self._only_points = False
        self._begins_later = False
        self._wait_s = LOCK_WAIT_S
        if inbox is not None:
            try:
                inbox.open(self)
            except BaseException:
                self.raw.close()
                raise
        self._inbox = inbox

    def begin(self, *, only_points: bool = False, wait_s: float = LOCK_WAIT_S) -> None:
        self._wait_s = wait_s
        inbox = self._inbox
        self._only_points = self._begins_later = only_points and inbox is not None and inbox.takes_points
        if not self._only_points:
            self._begin_now()
            if inbox is not None:
                inbox.empty(self, more=only_points)

    def _begin_now(self) -> None:
        self._begins_later = False
        deadline = time.monotonic() + self._wait_s
        while True:
            try:
                self.raw.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as exc:
                if exc.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                    raise
            time.sleep(LOCK_RETRY_S)

    def execute(self, sql: str, params: Params = ()) -> int:
        if self._begins_later:
            self._begin_now()
        return super().execute(sql, params)

    def many(self, sql: str, rows: Iterable[Params]) -> int:
        if self._begins_later:
            self._begin_now()
        return super().many(sql, rows)

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        if self._begins_later:
            self._begin_now()
        return super().all(sql, params)

    def one(self, sql: str, params: Params = ()) -> Row | None:
        if self._begins_later:
            self._begin_now()
        return super().one(sql, params)

    def each(self, sql: str, params: Params = ()) -> Iterable[Row]:
        if self._begins_later:
            self._begin_now()
        return super().each(sql, params)

    def set_aside(self, points: Mapping[RunRef, list[bytes]]) -> bool:
        if self._inbox is None or not self._only_points:
            return False
        if self.raw.in_transaction:  # keys that these points use are durable first
            self.raw.execute("COMMIT")
        if self._inbox.add(points):
            return True
        self._only_points, self._begins_later = False, True
        self._inbox.empty(self, more=False)
        return False

    def commit(self) -> bool:
        self._begins_later = False
        if not self.raw.in_transaction:
            return False
        self.raw.execute("COMMIT")
        if self._inbox is not None:
            self._inbox.committed()
        return True

    def rollback(self) -> None:
        self._begins_later = False
        self.forget_deferred()
        self.interned.rollback()
        self.changes.rolled_back()
        if self._inbox is not None:
            self._inbox.rolled_back()
        if self.raw.in_transaction:
            self.raw.execute("ROLLBACK")

    def close(self) -> None:
        if self._inbox is not None:
            self._inbox.close()
        super().close()


class SqliteReadConnection(SqliteConnection):
    """A connection that cannot write.

    Args:
        limit_s: a query that takes longer is cancelled.
    """

    def __init__(self, path: Path, limit_s: float) -> None:
        super().__init__(path, cache_kib=READ_CACHE_KIB)
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
        return Taken("A record with the same name exists already. Use it, or choose another name.")
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
    """The embedded database; the one process that has it open is its only writer.

    Args:
        sets_aside: points may wait in a file beside the database; for one process at a time. Others may write a little
            meanwhile, and their reads may miss points that wait.
    """

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path, *, read_limit_s: float = READ_LIMIT_S, sets_aside: bool = True) -> None:
        self.path = path
        self.changes = ChangeLog()
        self._inbox = Inbox(path.with_name(f"{path.name}-points"))
        self._fold_timer: asyncio.TimerHandle | None = None
        self._readers = ReaderPool(lambda: SqliteReadConnection(path, read_limit_s), translate)
        inbox = self._inbox if sets_aside else None
        self.writer = GroupCommitter(lambda: SqliteWriteConnection(path, inbox, self.changes), translate)

    @property
    def stats(self) -> WriterStats:
        return self.writer.stats

    def open(self) -> None:
        """Start the writer thread. The schema must be in place."""
        self.writer.start()

    async def read(self, work: Read[T]) -> T:
        """As in Database. Cost besides work: a commit, when points were set aside since the last read."""
        if self._inbox.bytes:
            await self._fold()
        return await self._readers.read(work)

    async def peek(self, work: Read[T]) -> T:
        return await self._readers.read(work)

    async def write(self, work: Write[T], *, checked: bool = False, only_points: bool = False) -> T:
        if not only_points:
            return await self.writer.submit(work, checked=checked)
        if self._fold_timer is None:
            self._fold_timer = asyncio.get_running_loop().call_later(FOLD_AFTER_S, self._fold_soon)
        quick = self._inbox.takes_points
        done = self.writer.commit_now(work) if quick else None
        if done is None:
            return await self.writer.submit(work, checked=checked, only_points=True, here=quick)
        answer: T = done.answer()
        return answer

    async def _fold(self) -> None:
        """Move what was set aside to where readers look. When that cannot be, they read what is there."""
        with contextlib.suppress(RunyardError):
            await self.writer.submit(_nothing, checked=True)

    def _fold_soon(self) -> None:
        self._fold_timer = None
        if self._inbox.is_open:
            self.writer.submit(_nothing, checked=True).add_done_callback(asyncio.Future.exception)

    async def close(self) -> None:
        if self._fold_timer is not None:
            self._fold_timer.cancel()
        with contextlib.suppress(RunyardError):  # then the next process finds what waits
            await self.writer.submit(self._inbox.end, checked=True)
        await asyncio.to_thread(self.writer.close)
        await asyncio.to_thread(self._readers.close)

    def size_bytes(self) -> int:
        """Bytes on disk, write-ahead log included; the file of waiting points, whose size never changes, is not."""
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())


def _nothing(tx: Transaction) -> None:
    """A write that only makes the transaction begin."""

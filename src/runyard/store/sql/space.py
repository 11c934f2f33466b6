"""Disk space that SQLite holds but does not need: free pages in the file, and the write-ahead log after a burst."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from pathlib import Path

from runyard.store.sql.database import Connection, Database, Transaction

PAGES_AT_ONCE = 512
KEPT_FREE_PAGES = 64
KEPT_LOG_BYTES = 1 << 20
LARGE_LOG_BYTES = 64 << 20
QUIET_S = 3.0
WAIT_FOR_READERS_MS = 20


async def give_back_space(database: Database, *, whole: bool = False) -> bool:
    """Return some free pages to the file system; then, once few are left, cut the write-ahead log.

    PostgreSQL looks after its own space.

    Args:
        whole: go on until nothing is left to give back, also when the last write was just now.
    Returns: whether there is more to do, on a later call.
    """
    if database.dialect != "sqlite":
        return False
    free = await database.peek(_free_pages)
    while free > KEPT_FREE_PAGES:
        await database.write(_free_some, checked=True)
        left = await database.peek(_free_pages)
        if left >= free:
            break
        if not whole:
            return True
        free = left
    return not await database.peek(partial(_cut_log, patient=not whole))


def _free_pages(c: Connection) -> int:
    row = c.one("PRAGMA freelist_count")
    return int(row[0]) if row else 0


def _free_some(tx: Transaction) -> None:
    """The pragma frees one page each time that it is stepped, and the driver steps it once."""
    for _ in range(PAGES_AT_ONCE):
        tx.execute("PRAGMA incremental_vacuum(1)")


def _cut_log(c: Connection, *, patient: bool) -> bool:
    """Copy the write-ahead log into the file and empty it; False when a reader or the writer still needs it.

    When patient, the log stays while there is work: to write over its old pages is cheaper than to make the file grow again. The
    snapshot of this read begins with its first query of a table, so there is none to stand in the way.
    """
    path = c.all("PRAGMA database_list")[0][2]
    log = Path(f"{path}-wal")
    with contextlib.suppress(OSError):
        found = log.stat()
        if (
            patient
            and KEPT_LOG_BYTES < found.st_size < LARGE_LOG_BYTES
            and time.time() - found.st_mtime < QUIET_S
        ):
            return False
        if found.st_size > KEPT_LOG_BYTES:
            waits = c.all("PRAGMA busy_timeout")[0][0]
            c.all(f"PRAGMA busy_timeout = {WAIT_FOR_READERS_MS}")
            try:
                return not c.all("PRAGMA wal_checkpoint(TRUNCATE)")[0][0]
            finally:
                c.all(f"PRAGMA busy_timeout = {waits}")
    return True

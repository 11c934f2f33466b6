"""Points that are durable but not yet in the log and the summaries.

The commit of a single point would write seven pages (log, summary, their indexes, the run); a record in the points file
is one block, and SQLite has no part in it. What waits is also held in memory, so that moving it on reads nothing.
Readers never see the inbox: it is emptied before every read and before every write that does more than add points.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from runyard.errors import CorruptData, RunyardError, StorageFull, StorageUnavailable
from runyard.store.sql.database import Transaction
from runyard.store.sql.intern import RunRef
from runyard.store.sql.points_file import PointsFile, head_of, is_new, records
from runyard.store.sql.run_points import Blobs, store_points

log = logging.getLogger("runyard.store")

LIMIT_BYTES = 256 * 1024
GET = "SELECT file_key, epoch FROM inbox"
INSERT = "INSERT INTO inbox (file_key) VALUES (?)"
SET_EPOCH = "UPDATE inbox SET epoch = ?"
RUN = "SELECT id, uuid, workspace_id, experiment_id, stage FROM runs WHERE id = ?"


class OpenConnection(Transaction, Protocol):
    """A write connection that nobody uses yet."""

    def begin(self) -> None: ...

    def commit(self) -> object: ...


class Inbox:
    """The inbox of one database; used by whoever holds the write connection.

    Args:
        path: of the points file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: PointsFile | None = None
        self._sure = (
            True  # that the database says what we think, and all records of the epoch were acknowledged
        )
        self._failing = False
        self._waiting: Blobs = {}
        self._changing = False  # the database's epoch, in this transaction
        self._next_epoch: int | None = None
        self._ending = False
        self.bytes = 0  # of durable points that wait
        self.is_open = False  # the database says that points may wait
        self.takes_points = False  # it is open, not full, and points could be moved on last time

    def open(self, tx: OpenConnection) -> None:
        """Take the file, and store what an earlier process, or a lost connection, left in it.

        Raises: StorageUnavailable, also when another process has the file; StorageFull; CorruptData when the file is not
            of this database.
        """
        self.close()
        self._waiting, self.bytes = {}, 0
        try:
            self._open(tx)
        except OSError as exc:
            self.close()
            raise self._fault(exc) from exc
        except BaseException:
            self.close()
            raise

    def _open(self, tx: OpenConnection) -> None:
        tx.begin()
        known = tx.one(GET)
        key, epoch = known or (os.urandom(16), None)
        if known is None:
            tx.execute(INSERT, (key,))
        file = self._file = PointsFile(self._path)
        content = file.content()
        self._check(content, key, epoch)
        if epoch is not None:
            store_points(tx, self._left_behind(tx, content, epoch))
            tx.execute(SET_EPOCH, (None,))
        tx.commit()
        file.prepare(key)

    def _check(self, content: bytes, key: bytes, epoch: int | None) -> None:
        if is_new(content):
            if epoch is not None:
                log.warning(
                    "The file %s is missing. Points that were acknowledged in the last two seconds before this "
                    "database was last used may be missing, too.",
                    self._path,
                )
        elif not content.startswith(head_of(key)):
            raise CorruptData(
                f"The file {self._path} is not the one of the database beside it, of another release, or damaged. It may "
                "hold the last points that another server acknowledged. Put it where it belongs, or move it away."
            )

    def _left_behind(self, tx: Transaction, content: bytes, epoch: int) -> Blobs:
        found = records(content, epoch)
        if found.damaged:
            kept = self._path.with_name(f"{self._path.name}.damaged")
            kept.touch(mode=0o600)
            kept.write_bytes(content)
            log.error(
                "The file %s is damaged: %d blocks with acknowledged points cannot be read. A copy is kept as %s.",
                *(self._path, found.damaged, kept.name),
            )
        points: Blobs = {}
        runs = {run_id: _find(tx, run_id) for run_id, _ in found.rows}
        for run_id, data in found.rows:
            run = runs[run_id]
            if run is not None:
                points.setdefault(run, []).append(data)
        if len(points) < len(runs):
            log.error(
                "Points of %d runs that the database does not know were left out.", len(runs) - len(points)
            )
        return points

    def add(self, points: Mapping[RunRef, list[bytes]]) -> bool:
        """Make points durable; False when that cannot be done here, and then nobody else may be told that it was."""
        assert self._file is not None
        rows = [(run.id, blobs[0] if len(blobs) == 1 else b"".join(blobs)) for run, blobs in points.items()]
        try:
            if not self._file.append(rows):
                return False
        except OSError as exc:
            self._tell(exc)
            return False
        self._failing = False
        for run, blobs in points.items():
            self._waiting.setdefault(run, []).extend(blobs)
            self.bytes += sum(map(len, blobs))
        self.takes_points = self.bytes < LIMIT_BYTES and not self._file.is_full
        return True

    def _tell(self, exc: OSError) -> None:
        self._sure = self.takes_points = False
        if not self._failing:
            self._failing = True
            log.warning(
                "The file %s takes no points (%s). They are stored at once.", self._path, exc.strerror
            )

    def empty(self, tx: Transaction, *, more: bool) -> None:
        """Move everything into the log and the summaries.

        Args:
            more: points follow, so the next ones may wait. Else the database says that the file holds none.
        """
        if self._file is not None and (more or self.is_open or not self._sure):
            store_points(tx, self._waiting)
            self._next_epoch = _random_epoch() if more else None
            tx.execute(SET_EPOCH, (self._next_epoch,))
            self._changing = True

    def end(self, tx: Transaction) -> None:
        """In a transaction that has emptied it: this is the last one, and nobody needs the file any more."""
        self._ending = True

    def committed(self) -> None:
        """The transaction is durable."""
        if self._changing and self._file is not None:
            self._waiting, self.bytes = {}, 0
            self._changing, self._sure = False, True
            self.is_open = self.takes_points = self._next_epoch is not None
            if self._next_epoch is not None:
                self._file.begin(self._next_epoch)
        if self._ending and self._file is not None:
            self._file.remove()
            self.close()

    def rolled_back(self) -> None:
        """The transaction left no trace, most likely. A commit that failed may yet turn out to be on the disk.

        Then the database names another epoch after a crash, and records of ours that were made meanwhile would be lost.
        """
        if self._changing:
            self._sure = self.takes_points = False
        self._changing = self._ending = False

    def close(self) -> None:
        """Let others have the file."""
        file, self._file = self._file, None
        self._changing = self._ending = self.is_open = self.takes_points = False
        self._sure = True
        if file is not None:
            file.close()

    def _fault(self, exc: OSError) -> RunyardError:
        if isinstance(exc, BlockingIOError):
            return StorageUnavailable(
                f"Another process uses the file {self._path}. Stop it; a database has one server."
            )
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            return StorageFull(
                f"The disk is full: the file {self._path} cannot be made. Make room and start again."
            )
        return StorageUnavailable(f"The file {self._path} cannot be used: {exc.strerror}.")


def _find(tx: Transaction, run_id: int) -> RunRef | None:
    row = tx.one(RUN, (run_id,))
    return None if row is None else RunRef(*row)


def _random_epoch() -> int:
    """Nobody can guess it: not a client that sends points which look like a record, nor a database of an older backup."""
    return int.from_bytes(os.urandom(8)) >> 1

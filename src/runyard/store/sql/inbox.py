"""Points that are durable but not yet in the log and the summaries.

The commit of a single point would write seven pages (log, summary, their indexes, the run); a row here is one. What
waits is also held in memory, so that moving it on reads nothing. Readers never see the inbox: it is emptied before
every read and before every write that does more than add points.
"""

from __future__ import annotations

from collections.abc import Mapping

from runyard.store.sql.database import Connection, Transaction
from runyard.store.sql.intern import RunRef
from runyard.store.sql.run_points import Blobs, store_points

INSERT = "INSERT INTO inbox (run_id, data) VALUES (?, ?)"
DELETE = "DELETE FROM inbox"
WAITING = """SELECT r.id, r.uuid, r.workspace_id, r.experiment_id, r.stage, i.data
    FROM inbox i JOIN runs r ON r.id = i.run_id ORDER BY i.id"""
LIMIT_BYTES = 256 * 1024


class Inbox:
    """The inbox of one database; used by whoever holds the write connection."""

    def __init__(self) -> None:
        self._waiting: Blobs = {}
        self._adding: list[tuple[RunRef, bytes]] = []
        self._emptied = False
        self.bytes = 0  # of durable points that wait

    @property
    def is_full(self) -> bool:
        """Whether it is time to move points on."""
        return self.bytes >= LIMIT_BYTES

    def load(self, c: Connection) -> None:
        """What an earlier process, or a lost connection, left behind."""
        self._waiting, self.bytes = {}, 0
        self._adding = [(RunRef(*run), bytes(data)) for *run, data in c.all(WAITING)]
        self.committed()

    def add(self, tx: Transaction, points: Mapping[RunRef, list[bytes]]) -> None:
        """Write points into the inbox."""
        rows = [(run, blobs[0] if len(blobs) == 1 else b"".join(blobs)) for run, blobs in points.items()]
        if len(rows) == 1:
            tx.execute(INSERT, (rows[0][0].id, rows[0][1]))
        else:
            tx.many(INSERT, [(run.id, data) for run, data in rows])
        self._adding += rows

    def empty(self, tx: Transaction) -> None:
        """Move everything into the log and the summaries."""
        if self.bytes:
            store_points(tx, self._waiting)
            tx.execute(DELETE)
            self._emptied = True

    def committed(self) -> None:
        """The transaction is durable."""
        if self._emptied:
            self._waiting, self.bytes, self._emptied = {}, 0, False
        for run, data in self._adding:
            self._waiting.setdefault(run, []).append(data)
            self.bytes += len(data)
        self._adding.clear()

    def rolled_back(self) -> None:
        """The transaction left no trace."""
        self._adding.clear()
        self._emptied = False

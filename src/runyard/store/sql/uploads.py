"""Statements about the order of a journal's uploads."""

from __future__ import annotations

from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Database, Transaction
from runyard.store.upload_contracts import Turn, UploadPlace

JOURNAL = "SELECT 1 FROM journals WHERE workspace_id = ? AND id = ?"
ONE = "SELECT seq, upload, alive_ms FROM journal_files WHERE workspace_id = ? AND journal = ? AND path = ?"
FIRST = """INSERT INTO journal_files (workspace_id, journal, path, seq, upload, alive_ms) VALUES (?, ?, ?, ?, NULL, 0)
    ON CONFLICT (workspace_id, journal, path) DO NOTHING"""
NEWER = "UPDATE journal_files SET seq = ? WHERE workspace_id = ? AND journal = ? AND path = ?"
BEGIN = "UPDATE journal_files SET seq = ?, upload = ?, alive_ms = ? WHERE workspace_id = ? AND journal = ? AND path = ?"
KEEP = """UPDATE journal_files SET alive_ms = ?
    WHERE workspace_id = ? AND journal = ? AND path = ? AND upload = ?"""
END = """UPDATE journal_files SET upload = NULL
    WHERE workspace_id = ? AND journal = ? AND path = ? AND upload = ?"""


class SqlUploads:
    """UploadStore on a Database.

    What is under way in this process is known without a clock. A SQLite file has one server at a time: nothing else is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._here: set[str] = set()

    async def begin(self, place: UploadPlace, seq: int, upload: str, dead_before_ms: int) -> Turn:
        def work(tx: Transaction) -> Turn:
            if tx.one(JOURNAL, place[:2]) is None:
                return Turn.UNKNOWN
            tx.execute(FIRST, (*place, seq))
            row = tx.one(ONE + (" FOR UPDATE" if tx.dialect == "postgresql" else ""), place)
            assert row is not None
            newest, under_way, alive_ms = row
            lives = under_way in self._here or (tx.dialect != "sqlite" and alive_ms >= dead_before_ms)
            if newest > seq:
                return Turn.NEVER
            if under_way is not None and lives:
                tx.execute(NEWER, (seq, *place))
                return Turn.LATER
            tx.execute(BEGIN, (seq, upload, now_ms(), *place))
            self._here.add(upload)  # before anybody else can look
            return Turn.NOW

        try:
            return await self._database.write(work)
        except BaseException:
            self._here.discard(upload)
            raise

    async def keep(self, place: UploadPlace, upload: str) -> bool:
        values = (now_ms(), *place, upload)
        return await self._database.write(lambda tx: tx.execute(KEEP, values) > 0, checked=True)

    async def end(self, place: UploadPlace, upload: str) -> None:
        self._here.discard(upload)
        await self._database.write(lambda tx: tx.execute(END, (*place, upload)), checked=True)

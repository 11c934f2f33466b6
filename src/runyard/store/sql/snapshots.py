"""Statements about snapshots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from runyard.entities.log_rules import run_absent
from runyard.entities.snapshot import Blob, Snapshot, SnapshotFile, snapshot_id
from runyard.entities.workspace import DEFAULT_WORKSPACE_ID
from runyard.errors import InvalidInput
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Row, Transaction

AT_ONCE = 500
COMING, HERE, GOING = range(3)
FIND = "SELECT hash, manifest, created_ms FROM snapshots WHERE workspace_id = ? AND hash = ?"
OF_RUN = """SELECT s.hash, s.manifest, s.created_ms FROM runs r LEFT JOIN jobs j ON j.run_id = r.id
    LEFT JOIN snapshots s ON s.workspace_id = r.workspace_id AND s.hash = j.snapshot_id
    WHERE r.uuid = ? AND r.workspace_id = ?"""
TOUCH = "UPDATE snapshots SET used_ms = ? WHERE workspace_id = ? AND hash = ?"
NEW = """INSERT INTO snapshots (workspace_id, hash, manifest, created_ms, used_ms, checked_ms) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (workspace_id, hash) DO NOTHING"""
ROW = "SELECT id FROM snapshots WHERE workspace_id = ? AND hash = ?"
BLOBS = "SELECT id, sha256, size, place FROM snapshot_blobs WHERE workspace_id = ? AND state = 1 AND sha256 IN ({})"
HOLD = "UPDATE snapshot_blobs SET due_ms = ? WHERE workspace_id = ? AND state = 1 AND sha256 IN ({})"
NEEDS = "INSERT INTO snapshot_files (snapshot_id, blob_id) VALUES (?, ?) ON CONFLICT DO NOTHING"
BLOB = "SELECT id FROM snapshot_blobs WHERE workspace_id = ? AND sha256 = ? AND state = 1"
BEGIN = """INSERT INTO snapshot_blobs (workspace_id, sha256, size, place, state, due_ms) VALUES (?, ?, ?, ?, 0, ?)
    RETURNING id"""
TWIN = """SELECT 1 FROM snapshot_blobs b JOIN snapshot_blobs t ON t.workspace_id = b.workspace_id AND t.sha256 = b.sha256
    AND t.state = 1 WHERE b.id = ?"""
END = "UPDATE snapshot_blobs SET state = ?, size = ?, due_ms = ? WHERE id = ? AND state = 0"
ABANDON = "UPDATE snapshot_blobs SET state = 2, due_ms = 0 WHERE id = ? AND state = 0"
UNCHECKED = "SELECT id FROM snapshots WHERE checked_ms <= ? ORDER BY checked_ms, id LIMIT ?"
LET_GO = """UPDATE snapshots SET checked_ms = -1 WHERE id = ? AND used_ms <= ? AND NOT EXISTS (SELECT 1 FROM jobs j
    WHERE j.workspace_id = snapshots.workspace_id AND j.snapshot_id = snapshots.hash AND j.snapshot_id <> '')"""
CHECKED = "UPDATE snapshots SET checked_ms = ? WHERE id = ?"
FREE = "UPDATE snapshot_blobs SET due_ms = 0 WHERE id IN (SELECT blob_id FROM snapshot_files WHERE snapshot_id = ?)"
REMOVE = ("DELETE FROM snapshot_files WHERE snapshot_id = ?", "DELETE FROM snapshots WHERE id = ?")
DUE = "SELECT id FROM snapshot_blobs WHERE due_ms IS NOT NULL AND due_ms <= ? ORDER BY due_ms, id LIMIT ?"
DOOM = """UPDATE snapshot_blobs SET state = 2 WHERE id = ? AND state < 2 AND due_ms <= ?
    AND NOT EXISTS (SELECT 1 FROM snapshot_files f WHERE f.blob_id = snapshot_blobs.id)"""
NEEDED = "UPDATE snapshot_blobs SET due_ms = NULL WHERE id = ? AND state = 1"
DOOMED = """SELECT b.id, b.workspace_id, w.guid, b.place FROM snapshot_blobs b JOIN workspaces w ON w.id = b.workspace_id
    WHERE b.due_ms IS NOT NULL AND b.due_ms <= ? AND b.state = 2 ORDER BY b.due_ms, b.id LIMIT ?"""
FORGET = "DELETE FROM snapshot_blobs WHERE id = ? AND state = 2"
_files = msgspec.json.Decoder(dict[str, list[SnapshotFile]])


class SqlSnapshots:
    """SnapshotStore on a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, workspace_id: int, manifest: bytes, grace_ms: int) -> Sequence[str]:
        files = _files.decode(manifest)["files"]
        sizes = {one.sha256: one.size for one in files}

        def work(tx: Transaction) -> Sequence[str]:
            now = now_ms()
            for some in _some(sorted(sizes)):
                tx.execute(HOLD.format(_marks(some)), (now + grace_ms, workspace_id, *some))
            here = {row[1]: row for row in _blobs(tx, workspace_id, sorted(sizes))}
            _check_sizes(here, files)
            missing = sorted(sizes.keys() - here.keys())
            if not missing:
                _add(tx, workspace_id, manifest, here, now)
            return missing

        return await self._database.write(work)

    async def find(self, workspace_id: int, snapshot_id: str) -> Snapshot | None:
        row = await self._database.read(lambda c: c.one(FIND, (workspace_id, snapshot_id)))
        return None if row is None else _snapshot(row)

    async def of_run(self, workspace_id: int, run_id: str) -> Snapshot | None:
        if "\0" in run_id:  # which PostgreSQL does not even take
            raise run_absent(run_id)
        row = await self._database.read(lambda c: c.one(OF_RUN, (run_id, workspace_id)))
        if row is None:
            raise run_absent(run_id)
        return None if row[0] is None else _snapshot(row)

    async def touch(self, workspace_id: int, snapshot_id: str) -> bool:
        params = (now_ms(), workspace_id, snapshot_id)
        return await self._database.write(lambda tx: tx.execute(TOUCH, params), checked=True) > 0

    async def has_blob(self, workspace_id: int, sha256: str) -> bool:
        return await self._database.read(lambda c: c.one(BLOB, (workspace_id, sha256))) is not None

    async def begin_blob(self, workspace_id: int, sha256: str, size: int, place: str, grace_ms: int) -> int:
        def work(tx: Transaction) -> int:
            row = tx.one(BEGIN, (workspace_id, sha256, size, place, now_ms() + grace_ms))
            assert row is not None
            return int(row[0])

        return await self._database.write(work, checked=True)

    async def end_blob(self, row: int, size: int, grace_ms: int) -> None:
        def work(tx: Transaction) -> None:
            twin = tx.one(TWIN, (row,)) is not None
            due = 0 if twin else now_ms() + grace_ms
            tx.execute(END, (GOING if twin else HERE, size, due, row))

        await self._database.write(work)

    async def abandon_blob(self, row: int) -> None:
        await self._database.write(lambda tx: tx.execute(ABANDON, (row,)), checked=True)

    async def places(self, workspace_id: int, files: Sequence[SnapshotFile]) -> Mapping[str, str]:
        wanted = sorted({one.sha256 for one in files})
        rows = await self._database.read(lambda c: list(_blobs(c, workspace_id, wanted)))
        return {row[1]: row[3] for row in rows}

    async def drop_unused(self, grace_ms: int, recheck_ms: int, limit: int) -> bool:
        now = now_ms()
        found = await self._database.peek(lambda c: c.all(UNCHECKED, (now - recheck_ms, limit)))

        def work(tx: Transaction) -> None:
            for (row,) in found:
                if not tx.execute(LET_GO, (row, now - grace_ms)):
                    tx.execute(CHECKED, (now, row))
                    continue
                tx.execute(FREE, (row,))
                for sql in REMOVE:
                    tx.execute(sql, (row,))

        if found:
            await self._database.write(work)
        return len(found) == limit

    async def doomed(self, limit: int) -> Sequence[Blob]:
        now = now_ms()
        due = await self._database.peek(lambda c: c.all(DUE, (now, limit)))
        if not due:
            return []

        def work(tx: Transaction) -> Sequence[Blob]:
            for (row,) in due:
                if not tx.execute(DOOM, (row, now)):
                    tx.execute(NEEDED, (row,))
            return [
                Blob(row[0], "" if row[1] == DEFAULT_WORKSPACE_ID else row[2], row[3])
                for row in tx.all(DOOMED, (now, limit))
            ]

        return await self._database.write(work)

    async def forget(self, rows: Sequence[int]) -> None:
        await self._database.write(lambda tx: tx.many(FORGET, [(row,) for row in rows]), checked=True)


def _add(tx: Transaction, workspace_id: int, manifest: bytes, here: Mapping[str, Row], now: int) -> None:
    name = snapshot_id(manifest)
    tx.execute(NEW, (workspace_id, name, manifest.decode(), now, now, now))
    tx.execute(TOUCH, (now, workspace_id, name))
    row = tx.one(ROW, (workspace_id, name))
    assert row is not None
    tx.many(NEEDS, [(row[0], blob[0]) for blob in here.values()])
    for some in _some(sorted(here)):
        tx.execute(HOLD.format(_marks(some)), (None, workspace_id, *some))


def _check_sizes(here: Mapping[str, Row], files: Sequence[SnapshotFile]) -> None:
    for one in files:
        if one.sha256 in here and here[one.sha256][2] != one.size:
            raise InvalidInput(
                f"The file {one.path!r} with the hash {one.sha256} has {here[one.sha256][2]} bytes, not {one.size}."
            )


def _blobs(c: Connection, workspace_id: int, hashes: Sequence[str]) -> Iterator[Row]:
    for some in _some(hashes):
        yield from c.all(BLOBS.format(_marks(some)), (workspace_id, *some))


def _some(hashes: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(hashes), AT_ONCE):
        yield hashes[start : start + AT_ONCE]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _snapshot(row: Row) -> Snapshot:
    return Snapshot(row[0], _files.decode(row[1])["files"], row[2])

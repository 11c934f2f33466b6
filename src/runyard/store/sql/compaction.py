"""Background work: log rows become sealed chunks, and counts that replays may have inflated are made exact."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import numpy as np

from runyard.errors import InvalidState, RunyardError
from runyard.store.sql.database import Connection, Database, Transaction
from runyard.store.sql.series.codec import TAIL, Chunk, decode, decode_log
from runyard.store.sql.series.compaction import Plan, plan
from runyard.store.sql.series.history import merge_series
from runyard.store.sql.series.points import Columns, columns_of

log = logging.getLogger("runyard.store")

EVERY_S = 0.5
ROWS = 64
POINTS = 32_768
AT_ONCE_POINTS = 500_000
QUIET_PASSES = 20
BUSY = """SELECT run_id, count(*), sum(count), max(id), min(codec) FROM point_log GROUP BY run_id
    HAVING count(*) > 1 OR min(codec) <> 2"""
ROWS_OF = "SELECT id, codec, data, count FROM point_log WHERE run_id = ? ORDER BY id"
DELETE = "DELETE FROM point_log WHERE id = ? AND run_id = ?"
INSERT_CHUNK = """INSERT INTO chunks (run_id, key_id, count, min_ms, max_ms, min_step, max_step, min_value,
    max_value, sum_value, codec, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
INSERT_TAIL = "INSERT INTO point_log (run_id, count, codec, data) VALUES (?, ?, ?, ?)"
DISORDERED = "SELECT run_id, key_id, count FROM series WHERE disordered = 1 LIMIT 20"
CHUNKS_OF = "SELECT id, codec, data FROM chunks WHERE run_id = ? AND key_id = ?"
SETTLE = """UPDATE series SET count = ?, numbers = ?, sum = ?, disordered = 0
    WHERE run_id = ? AND key_id = ? AND count = ?"""


class Compactor:
    """Compacts what is large or has been quiet for a while."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[int, tuple[int, int]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work in the background while the block lasts."""
        task = asyncio.create_task(self._loop())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _loop(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.pass_once()
            except RunyardError as exc:
                log.warning("Compaction waits: %s", exc)
            except Exception:
                log.exception("Compaction failed; it will be tried again")
                await asyncio.sleep(10)

    async def pass_once(self, *, quiet_passes: int = QUIET_PASSES) -> int:
        """Compact every run that is due; returns how many runs were compacted."""
        rows = await self._database.read(lambda c: c.all(BUSY))
        seen: dict[int, tuple[int, int]] = {}
        done = 0
        for run_id, count, points, newest, _ in rows:
            last, quiet = self._seen.get(run_id, (newest, -1))
            quiet = quiet + 1 if last == newest else 0
            seen[run_id] = (newest, quiet)
            if count >= ROWS or points >= POINTS or quiet >= quiet_passes:
                await self.compact(run_id, final=quiet >= quiet_passes)
                seen.pop(run_id)
                done += 1
        self._seen = seen
        await self._settle_some()
        return done

    async def compact(self, run_id: int, *, final: bool) -> None:
        """Replace the log rows of one run by chunks and one tail."""
        rows = await self._database.read(lambda c: _some_rows(c, run_id))
        if not rows:
            return
        made = await asyncio.to_thread(plan, [(codec, data) for _, codec, data in rows], final=final)
        await self._database.write(lambda tx: _replace(tx, run_id, [row[0] for row in rows], made))

    async def _settle_some(self) -> None:
        for run_id, key_id, count in await self._database.read(lambda c: c.all(DISORDERED)):
            await self._settle(run_id, key_id, count)

    async def _settle(self, run_id: int, key_id: int, count: int) -> None:
        columns = await self._database.read(lambda c: _whole(c, run_id, key_id))
        numbers = columns.values[~np.isnan(columns.values)]
        total = float(numbers.sum())
        values = (columns.size, numbers.size, total if total == total else None, run_id, key_id, count)
        await self._database.write(lambda tx: tx.execute(SETTLE, values), checked=True)


def _some_rows(c: Connection, run_id: int) -> list[tuple[int, int, bytes]]:
    rows, points = [], 0
    for number, codec, data, count in c.each(ROWS_OF, (run_id,)):
        rows.append((number, codec, bytes(data)))
        points += count
        if points >= AT_ONCE_POINTS:
            break
    return rows


def _replace(tx: Transaction, run_id: int, ids: Sequence[int], made: Plan) -> None:
    """Only when all rows are still there: another server may have compacted them meanwhile."""
    marks = 0
    for number in ids:
        marks += tx.execute(DELETE, (number, run_id))
    if marks != len(ids):
        raise InvalidState(f"The log of run {run_id} was compacted by another server meanwhile.")
    tx.many(INSERT_CHUNK, [_chunk_row(run_id, key, chunk) for key, chunk in made.chunks])
    if made.tail is not None:
        tx.execute(INSERT_TAIL, (run_id, made.tail_count, TAIL, made.tail))


def _chunk_row(run_id: int, key: int, chunk: Chunk) -> tuple[object, ...]:
    def number(value: float | None) -> float | None:
        return value if value is not None and value == value else None

    return (
        run_id,
        key,
        chunk.count,
        chunk.min_ms,
        chunk.max_ms,
        chunk.min_step,
        chunk.max_step,
        number(chunk.min_value),
        number(chunk.max_value),
        number(chunk.sum_value),
        chunk.codec,
        chunk.data,
    )


def _whole(c: Connection, run_id: int, key_id: int) -> Columns:
    """All points of one series, each once."""
    parts = [decode(codec, bytes(data)) for _, codec, data in c.each(CHUNKS_OF, (run_id, key_id))]
    for _, codec, data, _ in c.each(ROWS_OF, (run_id,)):
        points = decode_log(codec, bytes(data))
        parts.append(columns_of(points[points["key"] == key_id]))
    return merge_series(parts)

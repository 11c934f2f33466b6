"""Compaction of runs: what to write is worked out on a snapshot, then put in place of the rows it was made from."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

from runyard.store.sql import overviews
from runyard.store.sql.database import Connection, Transaction
from runyard.store.sql.series.codec import TAIL, Chunk, CorruptChunk
from runyard.store.sql.series.compaction import SIZES, Plan, Sizes, level_of, plan
from runyard.store.sql.series.history import load_columns
from runyard.store.sql.series.points import Columns
from runyard.store.sql.series_rows import load_chunks

log = logging.getLogger("runyard.store")

RUN_POINTS = 262_144
OLD_TAIL_POINTS = 524_288
MERGED_SHARE = 4
RUN_NAME = "SELECT uuid FROM runs WHERE id = ?"
LOG = "SELECT id, codec, data, count FROM point_log WHERE run_id = ? ORDER BY id"
TAILS = "SELECT id, level, count FROM tails WHERE run_id = ? ORDER BY level, id"
TAIL_DATA = "SELECT codec, data FROM tails WHERE id = ?"
OVERLAPPING = """SELECT id, count FROM chunks WHERE run_id = ? AND key_id = ?
    AND (min_ms, min_step) <= (?, ?) AND (max_ms, max_step) >= (?, ?) ORDER BY min_ms, min_step LIMIT 1000"""
BEFORE = """SELECT id, count, max_ms, max_step FROM chunks WHERE run_id = ? AND key_id = ?
    AND (min_ms, min_step) <= (?, ?) ORDER BY min_ms DESC, min_step DESC LIMIT 1"""
PRESENT_LOG = "SELECT id FROM point_log WHERE run_id = ?"
PRESENT_TAILS = "SELECT id FROM tails WHERE run_id = ?"
PRESENT_CHUNK = "SELECT id FROM chunks WHERE id = ? AND run_id = ?"
DELETE_LOG = "DELETE FROM point_log WHERE id = ?"
DELETE_TAIL = "DELETE FROM tails WHERE id = ?"
DELETE_CHUNK = "DELETE FROM chunks WHERE id = ?"
INSERT_TAIL = """INSERT INTO tails (run_id, level, min_key, max_key, count, codec, data)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
INSERT_CHUNK = """INSERT INTO chunks (run_id, key_id, count, min_ms, max_ms, min_step, max_step, numbers, min_value,
    max_value, sum_value, codec, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


class Change(NamedTuple):
    """What replaces some rows of one run; the ids are those of the rows that go."""

    run_id: int
    log_ids: list[int]
    tail_ids: list[int]
    chunk_ids: list[int]
    level: int
    made: Plan


def work_out(
    c: Connection, runs: Sequence[tuple[int, bool]], sizes: Sizes = SIZES
) -> tuple[list[Change], list[int]]:
    """Changes for (run, whether it is quiet), and the runs whose stored points cannot be read.

    Memory: up to 262,144 new points of one run and 524,288 older ones at a time.
    """
    changes, damaged = [], []
    for run_id, quiet in runs:
        try:
            change = _work_out_run(c, run_id, quiet, sizes)
        except CorruptChunk as exc:
            tell_damage(c, run_id, exc)
            damaged.append(run_id)
            continue
        if change is not None:
            changes.append(change)
    return changes, damaged


def tell_damage(c: Connection, run_id: int, exc: CorruptChunk) -> None:
    """To the log: the run is left alone until the server starts again."""
    row = c.one(RUN_NAME, (run_id,))
    name = row[0] if row is not None else f"number {run_id}"
    log.error(
        "Points of run %s are damaged and stay as they are (%s). Restore the database from a backup.",
        name,
        exc,
    )


def _work_out_run(c: Connection, run_id: int, quiet: bool, sizes: Sizes) -> Change | None:
    log_ids, rows, points = _log_rows(c, run_id)
    if not rows:
        return None
    tail_ids = _tails_to_merge(c, run_id, points, sizes)
    rows += [(codec, bytes(data)) for tail_id in tail_ids for codec, data in c.all(TAIL_DATA, (tail_id,))]
    chunk_ids: list[int] = []

    def earlier(key: int, columns: Columns) -> Sequence[Columns]:
        ids = chunks_to_merge(c, run_id, key, columns, sizes)
        chunk_ids.extend(ids)
        return load_columns(lambda wanted: load_chunks(c, wanted), ids)

    made = plan(rows, final=quiet, earlier=earlier, sizes=sizes)
    level = level_of(sum(tail.count for tail in made.tails), sizes)
    return Change(run_id, log_ids, tail_ids, chunk_ids, level, made)


def _log_rows(c: Connection, run_id: int) -> tuple[list[int], list[tuple[int, bytes]], int]:
    ids, rows, points = [], [], 0
    for number, codec, data, count in c.each(LOG, (run_id,)):
        ids.append(number)
        rows.append((codec, bytes(data)))
        points += count
        if points >= RUN_POINTS:
            break
    return ids, rows, points


def _tails_to_merge(c: Connection, run_id: int, points: int, sizes: Sizes) -> list[int]:
    """Tails of the size class that the points reach, and of the classes below."""
    taken: list[int] = []
    for number, level, count in c.all(TAILS, (run_id,)):
        if level > level_of(points, sizes) or points + count > OLD_TAIL_POINTS:
            break
        taken.append(number)
        points += count
    return taken


def chunks_to_merge(c: Connection, run_id: int, key: int, columns: Columns, sizes: Sizes) -> list[int]:
    """Chunks to seal anew with these points, which are in history order.

    Those whose times overlap the new points', when they are few for what is new, so that a series in good order is
    never read again and one in bad order costs at most a bounded number of writes per point; and a small chunk just
    before, so that a run that logs slowly does not leave many small ones.
    """
    low = int(columns.ms[0]), int(columns.steps[columns.ms == columns.ms[0]].min())
    high = int(columns.ms[-1]), int(columns.steps[columns.ms == columns.ms[-1]].max())
    found = c.all(OVERLAPPING, (run_id, key, *high, *low))
    limit = max(min(MERGED_SHARE * columns.size, RUN_POINTS), sizes.merged)
    ids = [number for number, _ in found] if sum(count for _, count in found) <= limit else []
    before = c.one(BEFORE, (run_id, key, *low))
    if before is not None and before[1] < sizes.seal and before[0] not in ids and before[2:] < low:
        ids.insert(0, before[0])
    return ids


def put_in_place(tx: Transaction, changes: Sequence[Change]) -> int:
    """Write the changes whose rows are all still there; returns how many.

    Another server may compact the same runs. Rows that it holds are passed over, so nobody waits and nobody deadlocks.
    """
    done = 0
    for change in changes:
        if _still_there(tx, change):
            _replace(tx, change)
            done += 1
    return done


def _still_there(tx: Transaction, change: Change) -> bool:
    lock = " FOR UPDATE SKIP LOCKED" if tx.dialect == "postgresql" else ""
    present = {row[0] for row in tx.all(PRESENT_LOG + lock, (change.run_id,))}
    if not present.issuperset(change.log_ids):
        return False
    if change.tail_ids:
        present = {row[0] for row in tx.all(PRESENT_TAILS + lock, (change.run_id,))}
        if not present.issuperset(change.tail_ids):
            return False
    return all(tx.one(PRESENT_CHUNK + lock, (number, change.run_id)) for number in change.chunk_ids)


def _replace(tx: Transaction, change: Change) -> None:
    overviews.delete(tx, change.run_id, change.chunk_ids)
    for statement, ids in (
        (DELETE_LOG, change.log_ids),
        (DELETE_TAIL, change.tail_ids),
        (DELETE_CHUNK, change.chunk_ids),
    ):
        tx.many(statement, [(number,) for number in ids])
    _insert_chunks(tx, change)
    tx.many(
        INSERT_TAIL,
        [
            (change.run_id, change.level, tail.min_key, tail.max_key, tail.count, TAIL, tail.data)
            for tail in change.made.tails
        ],
    )


def _insert_chunks(tx: Transaction, change: Change) -> None:
    """Short chunks at once; those with an overview one by one, because it needs their number."""
    rows = [(chunk.overview, _chunk_row(change.run_id, key, chunk)) for key, chunk in change.made.chunks]
    tx.many(INSERT_CHUNK, [row for overview, row in rows if overview is None])
    made = []
    for overview, row in rows:
        if overview is not None:
            number = tx.one(INSERT_CHUNK + " RETURNING id", row)
            assert number is not None
            made.append((*row[:2], number[0], overview))
    tx.many(overviews.INSERT, made)


def _chunk_row(run_id: int, key: int, chunk: Chunk) -> tuple[object, ...]:
    return (
        run_id,
        key,
        chunk.count,
        chunk.min_ms,
        chunk.max_ms,
        chunk.min_step,
        chunk.max_step,
        chunk.numbers,
        chunk.min_value,
        chunk.max_value,
        chunk.sum_value if chunk.sum_value == chunk.sum_value else None,
        chunk.codec,
        chunk.data,
    )

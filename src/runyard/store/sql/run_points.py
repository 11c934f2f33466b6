"""Metric points on their way into the log and the summaries: collected over a group of writes, stored once."""

from __future__ import annotations

from collections.abc import Sequence, Set

from runyard.entities.change import ChangeKind
from runyard.entities.run import MetricPoint
from runyard.store.sql.alert_events import tell_nan
from runyard.store.sql.database import Transaction
from runyard.store.sql.intern import RunRef
from runyard.store.sql.series.codec import RAW
from runyard.store.sql.series.fold import SeriesDelta, fold
from runyard.store.sql.series.points import POINT_BYTES, pack, pack_one

INSERT_LOG = "INSERT INTO point_log (run_id, count, codec, data) VALUES (?, ?, ?, ?)"
Blobs = dict[RunRef, list[bytes]]  # packed points by run, in the order they came
TOUCH = "UPDATE runs SET version = version + 1 WHERE id = ?"
_LATER = """(excluded.last_step, excluded.last_ms, coalesce(excluded.last_value, 0.0))
    > (series.last_step, series.last_ms, coalesce(series.last_value, 0.0))"""
_EARLIER = """(excluded.first_step, excluded.first_ms, coalesce(excluded.first_value, 0.0))
    < (series.first_step, series.first_ms, coalesce(series.first_value, 0.0))"""
_LOWER = """excluded.min_value IS NOT NULL AND (series.min_value IS NULL OR excluded.min_value < series.min_value
    OR (excluded.min_value = series.min_value AND excluded.min_step < series.min_step))"""
_HIGHER = """excluded.max_value IS NOT NULL AND (series.max_value IS NULL OR excluded.max_value > series.max_value
    OR (excluded.max_value = series.max_value AND excluded.max_step < series.max_step))"""


def _when(condition: str, *columns: str) -> str:
    return ", ".join(
        f"{column} = CASE WHEN {condition} THEN excluded.{column} ELSE series.{column} END"
        for column in columns
    )


# A merge that commutes: whatever order the servers' commits take, the summary is the same. Points that do not come
# strictly after the stored last one may be replays, so the row is marked and counted again by the compaction.
# PostgreSQL refuses a sum that overflows: of such values, and of infinite ones, none is kept.
UPSERT = f"""INSERT INTO series (run_id, key_id, experiment_id, last_value, last_step, last_ms, min_value, min_step,
    max_value, max_step, first_value, first_step, first_ms, count, numbers, sum, disordered)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (run_id, key_id) DO UPDATE SET
    {_when(_LATER, "last_value", "last_step", "last_ms")},
    {_when(_EARLIER, "first_value", "first_step", "first_ms")},
    {_when(_LOWER, "min_value", "min_step")},
    {_when(_HIGHER, "max_value", "max_step")},
    count = series.count + excluded.count,
    numbers = series.numbers + excluded.numbers,
    sum = CASE WHEN abs(series.sum) < 8e307 AND abs(excluded.sum) < 8e307 THEN series.sum + excluded.sum END,
    disordered = CASE WHEN series.disordered = 1 OR excluded.disordered = 1 OR NOT (
        (excluded.first_step, excluded.first_ms, coalesce(excluded.first_value, 0.0))
        > (series.last_step, series.last_ms, coalesce(series.last_value, 0.0))) THEN 1 ELSE 0 END"""


class PointBuffer:
    """Deferred work of a group: each run gets one log row, each series one update."""

    def __init__(self) -> None:
        self._blobs: Blobs = {}
        self._touched: dict[int, RunRef] = {}
        self._quiet: set[int] = set()

    def touch(self, run: RunRef) -> None:
        """The run changes otherwise than by points, so its ready document does not hold any more."""
        self._touched[run.id] = run

    def add(self, tx: Transaction, run: RunRef, points: Sequence[MetricPoint]) -> None:
        """Points of one request."""
        if len(points) == 1:
            point = points[0]
            key = tx.interned.key(tx, point.key)
            self.add_packed(run, pack_one(key, point.step, point.timestamp, point.value))
            return
        blob = pack(
            tx.interned.keys(tx, [point.key for point in points]),
            [point.step for point in points],
            [point.timestamp for point in points],
            [point.value for point in points],
        )
        self.add_packed(run, blob)

    def add_packed(self, run: RunRef, blob: bytes, *, quiet: bool = False) -> None:
        """Points that are rows of bytes already.

        Args:
            quiet: nobody is told of what is strange in them.
        """
        self._blobs.setdefault(run, []).append(blob)
        if quiet:
            self._quiet.add(run.id)

    def flush(self, tx: Transaction) -> None:
        if tx.changes.listening:
            tx.changes.of_runs(self._blobs, ChangeKind.POINTS)
            tx.changes.of_runs(self._touched.values(), ChangeKind.INFO)
        if self._blobs and not tx.set_aside(self._blobs):
            store_points(tx, self._blobs, self._quiet)
            for run in self._blobs:
                self._touched.pop(run.id, None)
        if self._touched:
            tx.many(TOUCH, [(run_id,) for run_id in sorted(self._touched)])


def store_points(tx: Transaction, points: Blobs, quiet: Set[int] = frozenset()) -> None:
    """Packed points into the log and the summaries; the runs' ready documents do not hold any more.

    Args:
        quiet: runs that nobody is told of.
    """
    log_rows, series_rows, strange = [], [], list[tuple[RunRef, int]]()
    for run, blobs in sorted(points.items()):
        data = blobs[0] if len(blobs) == 1 else b"".join(blobs)
        log_rows.append((run.id, len(data) // POINT_BYTES, RAW, data))
        deltas = fold(data)
        series_rows += [summary_row(run, delta) for delta in deltas]
        if run.id not in quiet:
            strange += [(run, delta.key) for delta in deltas if delta.numbers < delta.count]
    tx.many(INSERT_LOG, log_rows)
    tx.many(UPSERT, series_rows)
    tx.many(TOUCH, [(run.id,) for run in sorted(points)])
    if strange:
        tell_nan(tx, strange)


def buffer_of(tx: Transaction) -> PointBuffer:
    """The buffer that all writes of this group share."""
    return tx.defer(PointBuffer)


def summary_row(run: RunRef, delta: SeriesDelta) -> tuple[object, ...]:
    """Parameters of UPSERT."""
    return (
        run.id,
        delta.key,
        run.experiment_id,
        _number(delta.last_value),
        delta.last_step,
        delta.last_ms,
        delta.min_value,
        delta.min_step,
        delta.max_value,
        delta.max_step,
        _number(delta.first_value),
        delta.first_step,
        delta.first_ms,
        delta.count,
        delta.numbers,
        _number(delta.sum),
        0 if delta.ordered else 1,
    )


def _number(value: float) -> float | None:
    """NaN is NULL in columns."""
    return value if value == value else None

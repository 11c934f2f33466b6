"""Chunks of a series that came in no order at all: many overlap at each place, so every page would read many.

When the run is quiet they are sealed anew, a part of the series at a time, until few overlap.
"""

from __future__ import annotations

from collections.abc import Sequence

from runyard.store.sql.compact_runs import Change
from runyard.store.sql.database import Connection
from runyard.store.sql.series.codec import encode
from runyard.store.sql.series.compaction import SIZES, Plan, Sizes
from runyard.store.sql.series.history import load_columns, merge_series
from runyard.store.sql.series_rows import load_chunks
from runyard.store.sql.settle_series import Part, depth_of, overlapping, parts_of

PENDING = "SELECT 1 FROM point_log WHERE run_id = ?"


def work_out_untangling(c: Connection, run_id: int, key_id: int, sizes: Sizes = SIZES) -> Change | None:
    """What replaces some chunks that overlap too deeply; None when there are none, or the run is still busy.

    Memory: `sizes.untangled` points. Each change leaves fewer chunks that overlap, so repeating it comes to an end.
    Raises: CorruptChunk.
    """
    if c.one(PENDING, (run_id,)) is not None:
        return None
    for group in overlapping(parts_of(c, run_id, key_id)):
        some = _first_of(group, sizes.untangled)
        if depth_of(some) > sizes.depth:
            ids = [part.id for part in some]
            columns = merge_series(load_columns(lambda wanted: load_chunks(c, wanted), ids))
            return Change(
                run_id, [], [], ids, 0, Plan([(key_id, one) for one in encode(columns, sizes.chunk)], [])
            )
    return None


def _first_of(group: Sequence[Part], limit: int) -> Sequence[Part]:
    points = 0
    for index, part in enumerate(group):
        points += part.count
        if points > limit:
            return group[: max(index, 1)]
    return group

"""Fewer points for charts of MLflow's clients: an even sample of rows. Ours have buckets (chart.py).

Rows are ordered by (step, ms, rank of the value), unlike history.
"""

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np

from runyard.store.sql.series.codec import decode, pick
from runyard.store.sql.series.history import Load, Span, load_columns, merge_series, read_chunks
from runyard.store.sql.series.points import Columns, Ints, ascending_pairs, no_points, value_ranks

_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1


class Block(msgspec.Struct, frozen=True):
    """Chunks whose steps overlap one another, and none other's; with `tail`, also the points of the log.

    `count` is the number of its rows in the wanted range, None if only its points can tell.
    """

    ids: tuple[int, ...]
    tail: bool
    count: int | None


def sample_indices(n_rows: int, max_results: int) -> Ints:
    """Which rows to show, at most `max_results`: the first of each even bucket, but of the last bucket its last row.

    The earlier buckets take the remainder, as NTILE in SQL does; a single result is the last row.
    """
    if max_results < 1:
        raise ValueError(f"max_results must be at least 1, not {max_results}")
    if n_rows <= max_results:
        return np.arange(n_rows, dtype=np.int64)
    size, larger = divmod(n_rows, max_results)
    numbers = np.arange(max_results - 1, dtype=np.int64)
    return np.append(numbers * size + np.minimum(numbers, larger), n_rows - 1)


def plan_sample(
    spans: Sequence[Span], tail: Columns, *, start_step: int | None = None, end_step: int | None = None
) -> list[Block]:
    """Blocks of a series by ascending step, within start_step to end_step (both included).

    A chunk that shares no step with another and lies wholly in the range has a known count: it is read only if
    a chosen row falls into it.
    """
    first, last = _range(start_step, end_step)
    pieces: list[tuple[int, int, Span | None]] = [(span.min_step, span.max_step, span) for span in spans]
    if tail.size:
        pieces.append((int(tail.steps.min()), int(tail.steps.max()), None))
    wanted = sorted(
        (piece for piece in pieces if piece[1] >= first and piece[0] <= last), key=lambda piece: piece[0]
    )
    blocks: list[Block] = []
    group: list[Span | None] = []
    low = high = 0
    for min_step, max_step, span in wanted:
        if group and min_step > high:
            blocks.append(_block(group, whole=first <= low and high <= last))
            group = []
        low, high = (min(low, min_step), max(high, max_step)) if group else (min_step, max_step)
        group.append(span)
    if group:
        blocks.append(_block(group, whole=first <= low and high <= last))
    return blocks


def _block(group: Sequence[Span | None], *, whole: bool) -> Block:
    spans = [span for span in group if span is not None]
    known = whole and len(spans) == len(group) == 1
    return Block(tuple(span.id for span in spans), len(spans) < len(group), spans[0].count if known else None)


def _range(start_step: int | None, end_step: int | None) -> tuple[int, int]:
    return _LOWEST if start_step is None else start_step, _HIGHEST if end_step is None else end_step


def sample_series(
    spans: Sequence[Span],
    load: Load,
    tail: Columns,
    *,
    max_results: int,
    start_step: int | None = None,
    end_step: int | None = None,
) -> Columns:
    """The sampled rows of one series, by (step, ms, rank of the value); at most max_results.

    Reads the chunks that hold a chosen row, and those whose row count in the range the chunk table cannot tell.

    Raises: CorruptChunk, if a chunk cannot be read.
    """
    blocks = plan_sample(spans, tail, start_step=start_step, end_step=end_step)
    bounds = _range(start_step, end_step)
    read = {i: _read(block, load, tail, bounds) for i, block in enumerate(blocks) if block.count is None}
    counts = [read[i].size if block.count is None else block.count for i, block in enumerate(blocks)]
    ends = np.cumsum(counts, dtype=np.int64)
    rows = sample_indices(int(ends[-1]) if blocks else 0, max_results)
    cuts = np.searchsorted(rows, ends, "left").tolist()
    picked: dict[int, Columns] = {}
    wanted: dict[int, tuple[int, Ints]] = {}
    for i, (start, end) in enumerate(pairwise([0, *cuts])):
        if start < end:
            places = rows[start:end] - (ends[i] - counts[i])
            if i in read:
                picked[i] = read[i].rows(places)
            else:
                wanted[blocks[i].ids[0]] = i, places
    if wanted:
        found = read_chunks(load, list(wanted), lambda id_, codec, data: _pick(codec, data, wanted[id_][1]))
        picked.update((wanted[id_][0], columns) for id_, columns in found.items())
    return _joined([picked[i] for i in sorted(picked)])


def _pick(codec: int, data: bytes, places: Ints) -> Columns:
    """Rows of a chunk, counted by step."""
    found = pick(codec, data, places)
    return found if found is not None else by_step(decode(codec, data)).rows(places)


def _read(block: Block, load: Load, tail: Columns, bounds: tuple[int, int]) -> Columns:
    """The rows of a block in the range, by step."""
    parts = load_columns(load, block.ids) if block.ids else []
    columns = by_step(merge_series([*parts, tail] if block.tail else parts))
    low = np.searchsorted(columns.steps, bounds[0], "left")
    high = np.searchsorted(columns.steps, bounds[1], "right")
    return columns.rows(slice(int(low), int(high)))


def by_step(columns: Columns) -> Columns:
    """The rows of a series by (step, ms, rank of the value); the same arrays when they lie so."""
    if ascending_pairs(columns.steps, columns.ms, columns.values).all():
        return columns
    return columns.rows(np.lexsort((value_ranks(columns.values), columns.ms, columns.steps)))


def _joined(parts: Sequence[Columns]) -> Columns:
    if not parts:
        return no_points()
    return Columns(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

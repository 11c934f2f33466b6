"""Points of a source that may hold exact repetitions, each once, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from runyard.entities.point_bytes import POINT, Points, hashes_of

AT_ONCE = 2_000_000  # points in memory


def unique_points(read: Callable[[], Iterator[Points]], at_once: int = AT_ONCE) -> Iterator[Points]:
    """The points of one series without exact repetitions.

    A series that fits into memory is read once. A longer one is read again, a part of its points at a time, chosen by
    their hashes.

    Args:
        read: gives all blocks of the series from the start.
    """
    held: list[Points] = []
    size = 0
    for block in read():
        held.append(block)
        size += block.size
        if size > at_once:
            break
    else:
        yield from _once(held)
        return
    held.clear()
    total = sum(block.size for block in read())
    parts = np.uint64(-(-total // at_once) + 1)
    for part in range(int(parts)):
        chosen = (block[hashes_of(block) % parts == np.uint64(part)] for block in read())
        yield from _once([block for block in chosen if block.size])


def _once(blocks: list[Points]) -> Iterator[Points]:
    if not blocks:
        return
    points: Points = np.concatenate(blocks) if len(blocks) > 1 else blocks[0]
    _, first = np.unique(hashes_of(points), return_index=True)
    yield points if first.size == points.size else points[np.sort(first)]


def in_blocks(points: Points, size: int) -> Iterator[Points]:
    """Pieces of at most size points."""
    for start in range(0, points.size, size):
        yield points[start : start + size]


def no_points() -> Points:
    """An empty block."""
    return np.empty(0, POINT)

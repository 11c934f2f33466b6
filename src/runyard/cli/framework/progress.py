"""Progress of long work on stderr, where a person watches; silence elsewhere."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Moved = Callable[[int], None]


@contextmanager
def progress(what: str, total: int | None, *, unit: str = "bytes") -> Iterator[Moved]:
    """Give the work a function to call with how much further it came.

    Args:
        total: how much there is; None when nobody knows.
        unit: bytes, or anything that is counted.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    bars = importlib.import_module("runyard.cli.framework.bars")
    with bars.bar(what, total, unit) as moved:
        yield moved


def by_increments(moved: Moved) -> Callable[[int, int | None], None]:
    """For one file of many: it tells how far it came, the bar wants to know how much further."""
    before = 0

    def told(done: int, _total: int | None) -> None:
        nonlocal before
        moved(done - before)
        before = done

    return told

"""Samples of series that were asked for a moment ago: charts ask again and again, and most of their runs have ended."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple

from runyard.store.sql.series.points import Columns

POINTS = 200_000
"""About 5 MB."""
EACH = 100
"""What an entry without points counts."""


class SampleOf(NamedTuple):
    """What was asked; `run` is the run's row, `uuid` its id: a row's number may come again after a purge."""

    run: int
    uuid: str
    key: str
    max_results: int
    start_step: int | None
    end_step: int | None


class SampleCache:
    """The samples used last. One is valid for one version of its run: every point logged to the run makes a new one.

    Shared by the reader threads.

    Args:
        points: how many are held in all.
    """

    def __init__(self, points: int = POINTS) -> None:
        self._limit = points
        self._held = 0
        self._kept: OrderedDict[SampleOf, tuple[int, Columns]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, sample: SampleOf, version: int) -> Columns | None:
        """The sample of this version of the run."""
        with self._lock:
            found = self._kept.get(sample)
            if found is None or found[0] != version:
                return None
            self._kept.move_to_end(sample)
            return found[1]

    def keep(self, sample: SampleOf, version: int, columns: Columns) -> None:
        """Hold a sample in place of that of another version; those used longest ago make room."""
        with self._lock:
            self._drop(sample)
            self._kept[sample] = version, columns
            self._held += columns.size + EACH
            while self._held > self._limit and self._kept:
                self._drop(next(iter(self._kept)))

    def _drop(self, sample: SampleOf) -> None:
        found = self._kept.pop(sample, None)
        if found is not None:
            self._held -= found[1].size + EACH

"""What a chart asks and what it draws: buckets of series, and bands of groups of runs."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[Any]


class Axis(StrEnum):
    """What the horizontal axis shows: steps, ms UTC, or ms since the run's start."""

    STEP = "step"
    TIME = "time"
    RELATIVE = "relative"


class ChartAxis(msgspec.Struct, frozen=True):
    """An axis and the part of it that is drawn; both ends are included, None: as far as there are points.

    `metric`: the values of this metric stand on the axis, joined by step.
    """

    kind: Axis
    start: float | None
    end: float | None
    buckets: int
    metric: str | None = None


class ChartRun(msgspec.Struct, frozen=True, gc=False):
    """A run of a chart; `row` is its number in the store, `version` grows with every change."""

    run_id: str
    row: int
    version: int
    start_ms: int | None


class DrawnSeries(msgspec.Struct, frozen=True):
    """One series, as arrays by ascending place. `run` and `metric` are places in the lists of the request.

    Attributes:
        stored: points of the series in all.
        exact: each row is one point; `first`, `min`, `max` and `mean` say nothing then that `final` and `last` do not.
        first, final: where the first and the last point of a bucket lie.
        count, nans: points of a bucket, and those of them whose value is NaN; min, max and mean leave these out.
    """

    run: int
    metric: int
    stored: int
    exact: bool
    first: Places
    final: Places
    count: Ints
    nans: Ints
    last: Floats
    min: Floats
    max: Floats
    mean: Floats

    @property
    def in_range(self) -> int:
        """Points of the drawn part."""
        return int(self.count.sum())


class Band(msgspec.Struct, frozen=True):
    """One metric of one group of runs, by ascending place of cells that all groups of the answer share.

    A run counts in each cell from its first to its last point, where it has none with what it had before. `mean` and
    `std` are of the runs' means, `min` and `max` of all points, `runs` is how many count.
    """

    group: int
    metric: int
    place: Places
    mean: Floats
    min: Floats
    max: Floats
    std: Floats
    runs: Ints


class Chart(msgspec.Struct, frozen=True):
    """Series of the runs that were found, in the order asked for."""

    runs: Sequence[ChartRun]
    series: Sequence[DrawnSeries]

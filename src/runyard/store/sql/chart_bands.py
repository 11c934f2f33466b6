"""Bands of groups of runs, from the buckets of their runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from runyard.entities.chart import Band, ChartAxis, DrawnSeries, Floats, Ints, Places
from runyard.store.sql.series.chart import cells_of, places_of


class RunShape(NamedTuple):
    """Buckets of one metric of one run."""

    place: Places
    numbers: Ints
    mean: Floats
    min: Floats
    max: Floats


def shape_of(series: DrawnSeries) -> RunShape:
    """What a band needs of a drawn series."""
    return RunShape(series.first, series.count - series.nans, series.mean, series.min, series.max)


def bands_of(
    shapes: Mapping[tuple[str, int], RunShape], groups: Sequence[Sequence[str]], metrics: int, axis: ChartAxis
) -> list[Band]:
    """A band for each metric of each group that has points, in that order.

    Args:
        shapes: by run and place of the metric.
    """
    filled = {key: shape for key, shape in shapes.items() if shape.place.size}
    if not filled:
        return []
    if any(shape.place.dtype.kind == "f" for shape in filled.values()):
        filled = {key: shape._replace(place=shape.place.astype(np.float64)) for key, shape in filled.items()}
    low = min(shape.place[0] for shape in filled.values())
    high = max(shape.place[-1] for shape in filled.values())
    found = []
    for group, run_ids in enumerate(groups):
        for metric in range(metrics):
            members = [
                filled[run_id, metric] for run_id in dict.fromkeys(run_ids) if (run_id, metric) in filled
            ]
            if members:
                found.append(_band(group, metric, members, low, high, axis.buckets))
    return found


def _band(group: int, metric: int, members: Sequence[RunShape], low: Any, high: Any, most: int) -> Band:
    total = np.zeros((5, most))
    count, mean, spread, least, greatest = total
    least[:], greatest[:] = np.inf, -np.inf
    real = np.zeros(most, np.bool_)
    with np.errstate(all="ignore"):  # infinite values have no deviation
        for shape in members:
            cells, own, lowest, highest = _by_cell(shape, low, high, most)
            if not cells.size:
                continue
            real[cells] = True
            stretch = slice(int(cells[0]), int(cells[-1]) + 1)
            sizes = np.diff(cells, append=cells[-1] + 1)
            values = np.repeat(own, sizes)
            count[stretch] += 1
            distance = values - mean[stretch]
            mean[stretch] += distance / count[stretch]
            spread[stretch] += distance * (values - mean[stretch])
            least[stretch] = np.fmin(least[stretch], np.repeat(lowest, sizes))
            greatest[stretch] = np.fmax(greatest[stretch], np.repeat(highest, sizes))
        deviation = np.sqrt(spread / count)
    kept: Ints = np.flatnonzero(real)
    whole = members[0].place.dtype.kind == "i"
    return Band(
        group,
        metric,
        places_of(kept, low, high, most, whole=whole),
        mean[kept],
        least[kept],
        greatest[kept],
        deviation[kept],
        count[kept].astype(np.int64),
    )


def _by_cell(shape: RunShape, low: Any, high: Any, most: int) -> tuple[Ints, Floats, Floats, Floats]:
    """(cells, mean, min, max) where the run has a number."""
    there = shape.numbers > 0
    cells = cells_of(shape.place[there], low, high, most)
    if not cells.size:
        nothing = np.empty(0, np.float64)
        return cells, nothing, nothing, nothing
    starts = np.concatenate((np.zeros(1, np.int64), np.flatnonzero(cells[1:] != cells[:-1]) + 1))
    numbers = shape.numbers[there]
    return (
        cells[starts],
        np.add.reduceat(shape.mean[there] * numbers, starts) / np.add.reduceat(numbers, starts),
        np.minimum.reduceat(shape.min[there], starts),
        np.maximum.reduceat(shape.max[there], starts),
    )

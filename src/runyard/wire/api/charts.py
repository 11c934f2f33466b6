"""Charts as our API spells them: requests, and what their packed answers hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from runyard.entities.chart import Band, Chart, ChartAxis, DrawnSeries
from runyard.wire.api import columns
from runyard.wire.mlflow.scalars import Int32


class DrawSeries(msgspec.Struct):
    """`x`: step, time (ms UTC) or relative (ms since the run's start); `start` and `end` are in its unit, both included."""

    run_ids: list[str]
    metrics: list[str]
    x: str = "step"
    start: float | None = None
    end: float | None = None
    buckets: Int32 | None = None
    x_metric: str | None = None


class RunGroup(msgspec.Struct):
    run_ids: list[str]
    name: str = ""


class DrawGroups(msgspec.Struct):
    """As `DrawSeries`, for groups of runs."""

    groups: list[RunGroup]
    metrics: list[str]
    x: str = "step"
    start: float | None = None
    end: float | None = None
    buckets: Int32 | None = None
    x_metric: str | None = None


def pack_chart(body: DrawSeries, axis: ChartAxis, chart: Chart) -> bytes:
    """`{x, x_metric, buckets, runs: [ids found], metrics, series: […]}`.

    A series has `run` and `metric` (places in `runs` and `metrics`), `stored`, `in_range`, `exact`, and the columns `x`
    and `last`; unless it is exact also `x_last`, `min`, `max`, `mean` and `count`; `nans` where a value is NaN.
    """
    return columns.pack(
        {
            "x": axis.kind.value,
            "x_metric": axis.metric,
            "buckets": axis.buckets,
            "runs": [run.run_id for run in chart.runs],
            "metrics": body.metrics,
            "series": [_series(one) for one in chart.series],
        }
    )


def pack_bands(body: DrawGroups, axis: ChartAxis, bands: Sequence[Band]) -> bytes:
    """`{x, x_metric, buckets, groups: [names], metrics, bands: […]}`.

    A band has `group` and `metric` (places in `groups` and `metrics`) and the columns `x`, `mean`, `min`, `max`, `std`, `n`.
    """
    return columns.pack(
        {
            "x": axis.kind.value,
            "x_metric": axis.metric,
            "buckets": axis.buckets,
            "groups": [group.name for group in body.groups],
            "metrics": body.metrics,
            "bands": [
                {
                    "group": one.group,
                    "metric": one.metric,
                    "x": columns.floats(one.place),
                    "mean": columns.floats(one.mean),
                    "min": columns.floats(one.min),
                    "max": columns.floats(one.max),
                    "std": columns.floats(one.std),
                    "n": columns.counts(one.runs),
                }
                for one in bands
            ],
        }
    )


def _series(one: DrawnSeries) -> dict[str, Any]:
    found: dict[str, Any] = {
        "run": one.run,
        "metric": one.metric,
        "stored": one.stored,
        "in_range": one.in_range,
        "exact": one.exact,
        "x": columns.floats(one.first),
        "last": columns.floats(one.last),
    }
    if not one.exact:
        found |= {
            "x_last": columns.floats(one.final),
            "min": columns.floats(one.min),
            "max": columns.floats(one.max),
            "mean": columns.floats(one.mean),
            "count": columns.counts(one.count),
        }
    if one.nans.any():
        found["nans"] = columns.counts(one.nans)
    return found

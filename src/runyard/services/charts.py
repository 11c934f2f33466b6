"""Rules for charts: how much one request may ask for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from runyard.entities.chart import Axis, Band, Chart, ChartAxis, ChartRun
from runyard.entities.log_rules import check_text
from runyard.errors import InvalidInput, shown
from runyard.services.context import Context
from runyard.store.chart_contracts import ChartStore

RUNS = 1_000
METRICS = 50
SERIES = 2_000
GROUPS = 200
BUCKETS = 4_000
USUAL_BUCKETS = 800
ROWS = 1_000_000  # of an answer; more series have fewer buckets each


class ChartService:
    """Checks, then asks the store."""

    def __init__(self, store: ChartStore) -> None:
        self._store = store

    async def runs(self, ctx: Context, run_ids: Sequence[str]) -> Sequence[ChartRun]:
        """The runs that there are, with the version that a chart of them depends on. Raises: InvalidInput."""
        _check_names("run_ids", run_ids, RUNS)
        return await self._store.runs(ctx.workspace_id, run_ids)

    async def series(
        self, ctx: Context, run_ids: Sequence[str], metrics: Sequence[str], axis: ChartAxis
    ) -> Chart:
        """Each metric of each run that has it, at most 2,000 series. Raises: InvalidInput, QueryTooExpensive."""
        _check_size(run_ids, metrics)
        return await self._store.series(ctx.workspace_id, run_ids, metrics, axis)

    async def bands(
        self, ctx: Context, groups: Sequence[Sequence[str]], metrics: Sequence[str], axis: ChartAxis
    ) -> Sequence[Band]:
        """Mean and spread of each metric of up to 200 groups of 1,000 runs in all.

        Raises: InvalidInput, QueryTooExpensive.
        """
        if len(groups) > GROUPS:
            raise InvalidInput(f"groups can hold at most {GROUPS} groups. Got {len(groups)}.")
        _check_size([run_id for group in groups for run_id in group], metrics)
        return await self._store.bands(ctx.workspace_id, groups, metrics, axis)


def chart_axis(
    kind: str, start: float | None, end: float | None, buckets: int | None, metric: str | None, series: int
) -> ChartAxis:
    """The axis of a request.

    Args:
        series: how many are asked for; each gets fewer buckets where an answer would have more than 1,000,000.
    Raises: InvalidInput.
    """
    try:
        axis = Axis(kind)
    except ValueError:
        names = ", ".join(Axis)
        raise InvalidInput(
            f"Invalid value {shown(kind)} for parameter 'x' supplied: valid values are {names}."
        ) from None
    for name, value in (("start", start), ("end", end)):
        if value is not None and not math.isfinite(value):
            raise InvalidInput(f"Invalid value {value} for parameter '{name}' supplied: it must be finite.")
    if start is not None and end is not None and start > end:
        raise InvalidInput(f"end must not be less than start. Found start={start} and end={end}.")
    if buckets is not None and not 1 <= buckets <= BUCKETS:
        raise InvalidInput(f"buckets must be between 1 and {BUCKETS}. Found {buckets}.")
    if metric is not None:
        _check_names("x_metric", [metric], 1)
    return ChartAxis(axis, start, end, min(buckets or USUAL_BUCKETS, ROWS // max(series, 1)), metric)


def _check_size(run_ids: Sequence[str], metrics: Sequence[str]) -> None:
    _check_names("run_ids", run_ids, RUNS)
    _check_names("metrics", metrics, METRICS)
    if len(run_ids) * len(metrics) > SERIES:
        raise InvalidInput(
            f"At most {SERIES} series can be drawn at once. Got {len(run_ids)} runs × {len(metrics)} metrics: ask for "
            "fewer in each of several requests."
        )


def _check_names(what: str, names: Sequence[str], limit: int) -> None:
    if not names:
        raise InvalidInput.missing(what)
    if len(names) > limit:
        raise InvalidInput(f"{what} can hold at most {limit}. Got {len(names)}.")
    if what != "run_ids" and len(set(names)) < len(names):
        raise InvalidInput(f"{what} names the same thing twice.")
    for name in names:
        check_text(what, name)

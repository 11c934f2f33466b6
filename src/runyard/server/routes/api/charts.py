"""Charts of many series at once, answered as packed columns."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.chart import ChartAxis, ChartRun
from runyard.server.packed import Packed, tag_of
from runyard.server.routing import Route, api
from runyard.services.charts import ChartService, chart_axis
from runyard.services.context import Context
from runyard.wire.api.charts import DrawGroups, DrawSeries, pack_bands, pack_chart


def routes(service: ChartService) -> list[Route]:
    """POST charts/series and charts/groups; both only read."""

    async def series(ctx: Context, body: DrawSeries) -> Packed:
        """Draw metrics of up to 1,000 runs in buckets whose extremes are exact, or point by point where they are few."""
        axis = _axis(body, len(body.run_ids))
        body.run_ids = list(dict.fromkeys(body.run_ids))

        async def made() -> bytes:
            return pack_chart(body, axis, await service.series(ctx, body.run_ids, body.metrics, axis))

        return Packed(_tag(ctx, "series", body, axis, await service.runs(ctx, body.run_ids)), made)

    async def groups(ctx: Context, body: DrawGroups) -> Packed:
        """Draw mean, deviation and extremes of metrics over groups of runs."""
        members = [group.run_ids for group in body.groups]
        run_ids = list(dict.fromkeys(run_id for group in members for run_id in group))
        axis = _axis(body, len(run_ids))

        async def made() -> bytes:
            return pack_bands(body, axis, await service.bands(ctx, members, body.metrics, axis))

        return Packed(_tag(ctx, "groups", body, axis, await service.runs(ctx, run_ids)), made)

    return [
        *api("POST", "/charts/series", DrawSeries, series, "runs/read"),
        *api("POST", "/charts/groups", DrawGroups, groups, "runs/read"),
    ]


def _axis(body: DrawSeries | DrawGroups, runs: int) -> ChartAxis:
    return chart_axis(
        body.x, body.start, body.end, body.buckets, body.x_metric or None, runs * len(body.metrics)
    )


def _tag(
    ctx: Context, what: str, body: DrawSeries | DrawGroups, axis: ChartAxis, runs: Sequence[ChartRun]
) -> str:
    """The same while nothing was logged to any of the runs."""
    return tag_of(
        "charts", what, ctx.workspace_id, body, axis, [(run.run_id, run.row, run.version) for run in runs]
    )

"""All points of a run in one request after the other."""

from __future__ import annotations

from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.run_points import RunPointService
from runyard.wire.api.run_points import ListPoints, PointsPage, SeriesMessage, numbers


def routes(service: RunPointService) -> list[Route]:
    """The one."""

    async def listing(ctx: Context, body: ListPoints) -> PointsPage:
        """List the points of all metrics of a run, series by series; a long series goes on on the next page."""
        found, token = await service.page(ctx, body.run_id, body.max_results, body.page_token)
        items = [
            SeriesMessage(name, points.steps, points.ms, numbers(points.values)) for name, points in found
        ]
        return PointsPage(items, token)

    return api("GET", "/runs/{run_id}/points", ListPoints, listing, "runs/read")

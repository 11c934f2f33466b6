"""A workspace at a glance."""

from __future__ import annotations

from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.overview import OverviewService
from runyard.wire.api.overview import OverviewAnswer, OverviewRequest, overview_answer


def routes(service: OverviewService) -> list[Route]:
    """One."""

    async def overview(ctx: Context, body: OverviewRequest) -> OverviewAnswer:
        """Get how many experiments and runs there are, the latest runs, those that run and those that failed.

        Cost: bounded; counts come from indexes and stop where there are very many.
        """
        return overview_answer(await service.overview(ctx))

    return [*api("GET", "/overview", OverviewRequest, overview, "runs/read", filtered=True)]

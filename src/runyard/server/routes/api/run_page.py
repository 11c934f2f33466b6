"""The page of a run: all that its overview shows, in one answer."""

from __future__ import annotations

from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.run_page import RunPageService
from runyard.wire.api.run_page import RunOfPage, RunPageAnswer, page_answer


def routes(service: RunPageService) -> list[Route]:
    """One."""

    async def page(ctx: Context, body: RunOfPage) -> RunPageAnswer:
        """Get a run with its experiment, parent, children, models and signs of life.

        Cost: the run's rows, and those of at most 100 children, models and model versions.
        """
        return page_answer(await service.page(ctx, body.run_id))

    return [*api("GET", "/runs/{run_id}/page", RunOfPage, page, "runs/read")]

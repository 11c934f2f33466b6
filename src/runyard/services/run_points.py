"""All points of a run, series after series."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.services.checks import check_max_results
from runyard.services.context import Context
from runyard.store.run_contracts import History, MetricStore

POINTS_LIMIT = 50_000  # in one page
SERIES_LIMIT = 1_000


class RunPointService:
    """Reads every series of a run, so that whoever wants them all need not ask for each."""

    def __init__(self, metrics: MetricStore) -> None:
        self._metrics = metrics

    async def page(
        self, ctx: Context, run_id: str, max_results: int, page_token: str | None
    ) -> tuple[Sequence[tuple[str, History]], str | None]:
        """Series by name, at most 1,000 of them and max_results points; a long series goes on on the next page."""
        most = check_max_results(max_results, POINTS_LIMIT)
        return await self._metrics.of_run(ctx.workspace_id, run_id, most, SERIES_LIMIT, page_token)

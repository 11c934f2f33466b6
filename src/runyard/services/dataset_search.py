"""Rules for the list of an experiment's datasets."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.dataset_summary import DatasetSummary
from runyard.errors import InvalidInput
from runyard.services.checks import experiment_of
from runyard.services.context import Context
from runyard.store.dataset_search_contracts import DatasetSearchStore

MOST_EXPERIMENTS = 20
MOST_SUMMARIES = 1_000


class DatasetSearchService:
    """Checks, then asks the store."""

    def __init__(self, store: DatasetSearchStore) -> None:
        self._store = store

    async def search(self, ctx: Context, experiment_ids: Sequence[str | int]) -> list[DatasetSummary]:
        """At most 1,000 summaries of 1 to 20 experiments."""
        if not experiment_ids:
            raise InvalidInput("SearchDatasets request must specify at least one experiment_id.")
        if len(experiment_ids) > MOST_EXPERIMENTS:
            raise InvalidInput(
                f"SearchDatasets request cannot specify more than {MOST_EXPERIMENTS} experiment_ids. "
                f"Received {len(experiment_ids)} experiment_ids."
            )
        wanted = [experiment_of(ctx, item) for item in experiment_ids]
        return await self._store.search(ctx.workspace_id, wanted, MOST_SUMMARIES)

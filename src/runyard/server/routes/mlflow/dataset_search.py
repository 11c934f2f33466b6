"""MLflow's route for the datasets of experiments; as there, only below /ajax-api."""

from __future__ import annotations

from runyard.server.routing import Route
from runyard.services.context import Context
from runyard.services.dataset_search import DatasetSearchService
from runyard.wire.mlflow.dataset_search import DatasetSummaries, SearchDatasets

PATH = "/ajax-api/2.0/mlflow/experiments/search-datasets"


def routes(service: DatasetSearchService) -> list[Route]:
    """POST search-datasets."""

    async def search(ctx: Context, body: SearchDatasets) -> DatasetSummaries:
        """Name the datasets that runs of up to 20 experiments read."""
        return DatasetSummaries.of(await service.search(ctx, body.experiment_ids or []))

    return [Route("POST", PATH, "runs/read", search, SearchDatasets)]

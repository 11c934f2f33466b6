"""Registered datasets: named, versioned definitions of data."""

from __future__ import annotations

from typing import Any

from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.registered_datasets import RegisteredDatasetService
from runyard.wire.api.datasets import (
    DatasetMessage,
    DatasetName,
    DatasetPage,
    DatasetVersionId,
    GetDataset,
    ListDatasets,
    RegisterDataset,
)

EMPTY: dict[str, Any] = {}
READ, WRITE, DELETE = "datasets/read", "datasets/write", "datasets/delete"


def routes(service: RegisteredDatasetService) -> list[Route]:
    """All of them."""

    async def listing(ctx: Context, body: ListDatasets) -> DatasetPage:
        """List the latest version of each dataset, by name; archived ones when asked for."""
        page = await service.list(
            ctx, archived=body.archived, max_results=body.max_results, page_token=body.page_token
        )
        return DatasetPage.of(page)

    async def register(ctx: Context, body: RegisterDataset) -> DatasetMessage:
        """Register a dataset; of a known name the same version when nothing differs, else the next one."""
        return DatasetMessage.of(await service.register(ctx, body.new(), new_version=body.create_new_version))

    async def get(ctx: Context, body: GetDataset) -> DatasetMessage:
        """Get a version of a dataset, the latest unless one is named."""
        return DatasetMessage.of(await service.get(ctx, body.name, body.version))

    async def get_by_id(ctx: Context, body: DatasetVersionId) -> DatasetMessage:
        """Get a version of a dataset by its id."""
        return DatasetMessage.of(await service.get_by_id(ctx, body.id))

    async def archive(ctx: Context, body: DatasetName) -> dict[str, Any]:
        """Hide a dataset from lists."""
        await service.archive(ctx, body.name)
        return EMPTY

    async def reactivate(ctx: Context, body: DatasetName) -> dict[str, Any]:
        """Show an archived dataset in lists again."""
        await service.reactivate(ctx, body.name)
        return EMPTY

    async def unregister(ctx: Context, body: DatasetName) -> dict[str, Any]:
        """Unregister all versions of a dataset; the data stay."""
        await service.unregister(ctx, body.name)
        return EMPTY

    one = "/datasets/{name}"
    return [
        *api("GET", "/datasets", ListDatasets, listing, READ),
        *api("POST", "/datasets", RegisterDataset, register, WRITE),
        *api("GET", one, GetDataset, get, READ),
        *api("DELETE", one, DatasetName, unregister, DELETE),
        *api("POST", f"{one}/archive", DatasetName, archive, DELETE),
        *api("POST", f"{one}/reactivate", DatasetName, reactivate, DELETE),
        *api("GET", "/dataset-versions/{id}", DatasetVersionId, get_by_id, READ),
    ]

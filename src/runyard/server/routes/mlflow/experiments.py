"""MLflow's experiment routes."""

from __future__ import annotations

from typing import Any

from runyard.entities.common import Tag
from runyard.server.routing import Route, rpc
from runyard.services.context import Context
from runyard.services.experiments import ExperimentService
from runyard.wire.mlflow.experiments import (
    CreatedExperiment,
    CreateExperiment,
    DeleteExperimentTag,
    ExperimentAnswer,
    ExperimentId,
    ExperimentMessage,
    ExperimentName,
    ExperimentPage,
    SearchExperiments,
    SetExperimentTag,
    UpdateExperiment,
)

EMPTY: dict[str, Any] = {}
BASE = "/2.0/mlflow/experiments"


def routes(service: ExperimentService) -> list[Route]:
    """POST create, search, delete, restore, update, set- and delete-experiment-tag; GET get, get-by-name, search."""

    async def create(ctx: Context, body: CreateExperiment) -> CreatedExperiment:
        """Create an experiment with a name that no other has, deleted ones included."""
        made = await service.create(ctx, body.name, body.artifact_location, body.tags or [])
        return CreatedExperiment(str(made))

    async def get(ctx: Context, body: ExperimentId) -> ExperimentAnswer:
        """Get an experiment, deleted or not."""
        found = await service.get(ctx, body.experiment_id)
        return ExperimentAnswer(ExperimentMessage.of(found, ctx.workspace))

    async def get_by_name(ctx: Context, body: ExperimentName) -> ExperimentAnswer:
        """Get the experiment of a name, deleted or not."""
        found = await service.get_by_name(ctx, body.experiment_name)
        return ExperimentAnswer(ExperimentMessage.of(found, ctx.workspace))

    async def search(ctx: Context, body: SearchExperiments) -> ExperimentPage:
        """Search experiments; max_results is required, from 1 to 50,000."""
        page = await service.search(
            ctx,
            view_type=body.view_type,
            filter_string=body.filter,
            order_by=body.order_by or [],
            max_results=body.max_results,
            page_token=body.page_token,
        )
        return ExperimentPage.of(page, ctx.workspace)

    async def delete(ctx: Context, body: ExperimentId) -> dict[str, Any]:
        """Delete an experiment softly, and its runs with it."""
        await service.delete(ctx, body.experiment_id)
        return EMPTY

    async def restore(ctx: Context, body: ExperimentId) -> dict[str, Any]:
        """Restore a deleted experiment and its runs."""
        await service.restore(ctx, body.experiment_id)
        return EMPTY

    async def update(ctx: Context, body: UpdateExperiment) -> dict[str, Any]:
        """Rename an experiment."""
        await service.rename(ctx, body.experiment_id, body.new_name)
        return EMPTY

    async def set_tag(ctx: Context, body: SetExperimentTag) -> dict[str, Any]:
        """Set a tag of an experiment."""
        await service.set_tag(ctx, body.experiment_id, Tag(body.key, body.value))
        return EMPTY

    async def delete_tag(ctx: Context, body: DeleteExperimentTag) -> dict[str, Any]:
        """Delete a tag of an experiment."""
        await service.delete_tag(ctx, body.experiment_id, body.key)
        return EMPTY

    return [
        *rpc("POST", f"{BASE}/create", CreateExperiment, create, "experiments/write"),
        *rpc("GET", f"{BASE}/get", ExperimentId, get, "experiments/read"),
        *rpc("GET", f"{BASE}/get-by-name", ExperimentName, get_by_name, "experiments/read", filtered=True),
        *rpc("POST", f"{BASE}/search", SearchExperiments, search, "experiments/read", filtered=True),
        *rpc("GET", f"{BASE}/search", SearchExperiments, search, "experiments/read", filtered=True),
        *rpc("POST", f"{BASE}/delete", ExperimentId, delete, "experiments/delete"),
        *rpc("POST", f"{BASE}/restore", ExperimentId, restore, "experiments/delete"),
        *rpc("POST", f"{BASE}/update", UpdateExperiment, update, "experiments/write"),
        *rpc("POST", f"{BASE}/set-experiment-tag", SetExperimentTag, set_tag, "experiments/write"),
        *rpc("POST", f"{BASE}/delete-experiment-tag", DeleteExperimentTag, delete_tag, "experiments/write"),
    ]

"""MLflow's routes for logged models, but for their artifacts."""

from __future__ import annotations

from typing import Any

from runyard.entities.logged_model import DatasetRef, ModelOrder
from runyard.server.routing import Route, rpc
from runyard.services.context import Context
from runyard.services.logged_models import LoggedModelService
from runyard.wire.mlflow.logged_models import (
    CreateLoggedModel,
    DeleteLoggedModelTag,
    FinalizeLoggedModel,
    GetLoggedModel,
    LoggedModelAnswer,
    LoggedModelId,
    LoggedModelMessage,
    LoggedModelPage,
    LogLoggedModelParams,
    SearchLoggedModels,
    SearchOrder,
    SetLoggedModelTags,
)

EMPTY: dict[str, Any] = {}
BASE = "/2.0/mlflow/logged-models"
ONE = f"{BASE}/{{id}}"


def routes(service: LoggedModelService) -> list[Route]:
    """POST create, search and params; GET; PATCH finalize and tags; DELETE a model and a tag."""

    async def create(ctx: Context, body: CreateLoggedModel) -> LoggedModelAnswer:
        """Create a logged model, pending until it is finalized; under an id of choice, again answers the same model."""
        made = await service.create(
            ctx,
            body.experiment_id,
            name=body.name,
            model_type=body.model_type or "",
            source_run_id=body.source_run_id or "",
            params=body.params or [],
            tags=body.tags or [],
            model_id=body.model_id,
        )
        return LoggedModelAnswer(LoggedModelMessage.of(made))

    async def get(ctx: Context, body: GetLoggedModel) -> LoggedModelAnswer:
        """Get a logged model; a deleted one only with allow_deleted."""
        found = await service.get(ctx, body.id, allow_deleted=body.allow_deleted)
        return LoggedModelAnswer(LoggedModelMessage.of(found))

    async def finalize(ctx: Context, body: FinalizeLoggedModel) -> LoggedModelAnswer:
        """Finalize a logged model as ready or failed."""
        return LoggedModelAnswer(LoggedModelMessage.of(await service.finalize(ctx, body.id, body.status)))

    async def delete(ctx: Context, body: LoggedModelId) -> dict[str, Any]:
        """Delete a logged model softly."""
        await service.delete(ctx, body.id)
        return EMPTY

    async def set_tags(ctx: Context, body: SetLoggedModelTags) -> dict[str, Any]:
        """Set tags of a logged model."""
        await service.set_tags(ctx, body.id, body.tags or [])
        return EMPTY

    async def delete_tag(ctx: Context, body: DeleteLoggedModelTag) -> dict[str, Any]:
        """Delete a tag of a logged model."""
        await service.delete_tag(ctx, body.id, body.key)
        return EMPTY

    async def add_params(ctx: Context, body: LogLoggedModelParams) -> dict[str, Any]:
        """Log params of a logged model, each set once."""
        await service.add_params(ctx, body.id, body.params or [])
        return EMPTY

    async def search(ctx: Context, body: SearchLoggedModels) -> LoggedModelPage:
        """Search logged models of some experiments."""
        page = await service.search(
            ctx,
            experiment_ids=body.experiment_ids or [],
            filter_string=body.filter,
            datasets=[(item.dataset_name, item.dataset_digest) for item in body.datasets or []],
            order=[_order(item) for item in body.order_by or []],
            max_results=body.max_results,
            page_token=body.page_token,
        )
        return LoggedModelPage.of(page)

    return [
        *rpc("POST", BASE, CreateLoggedModel, create, "models/write"),
        *rpc("POST", f"{BASE}/search", SearchLoggedModels, search, "models/read"),
        *rpc("GET", ONE, GetLoggedModel, get, "models/read"),
        *rpc("PATCH", ONE, FinalizeLoggedModel, finalize, "models/write"),
        *rpc("DELETE", ONE, LoggedModelId, delete, "models/delete"),
        *rpc("PATCH", f"{ONE}/tags", SetLoggedModelTags, set_tags, "models/write"),
        *rpc("DELETE", f"{ONE}/tags/{{key}}", DeleteLoggedModelTag, delete_tag, "models/write"),
        *rpc("POST", f"{ONE}/params", LogLoggedModelParams, add_params, "models/write"),
    ]


def _order(item: SearchOrder) -> ModelOrder:
    dataset = DatasetRef(item.dataset_name, item.dataset_digest or None) if item.dataset_name else None
    return ModelOrder(item.field_name, item.ascending, dataset)

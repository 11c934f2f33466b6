"""MLflow's run routes."""

from __future__ import annotations

from typing import Any

import msgspec

from runyard.entities.common import Page, Param, Tag
from runyard.entities.run import ModelEdge
from runyard.server.routing import Route, rpc
from runyard.services.context import Context
from runyard.services.runs import RunService
from runyard.wire.mlflow.runs import (
    CreateRun,
    DeleteTag,
    LogBatch,
    LogInputs,
    LogMetric,
    LogModel,
    LogOutputs,
    LogParam,
    RunId,
    SearchRuns,
    SetTag,
    UpdateRun,
    info_of,
    message_of,
    metric_points,
)

BASE = "/2.0/mlflow/runs"
EMPTY = b"{}"


def routes(service: RunService) -> list[Route]:
    """create, get, update, delete, restore, search; the hot log-* routes; inputs and outputs."""
    return [*_records(service), *_logging(service), *_edges(service)]


def _records(service: RunService) -> list[Route]:
    async def create(ctx: Context, body: CreateRun) -> dict[str, Any]:
        """Start a run in an active experiment."""
        run = await service.create(
            ctx,
            body.experiment_id,
            body.user_id,
            body.run_name,
            body.start_time,
            body.tags or [],
            body.run_id,
        )
        return {"run": message_of(run, outputs=False)}

    async def get(ctx: Context, body: RunId) -> bytes:
        """Get a run with its latest metrics, params, tags, inputs and outputs."""
        return b'{"run":' + await service.get(ctx, body.run_id or body.run_uuid) + b"}"

    async def update(ctx: Context, body: UpdateRun) -> dict[str, Any]:
        """Change the status, end time or name of a run."""
        run = await service.update(
            ctx, body.run_id or body.run_uuid, body.status, body.end_time, body.run_name
        )
        return {"run_info": info_of(run)}

    async def delete(ctx: Context, body: RunId) -> bytes:
        """Delete a run softly."""
        await service.delete(ctx, body.run_id)
        return EMPTY

    async def restore(ctx: Context, body: RunId) -> bytes:
        """Restore a deleted run."""
        await service.restore(ctx, body.run_id)
        return EMPTY

    async def search(ctx: Context, body: SearchRuns) -> bytes:
        """Search runs of some experiments with MLflow's filter and order grammar."""
        page = await service.search(
            ctx,
            body.experiment_ids or [],
            view_type=body.run_view_type,
            filter_string=body.filter,
            order_by=body.order_by or [],
            max_results=body.max_results,
            page_token=body.page_token,
        )
        return join_page(page)

    return [
        *rpc("POST", f"{BASE}/create", CreateRun, create, "runs/write", hot=True),
        *rpc("GET", f"{BASE}/get", RunId, get, "runs/read"),
        *rpc("POST", f"{BASE}/update", UpdateRun, update, "runs/write", hot=True),
        *rpc("POST", f"{BASE}/delete", RunId, delete, "runs/delete"),
        *rpc("POST", f"{BASE}/restore", RunId, restore, "runs/delete"),
        *rpc("POST", f"{BASE}/search", SearchRuns, search, "runs/read"),
    ]


def _logging(service: RunService) -> list[Route]:
    async def log_metric(ctx: Context, body: LogMetric) -> bytes:
        """Log one point of a metric; the same point again changes nothing."""
        await service.log_metric(ctx, body.run_id or body.run_uuid, metric_points([body])[0])
        return EMPTY

    async def log_param(ctx: Context, body: LogParam) -> bytes:
        """Log a param, which is set once; the same value again changes nothing."""
        await service.log_param(ctx, body.run_id or body.run_uuid, Param(body.key, body.value))
        return EMPTY

    async def set_tag(ctx: Context, body: SetTag) -> bytes:
        """Set a tag of a run."""
        await service.set_tag(ctx, body.run_id or body.run_uuid, Tag(body.key, body.value))
        return EMPTY

    async def delete_tag(ctx: Context, body: DeleteTag) -> bytes:
        """Delete a tag of a run."""
        await service.delete_tag(ctx, body.run_id, body.key)
        return EMPTY

    async def log_batch(ctx: Context, body: LogBatch) -> bytes:
        """Log up to 1,000 points, 100 params and 100 tags, all or none."""
        await service.log_batch(ctx, body.run_id, metric_points(body.metrics), body.params, body.tags)
        return EMPTY

    async def log_model(ctx: Context, body: LogModel) -> bytes:
        """Record a model of MLflow 2 in the run's history tag."""
        await service.log_model(ctx, body.run_id, body.model_json)
        return EMPTY

    return [
        *rpc("POST", f"{BASE}/log-metric", LogMetric, log_metric, "runs/write", hot=True),
        *rpc("POST", f"{BASE}/log-parameter", LogParam, log_param, "runs/write", hot=True),
        *rpc("POST", f"{BASE}/set-tag", SetTag, set_tag, "runs/write", hot=True),
        *rpc("POST", f"{BASE}/delete-tag", DeleteTag, delete_tag, "runs/write"),
        *rpc("POST", f"{BASE}/log-batch", LogBatch, log_batch, "runs/write", hot=True),
        *rpc("POST", f"{BASE}/log-model", LogModel, log_model, "runs/write"),
    ]


def _edges(service: RunService) -> list[Route]:
    async def log_inputs(ctx: Context, body: LogInputs) -> bytes:
        """Record the datasets and logged models that a run read."""
        models = [ModelEdge(model.model_id) for model in body.models]
        await service.log_inputs(ctx, body.run_id, body.datasets, models)
        return EMPTY

    async def log_outputs(ctx: Context, body: LogOutputs) -> bytes:
        """Record the logged models that a run wrote."""
        models = [ModelEdge(model.model_id, model.step) for model in body.models]
        await service.log_outputs(ctx, body.run_id, models)
        return EMPTY

    return [
        *rpc("POST", f"{BASE}/log-inputs", LogInputs, log_inputs, "runs/write"),
        *rpc("POST", f"{BASE}/outputs", LogOutputs, log_outputs, "runs/write"),
    ]


def join_page(page: Page[bytes]) -> bytes:
    """A page of ready documents as JSON."""
    if not page.items:
        return EMPTY
    token = (
        b',"next_page_token":' + msgspec.json.encode(page.next_page_token) if page.next_page_token else b""
    )
    return b'{"runs":[' + b",".join(page.items) + b"]" + token + b"}"

"""MLflow's routes that read metric histories."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.server.routing import Route, rpc
from runyard.services.context import Context
from runyard.services.metrics import MetricService
from runyard.store.run_contracts import History
from runyard.wire.mlflow.runs import (
    BulkAnswer,
    GetHistory,
    GetHistoryBulk,
    GetHistoryBulkInterval,
    HistoryAnswer,
    HistoryPoint,
    points_of,
)

BASE = "/2.0/mlflow/metrics"


def routes(service: MetricService) -> list[Route]:
    """GET get-history, get-history-bulk (only below /ajax-api in MLflow), get-history-bulk-interval."""

    async def history(ctx: Context, body: GetHistory) -> HistoryAnswer:
        """Read the points of one metric of a run, whole or in pages."""
        found = await service.history(
            ctx, body.run_id or body.run_uuid, body.metric_key, body.max_results, body.page_token
        )
        points = points_of(body.metric_key, found.steps, found.ms, found.values)
        return HistoryAnswer(points, found.next_page_token)

    async def bulk(ctx: Context, body: GetHistoryBulk) -> BulkAnswer:
        """Read the points of one metric of several runs."""
        found = await service.bulk(ctx, body.run_id, body.metric_key, body.max_results)
        return BulkAnswer(_joined(body.metric_key or "", found))

    async def interval(ctx: Context, body: GetHistoryBulkInterval) -> HistoryAnswer:
        """Read a sample of the points of one metric of up to 100 runs, for charts."""
        found = await service.sampled(
            ctx, body.run_ids, body.metric_key, body.max_results, body.start_step, body.end_step
        )
        return HistoryAnswer(_joined(body.metric_key, found))

    return [
        *rpc("GET", f"{BASE}/get-history", GetHistory, history, "runs/read"),
        *rpc("GET", f"{BASE}/get-history-bulk", GetHistoryBulk, bulk, "runs/read"),
        *rpc("GET", f"{BASE}/get-history-bulk-interval", GetHistoryBulkInterval, interval, "runs/read"),
    ]


def _joined(key: str, found: Sequence[tuple[str, History]]) -> list[HistoryPoint]:
    return [
        point
        for run_id, series in found
        for point in points_of(key, series.steps, series.ms, series.values, run_id)
    ]

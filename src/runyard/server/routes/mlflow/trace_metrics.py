"""MLflow's routes for numbers over many traces."""

from __future__ import annotations

from runyard.server.routing import Route, rpc
from runyard.services.context import Context
from runyard.services.trace_metrics import SMOOTHING, TraceMetricService, npmi
from runyard.wire.mlflow.trace_metrics import (
    Correlate,
    Correlation,
    DataPointMessage,
    DataPoints,
    QueryMetrics,
)

BASE = "/3.0/mlflow/traces"


def routes(service: TraceMetricService) -> list[Route]:
    """All of them."""

    async def query(ctx: Context, body: QueryMetrics) -> DataPoints:
        """Sum up traces, spans or assessments, by group and stretch of time."""
        points = await service.query(
            ctx,
            experiment_ids=body.experiment_ids,
            view=body.view,
            metric=body.metric_name,
            aggregations=[message.aggregation() for message in body.aggregations],
            dimensions=body.dimensions,
            filters=body.filters,
            interval_s=body.time_interval_seconds,
            start_ms=body.start_time_ms,
            end_ms=body.end_time_ms,
            max_results=body.max_results,
        )
        return DataPoints([DataPointMessage.of(body.metric_name, point) for point in points])

    async def correlate(ctx: Context, body: Correlate) -> Correlation:
        """Count the traces that match two filters, and say how much the filters go together."""
        found = await service.correlate(
            ctx, body.experiment_ids, body.filter_string1, body.filter_string2, body.base_filter
        )
        return Correlation(
            filter1_count=found.first,
            filter2_count=found.second,
            joint_count=found.both,
            total_count=found.total,
            npmi=npmi(found),
            npmi_smoothed=npmi(found, SMOOTHING),
        )

    return [
        *rpc("POST", f"{BASE}/metrics", QueryMetrics, query, "traces/read"),
        *rpc("POST", f"{BASE}/calculate-filter-correlation", Correlate, correlate, "traces/read"),
    ]

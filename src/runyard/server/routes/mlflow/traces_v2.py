"""MLflow 2's routes for traces: start, end, info, search. Tags, links and deletion are in `traces`."""

from __future__ import annotations

from runyard.server.routing import Route, rpc
from runyard.services.context import Context
from runyard.services.traces import TraceService
from runyard.wire.mlflow.traces_v2 import (
    OldAnswer,
    OldEnd,
    OldInfo,
    OldPage,
    OldSearch,
    OldStart,
    OldTraceId,
    facts,
    final_state,
)

V2 = "/2.0/mlflow/traces"


def routes(service: TraceService) -> list[Route]:
    """All of them."""

    async def start(ctx: Context, body: OldStart) -> OldAnswer:
        """Begin a trace, as MLflow 2 does; it runs until it is ended."""
        metadata, tags = facts(body.request_metadata), facts(body.tags)
        begun = await service.begin(
            ctx, body.experiment_id, start_ms=body.timestamp_ms, metadata=metadata, tags=tags
        )
        return OldAnswer(OldInfo.of(begun))

    async def end(ctx: Context, body: OldEnd) -> OldAnswer:
        """End a trace with what became of it."""
        metadata, tags = facts(body.request_metadata), facts(body.tags)
        state = final_state(body.status)
        ended = await service.end(
            ctx, body.request_id, end_ms=body.timestamp_ms, state=state, metadata=metadata, tags=tags
        )
        return OldAnswer(OldInfo.of(ended))

    async def get_info(ctx: Context, body: OldTraceId) -> OldAnswer:
        """Get what MLflow 2 knows of a trace, without its spans."""
        return OldAnswer(OldInfo.of(await service.get_info(ctx, body.request_id)))

    async def search(ctx: Context, body: OldSearch) -> OldPage:
        """Search traces of some experiments, in the shape of MLflow 2."""
        page = await service.search(
            ctx,
            experiment_ids=body.experiment_ids,
            filter_string=body.filter,
            order_by=body.order_by,
            max_results=body.max_results,
            page_token=body.page_token,
        )
        return OldPage([OldInfo.of(info) for info in page.items], page.next_page_token)

    return [
        *rpc("POST", V2, OldStart, start, "traces/write"),
        *rpc("GET", V2, OldSearch, search, "traces/read"),
        *rpc("PATCH", f"{V2}/{{request_id}}", OldEnd, end, "traces/write"),
        *rpc("GET", f"{V2}/{{request_id}}/info", OldTraceId, get_info, "traces/read"),
    ]

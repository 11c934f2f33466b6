"""The spans of a trace as MLflow's user interface asks for them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from runyard.entities.trace import ARTIFACT_LOCATION, SPANS_LOCATION, TRACKING_STORE, Trace
from runyard.errors import InvalidInput
from runyard.server.files import file_response
from runyard.server.routing import PREFIXES, Route, raw
from runyard.services.artifacts import ArtifactService
from runyard.services.context import Context
from runyard.services.traces import TraceService
from runyard.wire.mlflow.spans import span_message

FILE = "traces.json"  # where clients of MLflow 2, and exporters without OTLP, put the spans


def routes(traces: TraceService, artifacts: ArtifactService) -> list[Route]:
    """Both versions of the route."""

    async def spans(ctx: Context, request: Request) -> Response:
        """Get the spans of a trace as MLflow's user interface asks for them."""
        trace_id = request.query_params.get("request_id") or request.query_params.get("trace_id")
        if not trace_id:
            raise InvalidInput.missing("request_id")
        found = await traces.get(ctx, trace_id, allow_partial=True)
        if not _in_a_file(found):
            headers = {"x-content-type-options": "nosniff"}
            return JSONResponse({"spans": [span_message(span) for span in found.spans]}, headers=headers)
        path = await artifacts.file_below(ctx, found.info.tags[ARTIFACT_LOCATION], FILE)
        return await file_response(
            request, path, lambda wanted: artifacts.get(ctx, path, wanted), lambda: artifacts.head(ctx, path)
        )

    paths = ("/2.0/mlflow/get-trace-artifact", "/3.0/mlflow/get-trace-artifact")
    return [
        route for path in paths for route in raw("GET", path, spans, "traces/read", prefixes=PREFIXES[1:])
    ]


def _in_a_file(trace: Trace) -> bool:
    tags = trace.info.tags
    return not trace.spans and ARTIFACT_LOCATION in tags and tags.get(SPANS_LOCATION) != TRACKING_STORE

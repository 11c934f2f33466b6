"""Routes for people and programs that watch the server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from runyard.entities.access import ANONYMOUS
from runyard.server.metrics import ServerMetrics
from runyard.server.routing import Route, raw
from runyard.services.context import Context
from runyard.version import MLFLOW_API_VERSION

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def routes(metrics: ServerMetrics, probe: Callable[[], Awaitable[None]]) -> list[Route]:
    """GET /health, /version, /ready, /metrics.

    Args:
        probe: raises when the database cannot be read or written.
    """

    async def health(ctx: Context, request: Request) -> Response:
        """Answer while the process lives."""
        return PlainTextResponse("OK")

    async def version(ctx: Context, request: Request) -> Response:
        """Tell the MLflow release whose API this server speaks."""
        return PlainTextResponse(MLFLOW_API_VERSION)

    async def ready(ctx: Context, request: Request) -> Response:
        """Answer while the database can be read and written."""
        await probe()
        return PlainTextResponse("OK")

    async def prometheus(ctx: Context, request: Request) -> Response:
        """Tell Prometheus this process's counters."""
        return Response(metrics.text(), media_type=PROMETHEUS)

    return [
        *raw("GET", "/health", health, ANONYMOUS, in_workspace=False),
        *raw("GET", "/version", version, ANONYMOUS, in_workspace=False),
        *raw("GET", "/ready", ready, ANONYMOUS, in_workspace=False),
        *raw("GET", "/metrics", prometheus, "server/read", in_workspace=False),
    ]

"""The route that describes all others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runyard.entities.access import SELF
from runyard.server.openapi import describe
from runyard.server.routing import Route, raw
from runyard.services.context import Context

NOSNIFF = {"x-content-type-options": "nosniff"}


def routes(table: Callable[[], Sequence[Route]]) -> list[Route]:
    """GET /openapi.json.

    Args:
        table: all routes, this one included; asked at the first request, so that a start costs nothing.
    """

    @cache
    def text() -> bytes:
        return msgspec.json.format(msgspec.json.encode(describe(table())), indent=2)

    async def openapi(ctx: Context, request: Request) -> Response:
        """Describe every route in OpenAPI 3.1."""
        return Response(text(), media_type="application/json", headers=NOSNIFF)

    return raw("GET", "/openapi.json", openapi, SELF, in_workspace=False)

"""The audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from runyard.entities.audit import AuditQuery
from runyard.server.routing import OWN, Route, api, raw
from runyard.services.audit_log import AuditLogService
from runyard.services.context import Context
from runyard.wire.api.audit import (
    AuditFilter,
    AuditMessage,
    AuditPage,
    ListAudit,
    ListWorkspaceAudit,
    VerdictMessage,
    VerifyAudit,
    WorkspaceAuditFilter,
)
from runyard.wire.mlflow.decoding import decode_query

JSON_LINES = "application/jsonl"
NOSNIFF = {"x-content-type-options": "nosniff", "content-disposition": 'attachment; filename="audit.jsonl"'}
READ = "audit/read"


def routes(service: AuditLogService) -> list[Route]:
    """All of them."""

    async def listing(ctx: Context, body: ListAudit) -> AuditPage:
        """List who did what, newest first."""
        return AuditPage.of(await service.search(ctx, body.query(), body.max_results, body.page_token))

    async def verify(ctx: Context, body: VerifyAudit) -> VerdictMessage:
        """Tell whether every line is what was written and none between them is missing."""
        found = await service.verify(ctx)
        return VerdictMessage(found.intact, found.entries, found.last_id, found.last_hash, found.first_broken)

    async def listing_here(ctx: Context, body: ListWorkspaceAudit) -> AuditPage:
        """List who did what in the workspace, newest first."""
        query = await service.of_workspace(ctx, body.query())
        return AuditPage.of(await service.search(ctx, query, body.max_results, body.page_token))

    async def export(ctx: Context, request: Request) -> Response:
        """Export the lines that fit, oldest first, as JSON lines."""
        asked = decode_query(request.scope["query_string"], AuditFilter)
        return await exported(ctx, asked.query())

    async def export_here(ctx: Context, request: Request) -> Response:
        """Export the workspace's lines that fit, oldest first, as JSON lines."""
        asked = decode_query(request.scope["query_string"], WorkspaceAuditFilter)
        return await exported(ctx, await service.of_workspace(ctx, asked.query()))

    async def exported(ctx: Context, query: AuditQuery) -> Response:
        pieces = service.export(ctx, query)
        first = await anext(pieces, None)  # so that what is wrong with the query is answered as an error

        async def lines() -> AsyncIterator[bytes]:
            for entry in first or ():
                yield msgspec.json.encode(AuditMessage.of(entry)) + b"\n"
            async for piece in pieces:
                yield b"".join(msgspec.json.encode(AuditMessage.of(entry)) + b"\n" for entry in piece)

        return StreamingResponse(lines(), media_type=JSON_LINES, headers=NOSNIFF)

    return [
        *api("GET", "/audit", ListAudit, listing, READ, in_workspace=False),
        *api("GET", "/audit/verify", VerifyAudit, verify, READ, in_workspace=False),
        *raw("GET", f"{OWN}/audit/export", export, READ, in_workspace=False),
        *api("GET", "/workspace/audit", ListWorkspaceAudit, listing_here, READ),
        *raw("GET", f"{OWN}/workspace/audit/export", export_here, READ),
    ]

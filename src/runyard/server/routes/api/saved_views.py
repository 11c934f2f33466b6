"""Saved views: what a page shows, under a name, for oneself or for all of the workspace."""

from __future__ import annotations

from typing import Any

from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.saved_views import READ, SavedViewService, ViewFields
from runyard.wire.api.saved_views import CreateView, ListViews, UpdateView, ViewId, ViewMessage, ViewPage

EMPTY: dict[str, Any] = {}
BODY_LIMIT = 256 * 1024


def routes(service: SavedViewService) -> list[Route]:
    """All of them."""

    async def listing(ctx: Context, body: ListViews) -> ViewPage:
        """List saved views: one's own and those that others share, oldest first. A page has about a megabyte."""
        found = await service.list(
            ctx,
            body.page,
            body.experiment_id,
            max_results=body.max_results,
            page_token=body.page_token,
        )
        return ViewPage.of(found, ctx.principal.uuid)

    async def create(ctx: Context, body: CreateView) -> ViewMessage:
        """Save a view, for oneself; sharing it needs the right to write runs there."""
        fields = ViewFields(body.name, body.page, body.experiment_id, body.shared, body.state)
        return ViewMessage.of(await service.create(ctx, fields), ctx.principal.uuid)

    async def get(ctx: Context, body: ViewId) -> ViewMessage:
        """Get a saved view."""
        return ViewMessage.of(await service.get(ctx, body.view_id), ctx.principal.uuid)

    async def update(ctx: Context, body: UpdateView) -> ViewMessage:
        """Change a saved view of one's own, or with the right to write runs a shared one; what is left out stays."""
        fields = ViewFields(body.name, body.page, body.experiment_id, body.shared, body.state)
        return ViewMessage.of(await service.update(ctx, body.view_id, fields), ctx.principal.uuid)

    async def delete(ctx: Context, body: ViewId) -> dict[str, Any]:
        """Delete a saved view of one's own, or with the right to write runs a shared one."""
        await service.delete(ctx, body.view_id)
        return EMPTY

    one = "/views/{view_id}"
    return [
        *api("GET", "/views", ListViews, listing, READ, filtered=True),
        *api("POST", "/views", CreateView, create, READ, filtered=True, body_limit=BODY_LIMIT),
        *api("GET", one, ViewId, get, READ, filtered=True),
        *api("PUT", one, UpdateView, update, READ, filtered=True, body_limit=BODY_LIMIT),
        *api("DELETE", one, ViewId, delete, READ, filtered=True),
    ]

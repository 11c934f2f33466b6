"""Workspaces: the one that an address names, and those of the server."""

from __future__ import annotations

from typing import Any

from runyard.entities.access import ACTIONS, SELF
from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.workspaces import Wanted, WorkspaceService
from runyard.store.workspace_contracts import WorkspaceChanges
from runyard.wire.api.workspaces import (
    CreateWorkspace,
    DeleteWorkspace,
    ListWorkspaces,
    MakeTrackingToken,
    MyActions,
    ThisWorkspace,
    TrackingTokenAnswer,
    UpdateWorkspace,
    WorkspaceMessage,
    WorkspacePage,
)

EMPTY: dict[str, Any] = {}


def routes(service: WorkspaceService) -> list[Route]:
    """All of them."""
    return [*_all(service), *_one(service)]


def _all(service: WorkspaceService) -> list[Route]:
    async def listing(ctx: Context, body: ListWorkspaces) -> WorkspacePage:
        """List the workspaces that you may see, by name."""
        page = await service.list_workspaces(
            ctx,
            subscription=body.subscription,
            group=body.group,
            max_results=body.max_results,
            page_token=body.page_token,
        )
        return WorkspacePage.of(page)

    async def create(ctx: Context, body: CreateWorkspace) -> WorkspaceMessage:
        """Create a workspace in a resource group; whoever creates it owns it."""
        wanted = Wanted(
            body.name,
            body.subscription,
            body.group,
            body.create_group,
            body.location,
            body.sku,
            body.friendly_name,
            body.description,
            body.tags or {},
            body.exist_ok,
        )
        return WorkspaceMessage.of(await service.create(ctx, wanted))

    return [
        *api("GET", "/workspaces", ListWorkspaces, listing, SELF, in_workspace=False),
        *api(
            "POST",
            "/workspaces",
            CreateWorkspace,
            create,
            "workspaces/create",
            in_workspace=False,
            decides=True,
        ),
    ]


def _one(service: WorkspaceService) -> list[Route]:
    async def get(ctx: Context, body: ThisWorkspace) -> WorkspaceMessage:
        """Get the workspace of the address."""
        return WorkspaceMessage.of(await service.get(ctx))

    async def my_actions(ctx: Context, body: ThisWorkspace) -> MyActions:
        """Tell what you may do everywhere in the workspace, and what somewhere: in one experiment at least."""
        somewhere = [action for action in sorted(ACTIONS) if ctx.grants.permits_somewhere(action)]
        return MyActions([action for action in somewhere if ctx.grants.permits(action)], somewhere)

    async def update(ctx: Context, body: UpdateWorkspace) -> WorkspaceMessage:
        """Change what is given of the workspace; tags replace all that were there."""
        changes = WorkspaceChanges(body.friendly_name, body.description, body.tags, body.default_datastore)
        return WorkspaceMessage.of(await service.update(ctx, changes))

    async def delete(ctx: Context, body: DeleteWorkspace) -> dict[str, Any]:
        """Delete the workspace with all in it; its artifacts too, if asked for."""
        await service.delete(ctx, delete_files=body.delete_files)
        return EMPTY

    async def tracking_token(ctx: Context, body: MakeTrackingToken) -> TrackingTokenAnswer:
        """Make a token for this workspace and you, which is good for an hour at most."""
        made = await service.tracking_token(ctx, body.life_s)
        return TrackingTokenAnswer(made.token, made.expires_ms)

    return [
        *api("GET", "/workspace", ThisWorkspace, get, "workspaces/read", filtered=True),
        *api("GET", "/workspace/my-actions", ThisWorkspace, my_actions, SELF),
        *api("PATCH", "/workspace", UpdateWorkspace, update, "workspaces/write"),
        *api("DELETE", "/workspace", DeleteWorkspace, delete, "workspaces/delete"),
        *api(
            "POST",
            "/workspace/tracking-token",
            MakeTrackingToken,
            tracking_token,
            "workspaces/read",
            filtered=True,
            audit=True,
        ),
    ]

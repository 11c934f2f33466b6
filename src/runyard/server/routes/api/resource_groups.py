"""Resource groups: sets of workspaces in a subscription."""

from __future__ import annotations

from runyard.entities.access import SELF
from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.workspaces import WorkspaceService
from runyard.wire.api.workspaces import (
    CreateGroup,
    DeletedGroup,
    DeleteGroup,
    GroupMessage,
    GroupName,
    GroupPage,
    ListGroups,
)

BASE = "/resource-groups"


def routes(service: WorkspaceService) -> list[Route]:
    """List, create, get, delete."""

    async def listing(ctx: Context, body: ListGroups) -> GroupPage:
        """List the resource groups in which you may do or see anything."""
        page = await service.list_groups(
            ctx, subscription=body.subscription, max_results=body.max_results, page_token=body.page_token
        )
        return GroupPage([GroupMessage.of(one) for one in page.items], page.next_page_token)

    async def create(ctx: Context, body: CreateGroup) -> GroupMessage:
        """Create a resource group."""
        made = await service.create_group(ctx, body.name, body.subscription, body.tags or {})
        return GroupMessage.of(made)

    async def get(ctx: Context, body: GroupName) -> GroupMessage:
        """Get a resource group."""
        return GroupMessage.of(await service.get_group(ctx, body.name, body.subscription))

    async def delete(ctx: Context, body: DeleteGroup) -> DeletedGroup:
        """Delete a resource group with all workspaces in it; their artifacts too, if asked for."""
        count = await service.delete_group(ctx, body.name, body.subscription, delete_files=body.delete_files)
        return DeletedGroup(count)

    one = f"{BASE}/{{name}}"
    return [
        *api("GET", BASE, ListGroups, listing, SELF, in_workspace=False),
        *api("POST", BASE, CreateGroup, create, "groups/write", in_workspace=False, decides=True),
        *api("GET", one, GroupName, get, SELF, in_workspace=False),
        *api("DELETE", one, DeleteGroup, delete, "groups/delete", in_workspace=False, decides=True),
    ]

"""Resource groups: sets of workspaces in a subscription."""

from __future__ import annotations

from runyard.entities.access import SELF
from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.workspaces import WorkspaceService
from runyard.wire.api.workspaces import (
    CreateResourceGroup,
    DeletedResourceGroup,
    DeleteResourceGroup,
    ListResourceGroups,
    ResourceGroupMessage,
    ResourceGroupName,
    ResourceGroupPage,
)

BASE = "/resource-groups"


def routes(service: WorkspaceService) -> list[Route]:
    """List, create, get, delete."""

    async def listing(ctx: Context, body: ListResourceGroups) -> ResourceGroupPage:
        """List the resource groups in which you may do or see anything."""
        page = await service.list_groups(
            ctx, subscription=body.subscription, max_results=body.max_results, page_token=body.page_token
        )
        return ResourceGroupPage([ResourceGroupMessage.of(one) for one in page.items], page.next_page_token)

    async def create(ctx: Context, body: CreateResourceGroup) -> ResourceGroupMessage:
        """Create a resource group."""
        made = await service.create_group(ctx, body.name, body.subscription, body.tags or {})
        return ResourceGroupMessage.of(made)

    async def get(ctx: Context, body: ResourceGroupName) -> ResourceGroupMessage:
        """Get a resource group."""
        return ResourceGroupMessage.of(await service.get_group(ctx, body.name, body.subscription))

    async def delete(ctx: Context, body: DeleteResourceGroup) -> DeletedResourceGroup:
        """Delete a resource group with all workspaces in it; their artifacts too, if asked for."""
        count = await service.delete_group(ctx, body.name, body.subscription, delete_files=body.delete_files)
        return DeletedResourceGroup(count)

    one = f"{BASE}/{{name}}"
    return [
        *api("GET", BASE, ListResourceGroups, listing, SELF, in_workspace=False),
        *api("POST", BASE, CreateResourceGroup, create, "groups/write", in_workspace=False, decides=True),
        *api("GET", one, ResourceGroupName, get, SELF, in_workspace=False),
        *api("DELETE", one, DeleteResourceGroup, delete, "groups/delete", in_workspace=False, decides=True),
    ]

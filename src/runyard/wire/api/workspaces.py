"""Workspaces and resource groups as our API spells them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from runyard.entities.common import Page
from runyard.entities.workspace import ResourceGroup, Workspace
from runyard.wire.mlflow.scalars import Int64

PROVIDER = "Microsoft.MachineLearningServices"


class CreateWorkspace(msgspec.Struct):
    name: str
    subscription: str | None = None
    group: str | None = None
    create_group: bool = True
    location: str | None = None
    sku: str | None = None
    friendly_name: str | None = None
    description: str | None = None
    tags: dict[str, str] | None = None
    exist_ok: bool = False


class ListWorkspaces(msgspec.Struct):
    subscription: str | None = None
    group: str | None = None
    max_results: Int64 = 100
    page_token: str | None = None


class ThisWorkspace(msgspec.Struct):
    """Nothing but the address says which."""


class UpdateWorkspace(msgspec.Struct):
    friendly_name: str | None = None
    description: str | None = None
    tags: dict[str, str] | None = None
    default_datastore: str | None = None


class DeleteWorkspace(msgspec.Struct):
    delete_files: bool = False


class MakeTrackingToken(msgspec.Struct):
    life_s: Int64 | None = None


class TrackingTokenAnswer(msgspec.Struct):
    token: str
    expires_ms: int


class CreateResourceGroup(msgspec.Struct):
    name: str
    subscription: str | None = None
    tags: dict[str, str] | None = None


class ListResourceGroups(msgspec.Struct):
    subscription: str | None = None
    max_results: Int64 = 100
    page_token: str | None = None


class ResourceGroupName(msgspec.Struct):
    name: str
    subscription: str | None = None


class DeleteResourceGroup(msgspec.Struct):
    name: str
    subscription: str | None = None
    delete_files: bool = False


class DeletedResourceGroup(msgspec.Struct):
    workspaces: int


class WorkspaceMessage(msgspec.Struct):
    """One workspace. `id` is the path by which it is reached below the server's address, as Azure ML writes it."""

    id: str
    guid: str
    name: str
    subscription: str
    group: str
    location: str
    sku: str
    friendly_name: str
    description: str
    tags: Mapping[str, str]
    default_datastore: str
    created_by: str
    created_ms: int
    updated_ms: int

    @classmethod
    def of(cls, workspace: Workspace) -> WorkspaceMessage:
        """The message of one workspace."""
        place = f"/subscriptions/{workspace.subscription}/resourceGroups/{workspace.group}"
        return cls(
            id=f"{place}/providers/{PROVIDER}/workspaces/{workspace.name}",
            guid=workspace.guid,
            name=workspace.name,
            subscription=workspace.subscription,
            group=workspace.group,
            location=workspace.location,
            sku=workspace.sku,
            friendly_name=workspace.friendly_name,
            description=workspace.description,
            tags=workspace.tags,
            default_datastore=workspace.default_datastore,
            created_by=workspace.created_by,
            created_ms=workspace.created_ms,
            updated_ms=workspace.updated_ms,
        )


class WorkspacePage(msgspec.Struct):
    items: list[WorkspaceMessage]
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[Workspace]) -> WorkspacePage:
        """The message of one page."""
        return cls([WorkspaceMessage.of(one) for one in page.items], page.next_page_token)


class MyActions(msgspec.Struct):
    """What whoever asks may do everywhere in a workspace; and `somewhere`, in one experiment at least."""

    actions: list[str]
    somewhere: list[str]


class ResourceGroupMessage(msgspec.Struct):
    id: str
    name: str
    subscription: str
    tags: Mapping[str, str]
    created_ms: int

    @classmethod
    def of(cls, group: ResourceGroup) -> ResourceGroupMessage:
        """The message of one group."""
        return cls(group.scope, group.name, group.subscription, group.tags, group.created_ms)


class ResourceGroupPage(msgspec.Struct):
    items: list[ResourceGroupMessage]
    next_page_token: str | None = None

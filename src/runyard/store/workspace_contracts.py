"""What the workspace service asks of a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from runyard.entities.common import Page
from runyard.entities.workspace import ResourceGroup, Workspace


class NewWorkspace(msgspec.Struct, frozen=True):
    """A workspace to make. owner: the principal that becomes its Owner, None where one is above it already."""

    name: str
    subscription: str
    group: str
    location: str
    sku: str
    friendly_name: str
    description: str
    tags: Mapping[str, str]
    created_by: str
    owner: int | None


class WorkspaceChanges(msgspec.Struct, frozen=True):
    """None: stays as it is."""

    friendly_name: str | None = None
    description: str | None = None
    tags: Mapping[str, str] | None = None
    default_datastore: str | None = None


class Places(msgspec.Struct, frozen=True):
    """Which workspaces or groups a list is about.

    Attributes:
        scopes: those at, above or below one of these; None: all.
    """

    subscription: str | None = None
    group: str | None = None
    scopes: Sequence[str] | None = None
    limit: int = 100
    page_token: str | None = None


class WorkspaceStore(Protocol):
    """Workspaces and resource groups. What is being removed is found by no method."""

    async def create(self, new: NewWorkspace, *, create_group: bool) -> Workspace:
        """Make a workspace with its default experiment; of two at once with one name, one is made.

        Raises: AlreadyExists for the name, whatever its group; NotFound without the group.
        """
        ...

    async def find(self, name: str) -> Workspace | None:
        """By name."""
        ...

    async def list_workspaces(self, places: Places, shown: Callable[[Workspace], bool]) -> Page[Workspace]:
        """A page of those that are shown, by name. Cost: the rows of the index range."""
        ...

    async def update(self, workspace_id: int, changes: WorkspaceChanges) -> Workspace:
        """Raises: NotFound, also for a default datastore that the workspace does not have."""
        ...

    async def delete(
        self, workspace_ids: Sequence[int], *, delete_files: bool, only_empty: bool = False
    ) -> None:
        """From now on found by nobody: names free, roles in them gone, their tokens revoked.

        Records are removed later, in pieces. Again: changes nothing.
        Raises: InvalidState when only_empty is asked and one is not.
        """
        ...

    async def find_group(self, subscription: str, name: str) -> ResourceGroup | None:
        """By subscription and name."""
        ...

    async def create_group(self, subscription: str, name: str, tags: Mapping[str, str]) -> ResourceGroup:
        """Raises: AlreadyExists."""
        ...

    async def list_groups(
        self, places: Places, shown: Callable[[ResourceGroup], bool]
    ) -> Page[ResourceGroup]:
        """A page of those that are shown, by subscription and name."""
        ...

    async def delete_group(self, group: ResourceGroup, *, delete_files: bool) -> int:
        """`delete` for the group and all in it, also what came meanwhile; returns how many workspaces."""
        ...

"""The tenant: everything below belongs to exactly one workspace. And the resource group that it is in."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from runyard.entities.access import group_scope

DEFAULT_WORKSPACE_ID = 1
DEFAULT_SUBSCRIPTION = "default"


class ResourceGroup(msgspec.Struct, frozen=True):
    """A named set of workspaces in a subscription."""

    id: int
    subscription: str
    name: str
    tags: Mapping[str, str] = {}
    created_ms: int = 0

    @property
    def scope(self) -> str:
        """Where roles are assigned."""
        return group_scope(self.subscription, self.name)


class Workspace(msgspec.Struct, frozen=True):
    """Times are milliseconds UTC; guid never changes and never comes again, a name may after a deletion.

    default_experiment is what clients that choose none mean by experiment 0.
    """

    id: int
    guid: str
    name: str
    subscription: str
    group: str
    location: str = "local"
    sku: str = "basic"
    friendly_name: str = ""
    description: str = ""
    tags: Mapping[str, str] = {}
    default_datastore: str = "workspaceblobstore"
    created_by: str = ""
    created_ms: int = 0
    updated_ms: int = 0
    default_experiment: int = 0

    @property
    def scope(self) -> str:
        """Where roles are assigned."""
        return f"{group_scope(self.subscription, self.group)}/workspaces/{self.name}"

"""Workspaces as MLflow's REST API spells them."""

from __future__ import annotations

import msgspec

from runyard.entities.workspace import Workspace


class ArchivalConfig(msgspec.Struct):
    location: str | None = None
    retention: str | None = None

    @property
    def asked(self) -> bool:
        """Whether it asks for anything."""
        return bool(self.location or self.retention)


class ListMlflowWorkspaces(msgspec.Struct):
    """All that the caller may see."""


class CreateMlflowWorkspace(msgspec.Struct):
    name: str
    description: str | None = None
    default_artifact_root: str | None = None
    trace_archival_config: ArchivalConfig | None = None


class MlflowWorkspaceName(msgspec.Struct):
    workspace_name: str


class UpdateMlflowWorkspace(msgspec.Struct):
    workspace_name: str
    description: str | None = None
    default_artifact_root: str | None = None
    trace_archival_config: ArchivalConfig | None = None


class DeleteMlflowWorkspace(msgspec.Struct):
    workspace_name: str
    mode: str = "RESTRICT"


class MlflowWorkspace(msgspec.Struct, omit_defaults=True):
    """proto Workspace."""

    name: str
    description: str | None = None

    @classmethod
    def of(cls, workspace: Workspace) -> MlflowWorkspace:
        """The message of one workspace."""
        return cls(workspace.name, workspace.description or None)


class MlflowWorkspaceAnswer(msgspec.Struct):
    workspace: MlflowWorkspace


class MlflowWorkspaces(msgspec.Struct):
    workspaces: list[MlflowWorkspace]

"""Composition of workspaces and resource groups."""

from __future__ import annotations

from runyard.server.composition.foundation import ARTIFACT_ROOT, Foundation
from runyard.server.routes.api import resource_groups, workspaces
from runyard.server.routes.mlflow import workspaces as mlflow_workspaces
from runyard.server.routing import Route
from runyard.services.workspaces import WorkspaceService
from runyard.store.sql.workspaces import SqlWorkspaces


def workspace_routes(base: Foundation) -> list[Route]:
    """All routes about workspaces."""
    store = SqlWorkspaces(base.database, base.key, ARTIFACT_ROOT)
    service = WorkspaceService(store, base.access.identity, base.tokens, base.access.forget)
    return [
        *workspaces.routes(service),
        *resource_groups.routes(service),
        *mlflow_workspaces.routes(service),
    ]

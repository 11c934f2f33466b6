"""MLflow's workspace routes."""

from __future__ import annotations

from typing import Any

from runyard.entities.access import SELF
from runyard.errors import InvalidInput, shown
from runyard.server.routing import Route, rpc
from runyard.services.context import Context
from runyard.services.workspaces import Wanted, WorkspaceService
from runyard.store.workspace_contracts import WorkspaceChanges
from runyard.wire.mlflow.workspaces import (
    ArchivalConfig,
    CreateMlflowWorkspace,
    DeleteMlflowWorkspace,
    ListMlflowWorkspaces,
    MlflowWorkspace,
    MlflowWorkspaceAnswer,
    MlflowWorkspaceName,
    MlflowWorkspaces,
    UpdateMlflowWorkspace,
)

EMPTY: dict[str, Any] = {}
BASE = "/3.0/mlflow/workspaces"
ONE = f"{BASE}/{{workspace_name}}"
NO_CONTENT = 204
CREATED = 201
MODES = ("RESTRICT", "CASCADE")
MOVES = "SET_DEFAULT"


def routes(service: WorkspaceService) -> list[Route]:
    """GET and POST workspaces; GET, PATCH and DELETE one."""
    return [*_reading(service), *_writing(service)]


def _reading(service: WorkspaceService) -> list[Route]:
    async def listing(ctx: Context, body: ListMlflowWorkspaces) -> MlflowWorkspaces:
        """List all workspaces that you may see."""
        found: list[MlflowWorkspace] = []
        token: str | None = None
        while True:
            page = await service.list_workspaces(ctx, page_token=token)
            found += [MlflowWorkspace.of(one) for one in page.items]
            token = page.next_page_token
            if token is None:
                return MlflowWorkspaces(found)

    async def get(ctx: Context, body: MlflowWorkspaceName) -> MlflowWorkspaceAnswer:
        """Get a workspace that you may see."""
        found, _ = await service.find(ctx, body.workspace_name)
        return MlflowWorkspaceAnswer(MlflowWorkspace.of(found))

    return [
        *rpc("GET", BASE, ListMlflowWorkspaces, listing, SELF, in_workspace=False),
        *rpc("GET", ONE, MlflowWorkspaceName, get, SELF, in_workspace=False),
    ]


def _writing(service: WorkspaceService) -> list[Route]:
    async def create(ctx: Context, body: CreateMlflowWorkspace) -> MlflowWorkspaceAnswer:
        """Create a workspace in the server's default resource group."""
        _refuse_places(body.default_artifact_root, body.trace_archival_config)
        made = await service.create(ctx, Wanted(body.name, description=body.description))
        return MlflowWorkspaceAnswer(MlflowWorkspace.of(made))

    async def update(ctx: Context, body: UpdateMlflowWorkspace) -> MlflowWorkspaceAnswer:
        """Change the description of a workspace."""
        _refuse_places(body.default_artifact_root, body.trace_archival_config)
        given = (body.description, body.default_artifact_root, body.trace_archival_config)
        if all(one is None for one in given):
            raise InvalidInput("Workspace update must have at least one key: description.")
        changes = WorkspaceChanges(description=body.description)
        made = await service.update_named(ctx, body.workspace_name, changes)
        return MlflowWorkspaceAnswer(MlflowWorkspace.of(made))

    async def delete(ctx: Context, body: DeleteMlflowWorkspace) -> dict[str, Any]:
        """Delete a workspace: RESTRICT only an empty one, CASCADE with all in it, files included."""
        if body.mode == MOVES:
            raise InvalidInput(
                "Mode SET_DEFAULT is not supported: records and files are not moved into another workspace. Export "
                "the workspace and import it where you want it, then delete it with mode CASCADE."
            )
        if body.mode not in MODES:
            raise InvalidInput(
                f"Invalid deletion mode {shown(body.mode)}. Must be one of: {', '.join(MODES)}."
            )
        await service.delete_named(
            ctx, body.workspace_name, only_empty=body.mode == MODES[0], delete_files=True
        )
        return EMPTY

    own = {"in_workspace": False, "decides": True}
    return [
        *rpc("POST", BASE, CreateMlflowWorkspace, create, "workspaces/create", status=CREATED, **own),
        *rpc("PATCH", ONE, UpdateMlflowWorkspace, update, "workspaces/write", **own),
        *rpc("DELETE", ONE, DeleteMlflowWorkspace, delete, "workspaces/delete", status=NO_CONTENT, **own),
    ]


def _refuse_places(root: str | None, archive: ArchivalConfig | None) -> None:
    """Raises: InvalidInput, where a place for files is asked for."""
    if root:
        raise InvalidInput(
            "A workspace keeps its files in the server's datastore, so that nobody else can read them; leave "
            "default_artifact_root out. An experiment may have an artifact_location of its own."
        )
    if archive is not None and archive.asked:
        raise InvalidInput("Traces are not archived here; leave trace_archival_config out.")

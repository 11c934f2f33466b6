"""Roles, and who has them where."""

from __future__ import annotations

from typing import Any

from runyard.entities.access import ACTIONS, SELF, Role
from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.roles import RoleService
from runyard.wire.api.roles import (
    AssignmentMessage,
    AssignmentOfPath,
    AssignmentPage,
    AssignRole,
    CreateRole,
    ListAssignments,
    ListRoles,
    RoleMessage,
    RoleOfPath,
    RolePage,
)

EMPTY: dict[str, Any] = {}


def routes(service: RoleService) -> list[Route]:
    """All of them. Who may assign is decided by the service, because the request names the scope."""
    return [*_roles(service), *_assignments(service)]


def _roles(service: RoleService) -> list[Route]:
    async def listing(ctx: Context, body: ListRoles) -> RolePage:
        """List the built-in and the custom roles with their actions, and every action that there is."""
        return RolePage([RoleMessage.of(one) for one in await service.list(ctx)], ACTIONS)

    async def create(ctx: Context, body: CreateRole) -> RoleMessage:
        """Define a role as a set of actions."""
        role = Role(body.name, body.description, tuple(body.actions), tuple(body.not_actions))
        return RoleMessage.of(await service.create(ctx, role))

    async def delete(ctx: Context, body: RoleOfPath) -> dict[str, Any]:
        """Remove a custom role that is assigned nowhere."""
        await service.delete(ctx, body.name)
        return EMPTY

    return [
        *api("GET", "/roles", ListRoles, listing, SELF, in_workspace=False),
        *api("POST", "/roles", CreateRole, create, "access/write", in_workspace=False),
        *api("DELETE", "/roles/{name}", RoleOfPath, delete, "access/write", in_workspace=False),
    ]


def _assignments(service: RoleService) -> list[Route]:
    async def listing(ctx: Context, body: ListAssignments) -> AssignmentPage:
        """List the role assignments that act in a scope: at it, above it and below it."""
        page = await service.assignments(
            ctx,
            body.scope,
            body.principal,
            experiment_id=body.experiment_id,
            max_results=body.max_results,
            page_token=body.page_token,
        )
        return AssignmentPage.of(page)

    async def assign(ctx: Context, body: AssignRole) -> AssignmentMessage:
        """Give somebody a role in a scope and all below it, or with allow false take its actions away there."""
        made = await service.assign(
            ctx,
            body.principal,
            body.role,
            body.scope,
            allow=body.allow,
            experiment_id=body.experiment_id,
        )
        return AssignmentMessage.of(made)

    async def unassign(ctx: Context, body: AssignmentOfPath) -> dict[str, Any]:
        """Remove a role assignment."""
        await service.unassign(ctx, body.assignment_id)
        return EMPTY

    path, one = "/role-assignments", "/role-assignments/{assignment_id}"
    here = {"in_workspace": False, "decides": True}
    return [
        *api("GET", path, ListAssignments, listing, "access/read", **here),
        *api("POST", path, AssignRole, assign, "access/write", **here),
        *api("DELETE", one, AssignmentOfPath, unassign, "access/write", **here),
    ]

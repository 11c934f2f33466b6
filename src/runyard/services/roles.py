"""Roles, who has them where, and who may give them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence

from runyard.entities.access import BUILT_IN_ROLES, Assignment, Place, Role, names_an_action, parse_scope
from runyard.entities.common import Page
from runyard.entities.principal import LOCAL
from runyard.errors import AlreadyExists, InvalidInput, NotAllowed, NotFound, shown
from runyard.services.checks import check_length, check_max_results, check_text
from runyard.services.context import Context
from runyard.services.identity import IdentityService, no_workspace
from runyard.store.principal_contracts import RoleStore

PAGE_LIMIT = 1_000
DESCRIPTION_LIMIT = 1_000
PATTERNS_LIMIT = 100
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?")


class RoleService:
    """Checks, then asks the store.

    Args:
        keep_owner: the last user who owns the server stays one.
        changed: called after every change.
    """

    def __init__(
        self,
        store: RoleStore,
        identity: IdentityService,
        *,
        keep_owner: bool,
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._identity = identity
        self._keep_owner = keep_owner
        self._changed = changed

    async def create(self, ctx: Context, role: Role) -> Role:
        """A custom role.

        Raises: InvalidInput for a pattern that names no action, AlreadyExists.
        """
        if role.name in BUILT_IN_ROLES:
            raise AlreadyExists(f"{role.name} is a built-in role. Choose another name.")
        _check(role)
        await self._store.create(role)
        self._changed()
        return role

    async def list(self, ctx: Context) -> Sequence[Role]:
        """The built-in roles, then the custom ones by name."""
        return [*BUILT_IN_ROLES.values(), *await self._store.list()]

    async def delete(self, ctx: Context, name: str) -> None:
        """Raises: InvalidInput for a built-in one, NotFound; InvalidState while it is assigned."""
        if name in BUILT_IN_ROLES:
            raise InvalidInput(f"{name} is a built-in role; it stays.")
        check_text("name", name)
        await self._store.delete(name)
        self._changed()

    async def assign(
        self,
        ctx: Context,
        principal: str,
        role: str,
        scope: str | None,
        *,
        allow: bool,
        experiment_id: int | None,
    ) -> Assignment:
        """Give somebody a role in a scope and all below it, or with allow=False take its actions away there.

        Raises: NotAllowed without access/write in the scope, and for a role that includes what the caller may not do
            there; NotFound, InvalidInput, InvalidState.
        """
        place = await self._place(ctx, scope, experiment_id)
        await self._check_may(ctx, "access/write", place)
        if place.workspace and await self._identity.find_workspace(place.workspace_path) is None:
            raise no_workspace(place.workspace_path)
        if role not in BUILT_IN_ROLES:
            check_text("role", role)
        if allow:
            await self._check_no_more(ctx, role, place)
        who = await self._identity.find_principal(principal)
        if who.id == LOCAL.id:
            raise InvalidInput("'local' owns a server that needs no login, and is nobody on one that does.")
        new = Assignment(uuid.uuid4().hex, who.name, role, allow, place.scope, ctx.principal.name)
        done = await self._store.assign(who.id, new, keep_owner=self._keep_owner)
        self._changed()
        return done

    async def unassign(self, ctx: Context, assignment_id: str) -> None:
        """Remove an assignment; to remove what takes actions away is to give them.

        Raises: NotFound, also where the caller may not see it; NotAllowed; InvalidState for the last owner.
        """
        check_text("assignment_id", assignment_id)
        found = await self._store.find_assignment(assignment_id)
        place = None if found is None else parse_scope(found.scope)
        if found is None or place is None or not await self._may(ctx, "access/read", place):
            raise NotFound(f"There is no role assignment {shown(assignment_id)}.")
        ctx.also.update(principal=found.principal, role=found.role, scope=found.scope, allow=str(found.allow))
        await self._check_may(ctx, "access/write", place)
        if not found.allow:
            await self._check_may_lift(ctx, found.role, place)
        if found.principal == LOCAL.name:
            raise InvalidInput("'local' owns a server that needs no login, and is nobody on one that does.")
        await self._store.remove_assignment(assignment_id, keep_owner=self._keep_owner)
        self._changed()

    async def assignments(
        self,
        ctx: Context,
        scope: str | None,
        principal: str | None,
        *,
        experiment_id: int | None,
        max_results: int,
        page_token: str | None,
    ) -> Page[Assignment]:
        """A page of the assignments that act in a scope: at it, above it and below it.

        Raises: NotAllowed without access/read there.
        """
        place = await self._place(ctx, scope, experiment_id)
        await self._check_may(ctx, "access/read", place)
        if principal is not None:
            check_text("principal", principal)
        size = check_max_results(max_results, PAGE_LIMIT)
        return await self._store.assignments(place.scope, principal, max_results=size, page_token=page_token)

    async def has_owner(self) -> bool:
        """Whether somebody owns the server who can log in to it."""
        return await self._store.has_owner()

    async def _place(self, ctx: Context, scope: str | None, experiment_id: int | None) -> Place:
        """The scope that a request means: without one that of the addressed workspace, else of the server."""
        place = Place() if scope is None else parse_scope(scope)
        if scope is None and ctx.addressed:
            found = await self._identity.find_workspace(ctx.addressed)
            place = None if found is None else parse_scope(found.scope)
            if place is None:
                raise no_workspace(ctx.addressed)
        if place is None:
            raise InvalidInput(
                f"{shown(scope)} is no scope. Write / for the server, or /subscriptions/S, followed by "
                "/resourceGroups/G, /workspaces/W and /experiments/ID as far as wanted."
            )
        if experiment_id is not None:
            if not place.workspace or experiment_id < 0:
                raise InvalidInput("An experiment_id goes with the scope of its workspace.")
            return Place(place.subscription, place.group, place.workspace, experiment_id)
        return place

    async def _may(self, ctx: Context, action: str, place: Place) -> bool:
        """In the scope or in one that holds it: who owns the outer one can undo what denies in the inner one."""
        if ctx.who.workspace is not None or ctx.who.workspace_id is not None:
            return False
        for outer in place.outward():
            grants = await self._identity.grants(ctx.who, outer.outer)
            if grants.permits(action, outer.experiment):
                return True
        return False

    async def _check_may(self, ctx: Context, action: str, place: Place) -> None:
        if await self._may(ctx, action, place):
            return
        if place.workspace:
            await self._identity.in_workspace(
                ctx.who, place.workspace_path
            )  # NotFound where they see nothing
        raise NotAllowed(
            f"{ctx.principal.name} may not do {action} in {place.scope}. An owner of it can, or can assign you a role "
            "that includes it."
        )

    async def _check_no_more(self, ctx: Context, role: str, place: Place) -> None:
        """Nobody gives what they have not: neither in the scope nor by way of a role that somebody else defined."""
        found = (await self._identity.roles()).get(role)
        if found is None:
            raise NotFound(f"There is no role named {shown(role)}. `runyard role list` shows all.")
        missing = await self._missing(ctx, found, place)
        if missing:
            raise NotAllowed(
                f"The role {role} includes {', '.join(missing[:5])}, which {ctx.principal.name} may not do in "
                f"{place.scope}. Nobody can give what they have not."
            )

    async def _check_may_lift(self, ctx: Context, role: str, place: Place) -> None:
        """A denial binds whoever it is about: only who may do all of it here, or in a scope that holds this, lifts it."""
        found = (await self._identity.roles()).get(role)
        if found is None:
            return  # a role that no longer exists denies nothing
        for outer in place.outward():
            if not await self._missing(ctx, found, outer):
                return
        raise NotAllowed(
            f"What is denied is the role {role}, and {ctx.principal.name} may not do all that it includes in "
            f"{place.scope}. Only who may can lift it."
        )

    async def _missing(self, ctx: Context, role: Role, place: Place) -> Sequence[str]:
        """The actions of a role that the caller may not do at a place."""
        grants = await self._identity.grants(ctx.who, place.outer)
        return sorted(one for one in role.expand() if not grants.permits(one, place.experiment))


def _check(role: Role) -> None:
    if not NAME.fullmatch(role.name):
        raise InvalidInput(
            f"{shown(role.name)} is no name for a role: 1 to 64 ASCII letters, digits, spaces and . _ -, beginning and "
            "ending with a letter or digit."
        )
    check_length("description", role.description, DESCRIPTION_LIMIT)
    check_text("description", role.description)
    if not 1 <= len(role.actions) <= PATTERNS_LIMIT or len(role.not_actions) > PATTERNS_LIMIT:
        raise InvalidInput(f"A role has 1 to {PATTERNS_LIMIT} actions and at most as many not_actions.")
    for pattern in (*role.actions, *role.not_actions):
        if not names_an_action(pattern):
            raise InvalidInput(
                f"{shown(pattern)} names no action. Write one such as runs/write, or runs/* and */read."
            )

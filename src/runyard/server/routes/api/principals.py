"""Users, service accounts, groups and their members, and who is asking."""

from __future__ import annotations

from typing import Any

import msgspec

from runyard.entities.access import SELF
from runyard.entities.principal import Principal, PrincipalKind
from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.csrf import CsrfTokens
from runyard.services.principals import PrincipalService
from runyard.wire.api.login import NoFields
from runyard.wire.api.principals import (
    CreateNamed,
    CreateUser,
    GroupMessage,
    ListPrincipals,
    Me,
    Membership,
    PrincipalMessage,
    PrincipalOfPath,
    PrincipalPage,
    UpdateServiceAccount,
    UpdateUser,
)

EMPTY: dict[str, Any] = {}
READ, WRITE = "principals/read", "principals/write"


def routes(service: PrincipalService, csrf: CsrfTokens) -> list[Route]:
    """All of them."""
    return [*_me(csrf), *_users(service), *_service_accounts(service), *_groups(service)]


def _me(csrf: CsrfTokens) -> list[Route]:
    async def me(ctx: Context, body: NoFields) -> Me:
        """Tell who is asking, and what they may do to the server as a whole; a browser's session its csrf_token, too."""
        actions = sorted(ctx.grants.allowed - ctx.grants.denied)
        token = csrf.of(ctx.session) if ctx.session else msgspec.UNSET
        return Me(PrincipalMessage.of(ctx.principal), ctx.credential, actions, ctx.who.expires_ms, token)

    return api("GET", "/me", NoFields, me, SELF, in_workspace=False)


def _users(service: PrincipalService) -> list[Route]:
    kind = PrincipalKind.USER

    async def listing(ctx: Context, body: ListPrincipals) -> PrincipalPage:
        """List the users."""
        return PrincipalPage.of(await service.list(ctx, kind, body.max_results, body.page_token))

    async def create(ctx: Context, body: CreateUser) -> PrincipalMessage:
        """Make a user, without any role; without a password they log in through the identity provider."""
        made = await service.create(
            ctx, kind, body.name, display_name=body.display_name, email=body.email, password=body.password
        )
        return PrincipalMessage.of(made)

    async def get(ctx: Context, body: PrincipalOfPath) -> PrincipalMessage:
        """Get a user."""
        return PrincipalMessage.of(await service.get(ctx, kind, body.name))

    async def update(ctx: Context, body: UpdateUser) -> PrincipalMessage:
        """Change a user; everybody may change the own password by giving current_password."""
        done = await service.update(
            ctx,
            kind,
            body.name,
            display_name=body.display_name,
            email=body.email,
            disabled=body.disabled,
            password=body.password,
            current_password=body.current_password,
        )
        return PrincipalMessage.of(done)

    async def delete(ctx: Context, body: PrincipalOfPath) -> dict[str, Any]:
        """Remove a user with their tokens and roles; what they made stays."""
        await service.delete(ctx, kind, body.name)
        return EMPTY

    return [
        *api("GET", "/users", ListPrincipals, listing, READ, in_workspace=False),
        *api("POST", "/users", CreateUser, create, WRITE, in_workspace=False),
        *api("GET", "/users/{name}", PrincipalOfPath, get, READ, in_workspace=False),
        *api("PATCH", "/users/{name}", UpdateUser, update, WRITE, in_workspace=False, decides=True),
        *api("DELETE", "/users/{name}", PrincipalOfPath, delete, WRITE, in_workspace=False),
    ]


def _service_accounts(service: PrincipalService) -> list[Route]:
    kind = PrincipalKind.SERVICE

    async def listing(ctx: Context, body: ListPrincipals) -> PrincipalPage:
        """List the service accounts."""
        return PrincipalPage.of(await service.list(ctx, kind, body.max_results, body.page_token))

    async def create(ctx: Context, body: CreateNamed) -> PrincipalMessage:
        """Make a service account, without any role; it logs in with tokens alone."""
        return PrincipalMessage.of(await service.create(ctx, kind, body.name, display_name=body.display_name))

    async def get(ctx: Context, body: PrincipalOfPath) -> PrincipalMessage:
        """Get a service account."""
        return PrincipalMessage.of(await service.get(ctx, kind, body.name))

    async def update(ctx: Context, body: UpdateServiceAccount) -> PrincipalMessage:
        """Change or disable a service account."""
        done = await service.update(
            ctx, kind, body.name, display_name=body.display_name, disabled=body.disabled
        )
        return PrincipalMessage.of(done)

    async def delete(ctx: Context, body: PrincipalOfPath) -> dict[str, Any]:
        """Remove a service account with its tokens and roles."""
        await service.delete(ctx, kind, body.name)
        return EMPTY

    return [
        *api("GET", "/service-accounts", ListPrincipals, listing, READ, in_workspace=False),
        *api("POST", "/service-accounts", CreateNamed, create, WRITE, in_workspace=False),
        *api("GET", "/service-accounts/{name}", PrincipalOfPath, get, READ, in_workspace=False),
        *api("PATCH", "/service-accounts/{name}", UpdateServiceAccount, update, WRITE, in_workspace=False),
        *api("DELETE", "/service-accounts/{name}", PrincipalOfPath, delete, WRITE, in_workspace=False),
    ]


def _groups(service: PrincipalService) -> list[Route]:
    kind = PrincipalKind.GROUP

    async def listing(ctx: Context, body: ListPrincipals) -> PrincipalPage:
        """List the groups."""
        return PrincipalPage.of(await service.list(ctx, kind, body.max_results, body.page_token))

    async def create(ctx: Context, body: CreateNamed) -> GroupMessage:
        """Make a group; who has a group of the same name at the identity provider joins it at login."""
        return _group(await service.create(ctx, kind, body.name, display_name=body.display_name), [])

    async def get(ctx: Context, body: PrincipalOfPath) -> GroupMessage:
        """Get a group with its members."""
        found = await service.get(ctx, kind, body.name)
        return _group(found, list(await service.members(ctx, body.name)))

    async def delete(ctx: Context, body: PrincipalOfPath) -> dict[str, Any]:
        """Remove a group with its roles; its members stay."""
        await service.delete(ctx, kind, body.name)
        return EMPTY

    async def add(ctx: Context, body: Membership) -> dict[str, Any]:
        """Put a user or service account into a group."""
        await service.add_member(ctx, body.name, body.member)
        return EMPTY

    async def remove(ctx: Context, body: Membership) -> dict[str, Any]:
        """Take a member out of a group."""
        await service.remove_member(ctx, body.name, body.member)
        return EMPTY

    member = "/groups/{name}/members/{member}"
    return [
        *api("GET", "/groups", ListPrincipals, listing, READ, in_workspace=False),
        *api("POST", "/groups", CreateNamed, create, WRITE, in_workspace=False),
        *api("GET", "/groups/{name}", PrincipalOfPath, get, READ, in_workspace=False),
        *api("DELETE", "/groups/{name}", PrincipalOfPath, delete, WRITE, in_workspace=False),
        *api("POST", member, Membership, add, WRITE, in_workspace=False),
        *api("DELETE", member, Membership, remove, WRITE, in_workspace=False),
    ]


def _group(one: Principal, members: list[Principal]) -> GroupMessage:
    inner = [PrincipalMessage.of(member) for member in members]
    return GroupMessage(one.uuid, one.kind.text, one.name, one.display_name, one.created_ms, inner)

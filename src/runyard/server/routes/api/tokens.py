"""Access tokens of oneself and of service accounts."""

from __future__ import annotations

from typing import Any

from runyard.entities.access import SELF
from runyard.errors import InvalidInput
from runyard.server.routing import Route, api
from runyard.services.access_tokens import AccessTokenService
from runyard.services.context import Context
from runyard.wire.api.tokens import (
    CreateToken,
    ListTokens,
    MadeTokenMessage,
    TokenOfPath,
    TokenPage,
)

EMPTY: dict[str, Any] = {}


def routes(service: AccessTokenService) -> list[Route]:
    """All of them."""

    async def create(ctx: Context, body: CreateToken) -> MadeTokenMessage:
        """Make an access token for oneself or a service account; its secret is shown this once."""
        made = await service.create(
            ctx,
            body.name,
            actions=body.actions,
            workspace=body.workspace,
            life_s=body.life_s,
            service_account=body.service_account,
        )
        one = made.token
        times = (one.created_ms, one.expires_ms)
        return MadeTokenMessage(
            made.secret, one.uuid, made.principal.name, one.name, one.actions, one.workspace, *times
        )

    async def listing(ctx: Context, body: ListTokens) -> TokenPage:
        """List tokens, newest first: one's own with logins and sessions, a service account's, or those made for others.
        Those of jobs are left out unless `jobs` asks for them.
        """
        cut: Any = {"max_results": body.max_results, "page_token": body.page_token}
        if body.created_by is not None and body.service_account is not None:
            raise InvalidInput("Give one of service_account and created_by.")
        if body.created_by is not None:
            return TokenPage.of(await service.made_for_others(ctx, body.created_by, **cut))
        return TokenPage.of(
            await service.list(ctx, service_account=body.service_account, jobs=body.jobs, **cut)
        )

    async def revoke(ctx: Context, body: TokenOfPath) -> dict[str, Any]:
        """Revoke a token; it is good for nothing at once on this server process, within seconds on others."""
        await service.revoke(ctx, body.token_id)
        return EMPTY

    return [
        *api("POST", "/tokens", CreateToken, create, SELF, in_workspace=False),
        *api("GET", "/tokens", ListTokens, listing, SELF, in_workspace=False),
        *api("DELETE", "/tokens/{token_id}", TokenOfPath, revoke, SELF, in_workspace=False),
    ]

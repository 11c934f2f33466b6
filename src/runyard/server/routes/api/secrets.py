"""The keyvault of a workspace."""

from __future__ import annotations

from typing import Any

from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.secrets import SecretService
from runyard.wire.api.secrets import ListSecrets, SecretName, SecretPage, SecretValue, SetSecret

EMPTY: dict[str, Any] = {}


def routes(service: SecretService) -> list[Route]:
    """All of them."""

    async def listing(ctx: Context, body: ListSecrets) -> SecretPage:
        """List the names of secrets, never their values."""
        return SecretPage.of(
            await service.list(ctx, max_results=body.max_results, page_token=body.page_token)
        )

    async def put(ctx: Context, body: SetSecret) -> dict[str, Any]:
        """Set or replace a secret."""
        await service.set(ctx, body.name, body.value)
        return EMPTY

    async def get(ctx: Context, body: SecretName) -> SecretValue:
        """Get the value of a secret."""
        return SecretValue(body.name, await service.get(ctx, body.name))

    async def delete(ctx: Context, body: SecretName) -> dict[str, Any]:
        """Delete a secret."""
        await service.delete(ctx, body.name)
        return EMPTY

    one = "/secrets/{name}"
    return [
        *api("GET", "/secrets", ListSecrets, listing, "secrets/read"),
        *api("POST", "/secrets", SetSecret, put, "secrets/write"),
        *api("GET", one, SecretName, get, "secrets/read"),
        *api("DELETE", one, SecretName, delete, "secrets/delete"),
    ]

"""Rules for the keyvault of a workspace."""

from __future__ import annotations

import re

from runyard.entities.common import Page
from runyard.entities.secret import SecretInfo
from runyard.errors import InvalidInput, NotFound, shown
from runyard.services.checks import check_max_results
from runyard.services.context import Context
from runyard.services.vault import Vault
from runyard.store.data_contracts import SecretStore

PAGE_DEFAULT = 100
PAGE_LIMIT = 1_000
VALUE_LIMIT = 65_536  # bytes
PURPOSE = "keyvault"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,126}")


class SecretService:
    """Values are encrypted before they reach the store; no error and no log repeats one."""

    def __init__(self, store: SecretStore, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def set(self, ctx: Context, name: str, value: object) -> None:
        """Set or replace. Raises: InvalidInput."""
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                f"Invalid secret name {shown(name, 100)}: 1 to 127 letters, digits, '-', '_' and '.', the first a "
                "letter or digit."
            )
        if not isinstance(value, str):
            raise InvalidInput("The value of a secret must be text.")
        plain = value.encode()
        if len(plain) > VALUE_LIMIT:
            raise InvalidInput(
                f"The value of a secret has at most {VALUE_LIMIT} bytes; this has {len(plain)}."
            )
        sealed = self._vault.seal(plain, PURPOSE, ctx.workspace_guid, name)
        await self._store.put_secret(ctx.workspace_id, name, sealed, ctx.principal.name)

    async def get(self, ctx: Context, name: str) -> str:
        """The value. Raises: NotFound."""
        known = _NAME.fullmatch(name) is not None
        sealed = await self._store.find_secret(ctx.workspace_id, name) if known else None
        if sealed is None:
            raise _absent(ctx, name)
        return self._vault.open(sealed, PURPOSE, ctx.workspace_guid, name).decode()

    async def list(
        self, ctx: Context, *, max_results: int | None, page_token: str | None
    ) -> Page[SecretInfo]:
        """Names, never values."""
        limit = check_max_results(PAGE_DEFAULT if max_results is None else max_results, PAGE_LIMIT)
        return await self._store.list_secrets(
            ctx.workspace_id, max_results=limit, page_token=page_token or None
        )

    async def delete(self, ctx: Context, name: str) -> None:
        """Forget it. Raises: NotFound."""
        if not _NAME.fullmatch(name) or not await self._store.delete_secret(ctx.workspace_id, name):
            raise _absent(ctx, name)


def _absent(ctx: Context, name: str) -> NotFound:
    return NotFound(f"There is no secret {shown(name, 100)} in the keyvault of workspace {ctx.workspace!r}.")

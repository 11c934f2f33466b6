"""Access tokens as our API spells them."""

from __future__ import annotations

import msgspec

from runyard.entities.common import Page
from runyard.entities.principal import AccessToken
from runyard.wire.mlflow.scalars import Int32, Int64


class CreateToken(msgspec.Struct):
    name: str
    actions: list[str] = []
    workspace: str | None = None
    life_s: Int64 | None = None
    service_account: str | None = None


class TokenMessage(msgspec.Struct):
    token_id: str
    kind: str
    name: str
    actions: list[str]
    workspace: str | None
    created_ms: int
    expires_ms: int
    used_ms: int | None
    revoked_ms: int | None
    principal: str
    created_by: str

    @classmethod
    def of(cls, one: AccessToken) -> TokenMessage:
        """The message of one token."""
        return cls(
            one.uuid,
            one.kind.name.lower(),
            one.name,
            one.actions,
            one.workspace,
            one.created_ms,
            one.expires_ms,
            one.used_ms,
            one.revoked_ms,
            one.principal,
            one.created_by,
        )


class MadeTokenMessage(msgspec.Struct):
    token: str
    token_id: str
    principal: str
    name: str
    actions: list[str]
    workspace: str | None
    created_ms: int
    expires_ms: int


class ListTokens(msgspec.Struct):
    service_account: str | None = None
    created_by: str | None = None
    jobs: bool = False
    max_results: Int32 = 100
    page_token: str | None = None


class TokenPage(msgspec.Struct):
    items: list[TokenMessage]
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[AccessToken]) -> TokenPage:
        """The message of a page."""
        return cls([TokenMessage.of(one) for one in page.items], page.next_page_token)


class TokenOfPath(msgspec.Struct):
    token_id: str

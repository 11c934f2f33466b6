"""Users, service accounts and groups as our API spells them."""

from __future__ import annotations

import msgspec

from runyard.entities.common import Page
from runyard.entities.principal import Principal
from runyard.wire.mlflow.scalars import Int32


class PrincipalMessage(msgspec.Struct):
    uuid: str
    kind: str
    name: str
    display_name: str
    email: str
    disabled: bool
    created_ms: int

    @classmethod
    def of(cls, one: Principal) -> PrincipalMessage:
        """The message of one principal."""
        return cls(
            one.uuid, one.kind.text, one.name, one.display_name, one.email, one.disabled, one.created_ms
        )


class PrincipalPage(msgspec.Struct):
    items: list[PrincipalMessage]
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[Principal]) -> PrincipalPage:
        """The message of a page."""
        return cls([PrincipalMessage.of(one) for one in page.items], page.next_page_token)


class GroupMessage(msgspec.Struct):
    uuid: str
    kind: str
    name: str
    display_name: str
    created_ms: int
    members: list[PrincipalMessage]


class ListPrincipals(msgspec.Struct):
    max_results: Int32 = 100
    page_token: str | None = None


class PrincipalOfPath(msgspec.Struct):
    name: str


class CreateUser(msgspec.Struct):
    name: str
    password: str | None = None
    display_name: str = ""
    email: str = ""


class CreateNamed(msgspec.Struct):
    name: str
    display_name: str = ""


class UpdateUser(msgspec.Struct):
    name: str
    display_name: str | None = None
    email: str | None = None
    disabled: bool | None = None
    password: str | None = None
    current_password: str | None = None


class UpdateServiceAccount(msgspec.Struct):
    name: str
    display_name: str | None = None
    disabled: bool | None = None


class Membership(msgspec.Struct):
    name: str
    member: str


class Me(msgspec.Struct):
    principal: PrincipalMessage
    credential: str
    server_actions: list[str]
    expires_ms: int | None = None
    csrf_token: str | msgspec.UnsetType = msgspec.UNSET  # in a browser's session

"""What the rules about people, tokens and roles ask of a store.

A write that would leave the server without an enabled owner, where there was one, raises InvalidState when
`keep_owner` is set; the check is part of the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from runyard.entities.access import Assignment, Role
from runyard.entities.common import Page
from runyard.entities.principal import AccessToken, Principal, PrincipalKind, TokenKind


class NewPrincipal(msgspec.Struct, frozen=True):
    """What a principal is made of. `issuer` and `subject` are those of an OpenID Connect login."""

    kind: PrincipalKind
    name: str
    display_name: str = ""
    email: str = ""
    password_hash: str | None = None
    issuer: str | None = None
    subject: str | None = None


class PrincipalChange(msgspec.Struct, frozen=True):
    """What changes; None: stays."""

    display_name: str | None = None
    email: str | None = None
    disabled: bool | None = None
    password_hash: str | None = None


class NewToken(msgspec.Struct, frozen=True):
    """What is stored of a token. `made_with` is the uuid of the token that it ends with, `created_by` a name."""

    principal_id: int
    kind: TokenKind
    name: str
    secret_hash: str
    actions: Sequence[str]
    workspace_id: int | None
    created_ms: int
    expires_ms: int
    made_with: str | None = None
    created_by: str = ""


class PrincipalStore(Protocol):
    """Users, service accounts, groups and who is in them."""

    async def create(self, new: NewPrincipal) -> Principal:
        """Raises: AlreadyExists; names are unique over all kinds."""
        ...

    async def get(self, kind: PrincipalKind, name: str) -> Principal:
        """Raises: NotFound."""
        ...

    async def find_subject(self, issuer: str, subject: str) -> Principal | None:
        """Who logs in as this subject of an identity provider."""
        ...

    async def list(self, kind: PrincipalKind, *, max_results: int, page_token: str | None) -> Page[Principal]:
        """A page by name."""
        ...

    async def update(self, principal_id: int, change: PrincipalChange, *, keep_owner: bool) -> Principal:
        """A new password or being disabled ends sessions and logins. Raises: NotFound, InvalidState."""
        ...

    async def delete(self, principal_id: int, *, keep_owner: bool) -> None:
        """With its tokens, roles and memberships. Raises: NotFound, InvalidState."""
        ...

    async def password_hash(self, principal_id: int) -> str | None:
        """None: no login by password."""
        ...

    async def members(self, group_id: int) -> Sequence[Principal]:
        """By name."""
        ...

    async def add_member(self, group_id: int, member_id: int) -> None:
        """Nothing happens when it is one already."""
        ...

    async def remove_member(self, group_id: int, member_id: int, *, keep_owner: bool) -> None:
        """Raises: NotFound, InvalidState."""
        ...

    async def set_login_groups(self, member_id: int, names: Collection[str]) -> bool:
        """Join the existing groups of these names, and leave those that an earlier call joined and that are not named.

        Returns: whether anything changed.
        """
        ...


class TokenStore(Protocol):
    """Access tokens, without their secrets."""

    async def create(self, new: NewToken) -> AccessToken:
        """Raises: Unauthenticated when the token that it is made with is revoked or gone."""
        ...

    async def list(
        self, principal_id: int, kinds: Collection[TokenKind], *, max_results: int, page_token: str | None
    ) -> Page[AccessToken]:
        """A page, newest first; those that are revoked or expired too."""
        ...

    async def made_for_others(
        self, created_by: str, *, max_results: int, page_token: str | None
    ) -> Page[AccessToken]:
        """Those that somebody made for others, newest first; the maker may be gone."""
        ...

    async def find(self, uuid: str) -> AccessToken | None: ...

    async def find_secret(self, secret_hash: str) -> AccessToken | None: ...

    async def revoke(self, uuid: str, at_ms: int) -> None:
        """With all that were made with it. Nothing happens to those that are revoked already."""
        ...

    async def end_sessions(self, principal_id: int, at_ms: int) -> int:
        """Revoke all browsers' sessions of a principal; how many of them were good for something until now."""
        ...


class RoleStore(Protocol):
    """Custom roles, and assignments of all."""

    async def create(self, role: Role) -> None:
        """Raises: AlreadyExists."""
        ...

    async def list(self) -> Sequence[Role]:
        """Custom ones by name."""
        ...

    async def delete(self, name: str) -> None:
        """Raises: NotFound; InvalidState while it is assigned."""
        ...

    async def assign(self, principal_id: int, new: Assignment, *, keep_owner: bool) -> Assignment:
        """The assignment, or the equal one that is there already. Raises: InvalidState, NotFound for the role."""
        ...

    async def find_assignment(self, uuid: str) -> Assignment | None: ...

    async def remove_assignment(self, uuid: str, *, keep_owner: bool) -> None:
        """Raises: NotFound, InvalidState."""
        ...

    async def assignments(
        self, scope: str, principal: str | None, *, max_results: int, page_token: str | None
    ) -> Page[Assignment]:
        """A page of those at the scope, above it and below it."""
        ...

    async def has_owner(self) -> bool:
        """Whether an enabled user other than `local` owns the server."""
        ...

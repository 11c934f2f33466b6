"""Who acts: users, service accounts, and groups of them."""

from __future__ import annotations

import enum

import msgspec


class PrincipalKind(enum.IntEnum):
    """What a principal is."""

    USER = 0
    SERVICE = 1
    GROUP = 2

    @property
    def text(self) -> str:
        """user, service_account, group."""
        return ("user", "service_account", "group")[self]


class Principal(msgspec.Struct, frozen=True):
    """A user, a service account or a group. Times are milliseconds UTC."""

    id: int
    uuid: str
    kind: PrincipalKind
    name: str
    display_name: str = ""
    email: str = ""
    disabled: bool = False
    created_ms: int = 0


class TokenKind(enum.IntEnum):
    """How an access token came about."""

    PERSONAL = 0
    LOGIN = 1
    SESSION = 2
    JOB = 3


class AccessToken(msgspec.Struct, frozen=True):
    """An access token as it may be shown: without its secret.

    Attributes:
        workspace_id: None: not bound to one; workspace is its name.
        created_by: name of whoever made it; may be gone by now.
        principal: name of whoever it stands for.
        job: id of the run whose job it is for; empty: not one of a job. job_experiment: the only one where that writes.
    """

    id: int
    uuid: str
    principal_id: int
    kind: TokenKind
    name: str
    actions: list[str]
    workspace_id: int | None
    created_ms: int
    expires_ms: int
    used_ms: int | None = None
    revoked_ms: int | None = None
    workspace: str | None = None
    created_by: str = ""
    principal: str = ""
    job: str = ""
    job_experiment: int | None = None


LOCAL = Principal(1, f"{1:032x}", PrincipalKind.USER, "local")
"""Whoever works on the machine of a server that listens on loopback only; seeded by the schema."""

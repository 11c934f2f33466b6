"""What deciding about a request needs from a store: who, where, and which roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from runyard.entities.access import Assignment, Role
from runyard.entities.principal import AccessToken, Principal
from runyard.entities.workspace import Workspace


class IdentityStore(Protocol):
    """Small reads by unique keys. Cost of each: a few rows."""

    async def find_workspace(self, name: str) -> Workspace | None:
        """The workspace of that name, unless it is being removed."""
        ...

    async def find_principal(self, *, uuid: str | None = None, name: str | None = None) -> Principal | None:
        """By exactly one of the two."""
        ...

    async def find_password(self, name: str) -> tuple[Principal, str] | None:
        """A principal that may log in with a password, and its hash."""
        ...

    async def find_token(
        self, *, secret_hash: str | None = None, uuid: str | None = None
    ) -> tuple[AccessToken, Principal] | None:
        """By exactly one of the two; expired and revoked ones too."""
        ...

    async def touch_token(self, token_id: int, used_ms: int) -> None:
        """Note when a token was used last."""
        ...

    async def assignments_of(self, principal_id: int) -> Sequence[Assignment]:
        """The roles of a principal and of the groups it is in, in every scope."""
        ...

    async def custom_roles(self) -> Mapping[str, Role]:
        """By name."""
        ...


class FailedLogins(msgspec.Struct, frozen=True):
    """How many, and when the last one was, in milliseconds UTC."""

    count: int
    last_ms: int


class LoginFailures(Protocol):
    """Counts of failed logins by what they are counted for, shared by all server processes."""

    async def failed_logins(self, keys: Sequence[str]) -> Mapping[str, FailedLogins]:
        """Those that are known."""
        ...

    async def add_failed_login(
        self, keys: Sequence[str], now_ms: int, stale: Mapping[str, int], forgotten_ms: int
    ) -> None:
        """Count one more for each key.

        Args:
            stale: when the last one of a key was, where counting begins anew unless another one came since.
            forgotten_ms: those whose last one was before may be dropped.
        """
        ...

    async def forget_failed_logins(self, key: str) -> None:
        """Begin anew."""
        ...


class RecordHomes(Protocol):
    """Which experiments records belong to."""

    async def homes_of(
        self,
        workspace_id: int,
        *,
        runs: Sequence[str] = (),
        models: Sequence[str] = (),
        traces: Sequence[str] = (),
    ) -> Mapping[tuple[str, str], int]:
        """The experiment of each of these records, by kind and id; what does not exist in the workspace is left out."""
        ...

    async def experiments_at(self, workspace_id: int, folded: str) -> Sequence[int]:
        """Experiments that keep their files at a folded path of the workspace's, above it or below it."""
        ...

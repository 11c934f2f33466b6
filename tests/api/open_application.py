"""The application over some routes alone, where everybody on this machine may do everything."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from runyard.entities.access import Assignment, Role
from runyard.entities.audit import AuditEntry
from runyard.entities.principal import AccessToken, Principal
from runyard.entities.workspace import DEFAULT_WORKSPACE_ID, Workspace
from runyard.server.access import Access
from runyard.server.application import Application, Lifespan
from runyard.server.client_addresses import ClientAddresses
from runyard.server.gate import Gate
from runyard.server.metrics import ServerMetrics
from runyard.server.routing import RouteTable
from runyard.services.audit import AuditTrail
from runyard.services.csrf import CsrfTokens
from runyard.services.identity import IdentityService
from runyard.services.throttle import LoginThrottle
from runyard.services.tracking_tokens import TrackingTokens
from runyard.store.identity_contracts import FailedLogins


class OneWorkspace:
    """IdentityStore, RecordHomes and AuditStore of a server that has the default workspace and no people."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    async def find_workspace(self, name: str) -> Workspace | None:
        return Workspace(DEFAULT_WORKSPACE_ID, "g", name, "default", "default") if name == "default" else None

    async def find_principal(self, *, uuid: str | None = None, name: str | None = None) -> Principal | None:
        return None

    async def find_password(self, name: str) -> tuple[Principal, str] | None:
        return None

    async def find_token(
        self, *, secret_hash: str | None = None, uuid: str | None = None
    ) -> tuple[AccessToken, Principal] | None:
        return None

    async def touch_token(self, token_id: int, used_ms: int) -> None: ...

    async def assignments_of(self, principal_id: int) -> Sequence[Assignment]:
        return []

    async def custom_roles(self) -> Mapping[str, Role]:
        return {}

    async def homes_of(
        self,
        workspace_id: int,
        *,
        runs: Sequence[str] = (),
        models: Sequence[str] = (),
        traces: Sequence[str] = (),
    ) -> Mapping[tuple[str, str], int]:
        return {}

    async def experiments_at(self, workspace_id: int, folded: str) -> Sequence[int]:
        return []

    async def failed_logins(self, keys: Sequence[str]) -> Mapping[str, FailedLogins]:
        return {}

    async def add_failed_login(
        self, keys: Sequence[str], now_ms: int, stale: Mapping[str, int], forgotten_ms: int
    ) -> None: ...

    async def forget_failed_logins(self, key: str) -> None: ...

    async def append(self, entry: AuditEntry) -> None:
        self.entries.append(entry)


def open_application(table: RouteTable, lifespan: Lifespan) -> Application:
    """Serves the table to whoever reaches it on loopback."""
    store = OneWorkspace()
    identity = IdentityService(
        store,
        TrackingTokens(b"k" * 32, time.time),
        LoginThrottle(store, time.time, proxies=False),
        local=True,
    )
    clients = ClientAddresses()
    return Application(
        table,
        Gate(),
        Access(identity, store, CsrfTokens(b"k" * 32)),
        AuditTrail(store),
        ServerMetrics(),
        lifespan,
        clients,
    )

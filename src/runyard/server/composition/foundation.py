"""Composition of what every group stands on."""

from __future__ import annotations

import time
from dataclasses import dataclass

from runyard.artifacts.opening import Mount, mount_datastore
from runyard.server.access import Access
from runyard.server.settings import Settings, secret_key, split
from runyard.server.storage import open_database
from runyard.services.audit import AuditTrail
from runyard.services.csrf import CsrfTokens
from runyard.services.datastore_hosts import DatastoreHosts
from runyard.services.identity import IdentityService
from runyard.services.throttle import LoginThrottle
from runyard.services.tracking_tokens import TrackingTokens
from runyard.services.vault import Vault
from runyard.store.sql.audit import SqlAudit
from runyard.store.sql.identity import SqlIdentity
from runyard.store.sql.login_failures import SqlLoginFailures
from runyard.store.sql.marks import MarkedDatabase
from runyard.store.sql.postgres import PostgresDatabase
from runyard.store.sql.sqlite import SqliteDatabase

ARTIFACT_ROOT = "mlflow-artifacts:"


@dataclass(frozen=True, slots=True)
class Foundation:
    """What is there once, opened.

    `key` is the server's secret; keys of single purposes are derived from it. `marked` is the database for stores whose
    writes are told to other servers. `hosts` says which machines users may let this one connect to.
    """

    settings: Settings
    key: bytes
    database: SqliteDatabase | PostgresDatabase
    marked: MarkedDatabase
    mount: Mount
    vault: Vault
    hosts: DatastoreHosts
    trail: AuditTrail
    owners: SqlIdentity
    tokens: TrackingTokens
    access: Access


def lay(settings: Settings) -> Foundation:
    """Open all of it.

    Raises: RunyardError, when the database or datastore cannot be used.
    """
    database = open_database(settings)
    key = secret_key(settings)
    owners = SqlIdentity(database)
    trail = AuditTrail(SqlAudit(database, key))
    tokens = TrackingTokens(key, time.time)
    identity = IdentityService(
        owners,
        tokens,
        LoginThrottle(SqlLoginFailures(database), time.time, proxies=bool(settings.trusted_proxies)),
        local=not settings.needs_login,
        trail=trail,
    )
    return Foundation(
        settings=settings,
        key=key,
        database=database,
        marked=MarkedDatabase(database),
        mount=mount_datastore(settings.artifacts or str(settings.data_dir / "artifacts")),
        vault=Vault(key, [earlier.encode() for earlier in split(settings.previous_secret_keys)]),
        hosts=DatastoreHosts(split(settings.datastore_hosts), local=not settings.needs_login),
        trail=trail,
        owners=owners,
        tokens=tokens,
        access=Access(identity, owners, CsrfTokens(key), secure=settings.is_secure),
    )

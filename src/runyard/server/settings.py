"""Settings: flags over environment over defaults, read once."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from runyard.artifacts.local.syncing import sync_entries
from runyard.errors import StorageUnavailable

ENVIRONMENT_PREFIX = "RUNYARD_"


@dataclass(frozen=True)
class Settings:
    """What one server runs with. Each field can be set by its flag or by RUNYARD_<NAME>."""

    host: str = "127.0.0.1"  # address to listen on; beyond loopback only with --insecure
    port: int = 5000  # 0 chooses a free one
    data: str = "runyard-data"  # directory of the embedded database, artifacts and the server's key
    database: str = ""  # postgresql://...; empty: SQLite in the data directory
    artifacts: str = ""  # URL of the datastore; empty: a directory in the data directory
    workers: int = 1  # server processes; more than one needs PostgreSQL
    liveness_s: int = 120  # seconds of silence after which a run that gave signs of life has failed; 0: never
    auth: str = "local"  # local: on loopback no credential is needed; required: never without. Beyond loopback: required
    tls_cert: str = ""  # PEM file of the certificate chain; serves HTTPS, together with the key
    tls_key: str = ""  # PEM file of the certificate's key
    insecure: bool = False  # plain HTTP beyond loopback, where passwords and tokens can be read on the way
    allowed_hosts: str = ""  # further names that clients may reach this server by, comma separated
    allowed_origins: str = ""  # further origins whose web pages may write, comma separated
    trusted_proxies: str = ""  # addresses and networks of proxies that say who their clients are
    public_url: str = ""  # how browsers reach this server behind a proxy: https://runyard.example.org
    oidc_issuer: str = ""  # URL of an OpenID Connect provider that people log in at; empty: passwords alone
    oidc_client_id: str = ""  # how the provider knows this server
    oidc_client_secret: str = ""  # the client's secret, where it has one
    oidc_groups_claim: str = "groups"  # the claim with a person's groups; those of that name here are joined
    oidc_owners: str = ""  # group at the provider whose members own this server
    secret_key: str = ""  # signs tokens and encrypts secrets; the same on all hosts; empty: a key file in the data directory
    previous_secret_keys: str = ""  # earlier secret keys, comma separated: still open what they encrypted
    datastore_hosts: str = ""  # hosts and networks that users may let it reach; private: all private networks
    datastore_proxy: str = ""  # URL of a proxy for users' object stores and receivers of alerts; empty: they are reached directly
    local_jobs: bool = False  # jobs may run on this machine, as its user, although people have to log in
    datastore_roots: str = ""  # directories below which local datastores may be registered, comma separated
    snapshot_bytes: int = 314_572_800  # most bytes of sources that a submitted run may take along
    snapshot_files: int = 2_000  # most files of them

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach this server over TLS, its own or a proxy's."""
        return bool(self.tls_cert) or self.public_url.startswith("https://")

    @property
    def needs_login(self) -> bool:
        """Whether every request needs a credential."""
        return self.auth != "local" or not is_loopback(self.host)

    @property
    def data_dir(self) -> Path:
        """The data directory, absolute."""
        return Path(self.data).expanduser().absolute()


def load(flags: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Settings from flags (None: not given), then RUNYARD_* variables, then defaults.

    Raises: ValueError, naming the variable whose text does not fit.
    """
    values: dict[str, Any] = {}
    for field in fields(Settings):
        given = flags.get(field.name)
        text = environment.get(ENVIRONMENT_PREFIX + field.name.upper())
        if given is not None:
            values[field.name] = given
        elif text is not None:
            values[field.name] = _parse(field.name, type(field.default), text)
    return Settings(**values)


def _parse(name: str, kind: type, text: str) -> Any:
    variable = ENVIRONMENT_PREFIX + name.upper()
    if kind is bool:
        if text.lower() not in ("1", "true", "yes", "0", "false", "no", ""):
            raise ValueError(f"{variable}={text} is neither true nor false.")
        return text.lower() in ("1", "true", "yes")
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{variable}={text} is not a number.") from None


def is_loopback(host: str) -> bool:
    """Whether an address or name can only be reached from this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def split(text: str) -> list[str]:
    """A comma separated setting as a list."""
    return [part.strip() for part in text.split(",") if part.strip()]


def secret_key(settings: Settings) -> bytes:
    """The key that all keys are derived from, made at the first start (mode 0600).

    Raises: StorageUnavailable when it cannot be kept.
    """
    if settings.secret_key:
        return settings.secret_key.encode()
    path = settings.data_dir / "secret.key"
    if not path.exists():
        try:
            _make_key(path)
        except OSError as exc:
            raise StorageUnavailable(f"The key file {path} cannot be written: {exc.strerror}.") from exc
    return path.read_bytes()


def _make_key(path: Path) -> None:
    """Whole or not at all, and one key for all workers that start at once."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    try:
        with fresh.open("w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        sync_entries(path.parent)
    finally:
        fresh.unlink()

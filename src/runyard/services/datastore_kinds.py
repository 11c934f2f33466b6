"""What each kind of datastore is made of: its rules, and how it is opened.

A user's datastore is opened with the user's credentials and nothing else; the server's own never reach an address that
a user chose.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from runyard.artifacts import paths
from runyard.artifacts.contracts import Datastore
from runyard.artifacts.opening import Mount, open_datastore
from runyard.artifacts.prefixed import PrefixedDatastore
from runyard.artifacts.sftp.login import SftpLogin
from runyard.entities.datastore import (
    SHAPES,
    AzureConfig,
    AzureSecret,
    GcsConfig,
    GcsSecret,
    LocalConfig,
    NoSecret,
    S3Config,
    S3Secret,
    SftpConfig,
    SftpSecret,
    WorkspaceConfig,
)
from runyard.errors import InvalidInput, NotImplementedHere
from runyard.services.datastore_hosts import DatastoreHosts
from runyard.services.places import DATASTORES, OTHERS

T = TypeVar("T")
SECRET_LIMIT = 65_536
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?")
_URL_HOST = re.compile(r"[a-z0-9_.:-]{1,255}")  # written so that every reader of URLs finds the same one
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")


class DatastoreKinds:
    """Checks and opens.

    Args:
        mount: the server's own datastore, which holds the files of workspaces.
        roots: directories that the administrator allows for local datastores.
        private: directory that no local datastore may reach: the server's data.
        hosts: which hosts may be named and reached.
        proxy_url: what all requests to object stores go through; asked whenever one is opened.
    """

    def __init__(
        self,
        mount: Mount,
        roots: Sequence[str],
        private: str,
        hosts: DatastoreHosts,
        proxy_url: Callable[[], str],
    ) -> None:
        self._mount = mount
        self._roots = [os.path.realpath(os.path.expanduser(root)) for root in roots]
        self._private = os.path.realpath(private)
        self._hosts = hosts
        self._proxy_url = proxy_url
        self._openers: Mapping[type[msgspec.Struct], Callable[[Any, Any], Datastore]] = {
            LocalConfig: self._open_local,
            S3Config: self._open_s3,
            AzureConfig: self._open_azure,
            GcsConfig: self._open_gcs,
            SftpConfig: self._open_sftp,
        }

    async def check_host(self, config: Mapping[str, object]) -> None:
        """Raises: InvalidInput for a host that no datastore may name."""
        endpoint, host = config.get("endpoint"), config.get("host")
        if endpoint and isinstance(endpoint, str):
            await self._hosts.check(urlsplit(_checked_endpoint(endpoint)).hostname or "")
        if host and isinstance(host, str):
            await self._hosts.check(host)

    def open(
        self, guid: str, name: str, kind: str, config: Mapping[str, object], secret: Mapping[str, object]
    ) -> Datastore:
        """Open a datastore; nothing is sent yet.

        Args:
            guid: of the workspace, empty for the default one.
        Raises: InvalidInput, naming the field that is wrong and never its value where that may be secret.
        """
        if kind not in SHAPES:
            raise InvalidInput(f"Unknown kind {kind[:40]!r} of datastore: choose one of {', '.join(SHAPES)}.")
        of_config, of_secret = SHAPES[kind]
        described = _shaped(config, of_config, "config")
        hidden = _shaped(secret, of_secret, "secret")
        _check_texts(described, hidden)
        if isinstance(described, WorkspaceConfig):
            below = f"{OTHERS}/{guid}/{DATASTORES}/{name}" if guid else f"{DATASTORES}/{name}"
            return PrefixedDatastore(self._mount.datastore, below)
        try:
            return self._openers[of_config](described, hidden)
        except ValueError:  # whose text may repeat credentials, so nothing of it is shown or kept
            raise InvalidInput(
                f"The credentials or the address of the {kind} datastore {name!r} cannot be read. Check each field."
            ) from None

    def _open_local(self, config: LocalConfig, secret: NoSecret) -> Datastore:
        if not self._roots:
            raise InvalidInput(
                "This server has no directories for local datastores; its administrator allows some by "
                "--datastore-roots or RUNYARD_DATASTORE_ROOTS."
            )
        if not os.path.isabs(config.path):
            raise InvalidInput(f"Invalid path {paths.shortened(config.path)}: give an absolute directory.")
        real = os.path.realpath(config.path)
        if not any(_is_below(real, root) for root in self._roots):
            raise InvalidInput(
                f"Invalid path {paths.shortened(config.path)}: it is not below a directory that the server's "
                "administrator allows by --datastore-roots."
            )
        if _is_below(real, self._private) or _is_below(self._private, real):
            raise InvalidInput(
                f"Invalid path {paths.shortened(config.path)}: it holds or is held by the server's own data."
            )
        return open_datastore(real, {})

    def _open_s3(self, config: S3Config, secret: S3Secret) -> Datastore:
        keys = bool(config.access_key_id and secret.secret_access_key)
        if keys == config.anonymous or (
            config.anonymous and (config.access_key_id or secret.secret_access_key)
        ):
            raise InvalidInput(
                "An s3 datastore needs config.access_key_id with secret.secret_access_key, or config.anonymous=true for "
                "a public bucket."
            )
        if not re.fullmatch(r"[a-z0-9-]{1,40}", config.region):
            raise InvalidInput("Invalid config.region: write it like us-east-1.")
        endpoint = _checked_endpoint(config.endpoint) or f"https://s3.{config.region}.amazonaws.com"
        environment = {"AWS_REGION": config.region, "AWS_ENDPOINT_URL": endpoint}
        if config.anonymous:
            environment["AWS_SKIP_SIGNATURE"] = "true"
        else:
            environment["AWS_ACCESS_KEY_ID"] = config.access_key_id
            environment["AWS_SECRET_ACCESS_KEY"] = secret.secret_access_key
            environment["AWS_SESSION_TOKEN"] = secret.session_token
        return self._object_store(_location("s3", config.bucket, config.prefix), environment)

    def _open_azure(self, config: AzureConfig, secret: AzureSecret) -> Datastore:
        if not _ACCOUNT.fullmatch(config.account):
            raise InvalidInput("Invalid config.account: 3 to 24 lower-case letters and digits.")
        if [bool(secret.account_key), bool(secret.sas_token), config.anonymous].count(True) != 1:
            raise InvalidInput(
                "An azure datastore needs one of secret.account_key, secret.sas_token and config.anonymous=true."
            )
        environment = {
            "AZURE_STORAGE_ACCOUNT_NAME": config.account,
            "AZURE_STORAGE_ENDPOINT": _checked_endpoint(config.endpoint)
            or f"https://{config.account}.blob.core.windows.net",
            "AZURE_STORAGE_ACCOUNT_KEY": secret.account_key,
            "AZURE_STORAGE_SAS_TOKEN": secret.sas_token,
            "AZURE_SKIP_SIGNATURE": "true" if config.anonymous else "",
        }
        return self._object_store(_location("az", config.container, config.prefix), environment)

    def _open_gcs(self, config: GcsConfig, secret: GcsSecret) -> Datastore:
        if bool(secret.service_account) == config.anonymous:
            raise InvalidInput(
                "A gcs datastore needs secret.service_account, the JSON text of a service account's key, or "
                "config.anonymous=true for a public bucket."
            )
        environment = {"GOOGLE_BASE_URL": _checked_endpoint(config.endpoint)}
        if config.anonymous:
            environment["GOOGLE_SKIP_SIGNATURE"] = "true"
        else:
            environment["GOOGLE_SERVICE_ACCOUNT_KEY"] = secret.service_account
        return self._object_store(_location("gs", config.bucket, config.prefix), environment)

    def _open_sftp(self, config: SftpConfig, secret: SftpSecret) -> Datastore:
        if not _HOST.fullmatch(config.host) or not _USER.fullmatch(config.user):
            raise InvalidInput(
                "Invalid config.host or config.user: give a host name or address and a login name."
            )
        if not 1 <= config.port <= 65_535:
            raise InvalidInput("Invalid config.port: it is 1 to 65535.")
        if bool(secret.password) == bool(secret.private_key):
            raise InvalidInput("An sftp datastore needs one of secret.password and secret.private_key.")
        if not config.path:
            raise InvalidInput(
                "Invalid config.path: name a directory, or '.' for the one that a login starts in."
            )
        login = SftpLogin(
            config.host,
            config.port,
            config.user,
            config.host_key,
            secret.password or None,
            secret.private_key or None,
            secret.passphrase or None,
        )
        opened: Datastore = _sftp().open_sftp(login, config.path, self._hosts.connect)
        return opened

    def _object_store(self, url: str, environment: Mapping[str, str]) -> Datastore:
        return open_datastore(url, environment, proxy_url=self._proxy_url())


def _sftp() -> ModuleType:
    """Loaded when it is first needed: an SSH library doubles the time that a server takes to start."""
    try:
        return importlib.import_module("runyard.artifacts.sftp.store")
    except ImportError:
        raise NotImplementedHere(
            "This server cannot reach SFTP servers; its administrator can `pip install 'runyard[sftp]'`."
        ) from None


def _shaped(fields: Mapping[str, object], kind: type[T], what: str) -> T:
    try:
        return msgspec.convert(fields, kind)
    except (msgspec.ValidationError, RecursionError) as exc:
        known = ", ".join(field.name for field in msgspec.structs.fields(kind)) or "nothing"  # type: ignore[arg-type]
        raise InvalidInput(f"Invalid {what} of a datastore: {str(exc)[:200]}. It holds {known}.") from None


def _check_texts(*structs: msgspec.Struct) -> None:
    for struct in structs:
        for name, value in msgspec.structs.asdict(struct).items():
            if isinstance(value, str) and ("\x00" in value or len(value) > SECRET_LIMIT):
                raise InvalidInput(f"Invalid {name}: it holds NUL or more than {SECRET_LIMIT} characters.")


def _checked_endpoint(endpoint: str) -> str:
    """An address that holds no credentials, since it is shown to everybody who sees the datastore."""
    if not endpoint:
        return ""
    try:
        parts = urlsplit(endpoint)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        port_fits = False
    plain = port_fits and not (parts.query or parts.fragment or parts.username or parts.password)
    plain = plain and endpoint.isprintable() and endpoint.isascii() and "\\" not in endpoint
    if not plain or parts.scheme not in ("http", "https") or not _URL_HOST.fullmatch(parts.hostname or ""):
        raise InvalidInput(
            "Invalid config.endpoint: write https://host[:port][/path], without user, password or query."
        )
    return endpoint.rstrip("/")


def _location(scheme: str, bucket: str, prefix: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9$][A-Za-z0-9._$-]{1,220}", bucket):
        raise InvalidInput("Invalid bucket or container: letters, digits, '.', '_' and '-', without a path.")
    clean = paths.clean_directory_path(prefix)
    if any(mark in clean for mark in "?#;%"):
        raise InvalidInput(f"Invalid prefix {paths.shortened(prefix)}: it may not hold '?', '#', ';' or '%'.")
    return f"{scheme}://{bucket}/{clean}" if clean else f"{scheme}://{bucket}"


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root.rstrip('/')}/")

"""Datastores: named storage locations of a workspace, with their credentials."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

ConfigValue = str | int | bool
BLOB_STORE = "workspaceblobstore"
FILE_STORE = "workspacefilestore"
BUILT_IN_STORES = (BLOB_STORE, FILE_STORE)


class DatastoreRecord(msgspec.Struct, frozen=True):
    """A registered datastore. Times are milliseconds UTC; `secret` is encrypted; id 0: built in, never stored."""

    id: int
    name: str
    kind: str
    config: Mapping[str, ConfigValue]
    secret: bytes | None = None
    created_by: str = ""
    created_ms: int = 0
    updated_ms: int = 0

    def __repr__(self) -> str:
        return f"DatastoreRecord({self.name!r}, {self.kind!r})"


class StoredFile(msgspec.Struct, frozen=True):
    """A file or directory of a datastore, by its whole path; directories have no size."""

    path: str
    is_dir: bool
    size: int | None


class WorkspaceConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Below the workspace's own files."""


class LocalConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A directory of the server's machine, below one that the administrator allowed."""

    path: str


class S3Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bucket of S3 or of what speaks its protocol. `anonymous` reads public ones without keys."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = "us-east-1"
    access_key_id: str = ""
    anonymous: bool = False


class AzureConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A container of Azure Blob Storage."""

    account: str
    container: str
    prefix: str = ""
    endpoint: str = ""
    anonymous: bool = False


class GcsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bucket of Google Cloud Storage."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    anonymous: bool = False


class SftpConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A directory of an SFTP server; `host_key` is the server's public key, as ssh-keyscan prints it."""

    host: str
    user: str
    host_key: str
    port: int = 22
    path: str = "."


class NoSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to keep secret."""


class S3Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret half of a pair of keys; a session token with temporary ones."""

    secret_access_key: str = ""
    session_token: str = ""


class AzureSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account's key, or a shared access signature."""

    account_key: str = ""
    sas_token: str = ""


class GcsSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The JSON text of a service account's key."""

    service_account: str = ""


class SftpSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A password, or a private key in PEM or OpenSSH form with its passphrase."""

    password: str = ""
    private_key: str = ""
    passphrase: str = ""


SHAPES: Mapping[str, tuple[type[msgspec.Struct], type[msgspec.Struct]]] = {
    "workspace": (WorkspaceConfig, NoSecret),
    "local": (LocalConfig, NoSecret),
    "s3": (S3Config, S3Secret),
    "azure": (AzureConfig, AzureSecret),
    "gcs": (GcsConfig, GcsSecret),
    "sftp": (SftpConfig, SftpSecret),
}
"""Kind → what describes it and what is secret about it."""

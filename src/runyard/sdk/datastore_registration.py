"""How datastores of each kind are registered."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.workspace_record import WorkspaceRecord, workspace_of

STORES = "/api/v1/datastores"


class DatastoreRegistration:
    """The `register_…` methods of Datastore. Each looks at the storage first, unless skip_validation.

    Raises, from each: UserErrorException when the name is taken and overwrite is not set, or when the storage cannot be
    used.
    """

    @classmethod
    def _of(cls, workspace: WorkspaceRecord, record: Mapping[str, Any]) -> Self:
        raise NotImplementedError

    @classmethod
    def register_azure_blob_container(
        cls,
        workspace: WorkspaceRecord | str,
        datastore_name: str,
        container_name: str,
        account_name: str,
        sas_token: str | None = None,
        account_key: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        create_if_not_exists: bool = False,
        skip_validation: bool = False,
        blob_cache_timeout: int | None = None,
        grant_workspace_access: bool = False,
        subscription_id: str | None = None,
        resource_group: str | None = None,
    ) -> Self:
        """A container of Azure Blob Storage, by its account's key or a shared access signature.

        Args:
            protocol: https, or http for a store without TLS.
            endpoint: core.windows.net, another cloud's suffix, or the whole address of a blob service.
            create_if_not_exists, blob_cache_timeout, grant_workspace_access, subscription_id, resource_group: kept for
                scripts that give them; the container must exist.
        """
        if create_if_not_exists:
            warnings.warn(
                f"create_if_not_exists: containers are not created here; make {container_name!r} first.",
                stacklevel=2,
            )
        config = {
            "account": account_name,
            "container": container_name,
            "endpoint": _azure_endpoint(account_name, protocol, endpoint),
            "anonymous": not (sas_token or account_key),
        }
        secret = {"account_key": account_key} if account_key else {"sas_token": sas_token}
        return cls._register(workspace, datastore_name, "azure", config, secret, overwrite, skip_validation)

    @classmethod
    def register_s3(
        cls,
        workspace: WorkspaceRecord | str,
        datastore_name: str,
        bucket: str,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        *,
        session_token: str | None = None,
        prefix: str = "",
        endpoint: str = "",
        region: str = "us-east-1",
        overwrite: bool = False,
        skip_validation: bool = False,
    ) -> Self:
        """A bucket of S3, or of what speaks its protocol; without keys a public one.

        Args:
            prefix: files lie below this path of the bucket.
            endpoint: http(s)://host:port of a store that is not Amazon's.
        """
        config = {
            "bucket": bucket,
            "prefix": prefix,
            "endpoint": endpoint,
            "region": region,
            "access_key_id": access_key_id or "",
            "anonymous": not access_key_id,
        }
        secret = {"secret_access_key": secret_access_key, "session_token": session_token}
        return cls._register(workspace, datastore_name, "s3", config, secret, overwrite, skip_validation)

    @classmethod
    def register_gcs(
        cls,
        workspace: WorkspaceRecord | str,
        datastore_name: str,
        bucket: str,
        service_account_file: str | Path | None = None,
        *,
        service_account: str | None = None,
        prefix: str = "",
        endpoint: str = "",
        overwrite: bool = False,
        skip_validation: bool = False,
    ) -> Self:
        """A bucket of Google Cloud Storage; without an account a public one.

        Args:
            service_account_file: JSON key file of a service account; service_account is its text instead.
        """
        if service_account_file is not None:
            service_account = _text_of(service_account_file)
        config = {
            "bucket": bucket,
            "prefix": prefix,
            "endpoint": endpoint,
            "anonymous": service_account is None,
        }
        secret = {"service_account": service_account}
        return cls._register(workspace, datastore_name, "gcs", config, secret, overwrite, skip_validation)

    @classmethod
    def register_local(
        cls,
        workspace: WorkspaceRecord | str,
        datastore_name: str,
        path: str | Path,
        *,
        overwrite: bool = False,
        skip_validation: bool = False,
    ) -> Self:
        """A directory of the server's machine, below one that its administrator allows."""
        config = {"path": str(path)}
        return cls._register(workspace, datastore_name, "local", config, {}, overwrite, skip_validation)

    @classmethod
    def register_sftp(
        cls,
        workspace: WorkspaceRecord | str,
        datastore_name: str,
        host: str,
        user: str,
        host_key: str,
        *,
        path: str = ".",
        port: int = 22,
        password: str | None = None,
        private_key_file: str | Path | None = None,
        private_key: str | None = None,
        passphrase: str | None = None,
        overwrite: bool = False,
        skip_validation: bool = False,
    ) -> Self:
        """A directory of an SFTP server, by a password or a private key.

        Args:
            host_key: the server's public key, `ssh-ed25519 AAAA…`; a server that shows another one is refused.
            path: absolute, or relative to where a login starts.
        """
        if private_key_file is not None:
            private_key = _text_of(private_key_file)
        config = {"host": host, "port": port, "user": user, "host_key": host_key, "path": path}
        secret = {"password": password, "private_key": private_key, "passphrase": passphrase}
        return cls._register(workspace, datastore_name, "sftp", config, secret, overwrite, skip_validation)

    @classmethod
    def _register(
        cls,
        workspace: WorkspaceRecord | str,
        name: str,
        kind: str,
        config: Mapping[str, Any],
        secret: Mapping[str, str | None],
        overwrite: bool,
        skip_validation: bool,
    ) -> Self:
        home = workspace_of(workspace)
        given = {key: value for key, value in secret.items() if value}
        fields = {
            "name": name,
            "kind": kind,
            "config": {key: value for key, value in config.items() if value not in ("", None)},
            "overwrite": overwrite,
            "skip_validation": skip_validation,
            **({"secret": given} if given else {}),
        }
        return cls._of(home, home.link.post(STORES, fields))


def _azure_endpoint(account: str, protocol: str | None, endpoint: str | None) -> str:
    if endpoint and "://" in endpoint:
        return endpoint
    if not endpoint and not protocol:
        return ""
    return f"{protocol or 'https'}://{account}.blob.{endpoint or 'core.windows.net'}"


def _text_of(path: str | Path) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except OSError as exc:
        raise UserErrorException(f"{path} cannot be read: {exc.strerror}.", exc) from exc

"""A workspace and its own record. What it holds is in workspace.py, above the nouns that this is below of."""

from __future__ import annotations

import builtins
import re
import time
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self

from runyard.client.addresses import Address, tracking_uri
from runyard.client.credentials import find_server
from runyard.client.transport import Connection
from runyard.errors import AlreadyExists, NotFound
from runyard.sdk.authentication import Authentication, token_of
from runyard.sdk.config_file import find_config, read_config, write_config_file
from runyard.sdk.exceptions import AzureMLException, UserErrorException, WorkspaceException
from runyard.sdk.link import Link, translated
from runyard.sdk.portal import workspace_url

TYPE = "Microsoft.MachineLearningServices/workspaces"
DEFAULT_SUBSCRIPTION = "default"
DEFAULT_GROUP = "default"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,32}")
_WORKSPACE = "/api/v1/workspace"
_WORKSPACES = "/api/v1/workspaces"


class WorkspaceRecord:
    """One workspace of one server.

    Attributes:
        link: the way to it.
        tracking_scheme: how `get_mlflow_tracking_uri` begins.
        public: the class that other nouns make workspaces of.
    """

    tracking_scheme: ClassVar[str] = "runyard"
    public: ClassVar[type[WorkspaceRecord]]

    def __init_subclass__(cls, public: bool = False, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if public:
            WorkspaceRecord.public = cls

    def __init__(
        self,
        subscription_id: str,
        resource_group: str,
        workspace_name: str,
        auth: Authentication | str | None = None,
        sku: str = "basic",
        server: str | None = None,
    ) -> None:
        """The workspace of that name, looked up.

        Args:
            auth: a token, or an object with get_authentication_header(); by default the environment's, or that of
                `runyard login`.
            sku: kept for scripts that give it; the workspace says what it is.
            server: http(s)://host:port; by default RUNYARD_SERVER, the latest login, or this machine.
        Raises: WorkspaceException when there is no such workspace.
        """
        top = connect(server, auth)
        found = _find(top, workspace_name, subscription_id, resource_group)
        if found is None:
            raise _absent(workspace_name, top.server, subscription_id, resource_group)
        self._adopt(top, found)

    @classmethod
    def _of(cls, top: Link, record: Mapping[str, Any]) -> Self:
        made = cls.__new__(cls)
        made._adopt(top, record)
        return made

    def _adopt(self, top: Link, record: Mapping[str, Any]) -> None:
        self._top = top
        self._record = dict(record)
        self.link = top.at(self.name)

    @classmethod
    def from_config(
        cls,
        path: str | Path | None = None,
        auth: Authentication | str | None = None,
        _logger: object = None,
        _file_name: str | None = None,
    ) -> Self:
        """The workspace that a config file names: the file at path, or the first one found there or in its parents.

        Raises: UserErrorException when there is no such file, WorkspaceException when there is no such workspace.
        """
        config = read_config(find_config(path, _file_name))
        return cls(
            config.subscription_id,
            config.resource_group,
            config.workspace_name,
            auth,
            server=find_server(config.server),
        )

    @classmethod
    def get(
        cls,
        name: str,
        auth: Authentication | str | None = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        cloud: str | None = None,
        id: str | None = None,
        server: str | None = None,
    ) -> Self:
        """The workspace of a name.

        Args:
            location, cloud, id: kept for scripts that give them; the name says it all.
        Raises: WorkspaceException when there is none.
        """
        top = connect(server, auth)
        found = _find(top, name, subscription_id, resource_group)
        if found is None:
            raise _absent(name, top.server, subscription_id, resource_group)
        return cls._of(top, found)

    @classmethod
    def create(
        cls,
        name: str,
        auth: Authentication | str | None = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        create_resource_group: bool = True,
        sku: str = "basic",
        friendly_name: str | None = None,
        storage_account: str | None = None,
        key_vault: str | None = None,
        app_insights: str | None = None,
        container_registry: str | None = None,
        cmk_keyvault: str | None = None,
        resource_cmk_uri: str | None = None,
        hbi_workspace: bool = False,
        default_cpu_compute_target: object = None,
        default_gpu_compute_target: object = None,
        exist_ok: bool = False,
        show_output: bool = True,
        tags: Mapping[str, str] | None = None,
        description: str | None = None,
        server: str | None = None,
    ) -> Self:
        """A new workspace; with exist_ok the one that is there already.

        Raises: UserErrorException for a bad name, WorkspaceException when the name is taken.
        """
        if not _NAME.fullmatch(name):
            raise UserErrorException(
                "Workspace name must be between 2 and 33 characters long. Its first character has to be alphanumeric, "
                "and the rest may contain hyphens and underscores. No whitespace is allowed."
            )
        _warn_of_unused(
            storage_account=storage_account,
            key_vault=key_vault,
            app_insights=app_insights,
            container_registry=container_registry,
            cmk_keyvault=cmk_keyvault,
            resource_cmk_uri=resource_cmk_uri,
            default_cpu_compute_target=default_cpu_compute_target,
            default_gpu_compute_target=default_gpu_compute_target,
        )
        fields = {
            "name": name,
            "subscription": subscription_id,
            "group": resource_group,
            "create_group": create_resource_group,
            "location": location,
            "sku": sku,
            "friendly_name": friendly_name,
            "description": description,
            "tags": dict(tags or {}),
            "exist_ok": exist_ok,
        }
        top = connect(server, auth)
        began = time.monotonic()
        try:
            made = top.post(_WORKSPACES, {key: value for key, value in fields.items() if value is not None})
        except AzureMLException as exc:
            if isinstance(exc.inner_exception, AlreadyExists | NotFound):
                raise WorkspaceException(exc.message, exc.inner_exception) from exc
            raise
        if show_output:
            print(f"Deployed Workspace with name {name}. Took {time.monotonic() - began:.2f} seconds.")
        return cls._of(top, made)

    @classmethod
    def list(
        cls,
        subscription_id: str,
        auth: Authentication | str | None = None,
        resource_group: str | None = None,
        server: str | None = None,
    ) -> dict[str, builtins.list[Self]]:
        """The workspaces that the caller may see, each in a list below its name."""
        top = connect(server, auth)
        query = {"subscription": subscription_id, "group": resource_group}
        records = top.pages(_WORKSPACES, **{key: value for key, value in query.items() if value is not None})
        return {record["name"]: [cls._of(top, record)] for record in records}

    @property
    def name(self) -> str:
        """The name, unique on its server."""
        return str(self._record["name"])

    @property
    def subscription_id(self) -> str:
        """The subscription, a name."""
        return str(self._record["subscription"])

    @property
    def resource_group(self) -> str:
        """The resource group, a name."""
        return str(self._record["group"])

    @property
    def location(self) -> str:
        """Where it is said to be."""
        return str(self._record["location"])

    @property
    def sku(self) -> str:
        """Its edition, a word without effect."""
        return str(self._record["sku"])

    @property
    def tags(self) -> dict[str, str]:
        """Text that may be overwritten, as last read."""
        return dict(self._record.get("tags") or {})

    @property
    def service_context(self) -> Link:
        """The way to the server."""
        return self.link

    @property
    def server(self) -> str:
        """http(s)://host:port."""
        return self._top.server

    @property
    def discovery_url(self) -> str:
        """Where the server describes its routes."""
        return f"{self.server}/openapi.json"

    @property
    def portal_url(self) -> str:
        """Its page in a browser."""
        return workspace_url(self.server, self.name)

    def get_details(self) -> dict[str, Any]:
        """The record by the names that Azure ML has for its fields; what is not set is left out."""
        self._refresh()
        record = self._record
        details = {
            "id": record["id"],
            "name": record["name"],
            "location": record["location"],
            "type": TYPE,
            "sku": record["sku"],
            "workspaceid": record["guid"],
            "description": record.get("description") or None,
            "friendlyName": record.get("friendly_name") or record["name"],
            "creationTime": iso_time(record["created_ms"]),
            "storageAccount": record.get("default_datastore"),
            "hbiWorkspace": False,
            "tags": record.get("tags") or None,
            "provisioningState": "Succeeded",
        }
        return {key: value for key, value in details.items() if value is not None}

    def write_config(self, path: str | Path | None = None, file_name: str | None = None) -> None:
        """Write `.azureml/config.json` below path (the current directory), from which `from_config` finds it again."""
        write_config_file(str(self._record["id"]), self.server, path, file_name)

    def update(
        self,
        friendly_name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Set what is given; returns the details. Tags replace all tags."""
        fields = {
            "friendly_name": friendly_name,
            "description": description,
            "tags": None if tags is None else dict(tags),
        }
        self._record = dict(
            self.link.patch(_WORKSPACE, {key: value for key, value in fields.items() if value is not None})
        )
        return self.get_details()

    def delete(self, delete_dependent_resources: bool = False, no_wait: bool = False) -> None:
        """Delete the workspace with all its records.

        Args:
            delete_dependent_resources: its files too.
            no_wait: kept for scripts that give it; the name is free when this returns.
        """
        self.link.delete(_WORKSPACE, delete_files=delete_dependent_resources)

    def sync_keys(self, no_wait: bool = False) -> None:
        """Nothing is copied that could be out of date: each datastore holds the credentials it was registered with.

        Register a datastore again, with overwrite, when its credentials have changed.

        Args:
            no_wait: kept for scripts that give it.
        """
        self._refresh()

    def list_keys(self) -> dict[str, Any]:
        """Not served: what is secret never leaves the server.

        Raises: UserErrorException.
        """
        raise UserErrorException(
            "list_keys is not supported: a workspace here has no storage account, registry or insights of its own, and "
            "credentials of datastores never leave the server. Set a secret with get_default_keyvault() where a script "
            "needs one."
        )

    def get_keys(self) -> dict[str, Any]:
        """The same by another name. Raises: UserErrorException."""
        return self.list_keys()

    def get_mlflow_tracking_uri(self, with_auth: bool = True) -> str:
        """The URI that points MLflow at this workspace: `mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())`.

        Args:
            with_auth: put a token into it, good for this workspace and at most one hour. Each call makes a fresh one.
        """
        token = translated(self.link.connection.tracking_token)[0] if with_auth else None
        address = Address(self.server, self.name, token, self.subscription_id, self.resource_group)
        if self.tracking_scheme == "runyard":
            address = Address(self.server, self.name, token)
        return tracking_uri(address, self.tracking_scheme)

    def _refresh(self) -> None:
        self._record = dict(self.link.get(_WORKSPACE))

    def __repr__(self) -> str:
        return (
            f"Workspace.create(name={self.name!r}, subscription_id={self.subscription_id!r}, "
            f"resource_group={self.resource_group!r})"
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WorkspaceRecord):
            return NotImplemented
        return (self.server, self._record["guid"]) == (other.server, other._record["guid"])

    def __hash__(self) -> int:
        return hash((self.server, self._record["guid"]))


WorkspaceRecord.public = WorkspaceRecord


def connect(server: str | None, auth: Authentication | str | None) -> Link:
    """The way to a server, as whoever `auth` or the environment says."""
    return Link(translated(lambda: Connection(server, credentials=token_of(auth))))


def workspace_of(workspace: WorkspaceRecord | str) -> WorkspaceRecord:
    """A workspace as given, or the one of a name: the config file's if it has that name, else the server's.

    Raises: WorkspaceException.
    """
    if isinstance(workspace, WorkspaceRecord):
        return workspace
    if not isinstance(workspace, str):
        raise UserErrorException(f"workspace is a {type(workspace).__name__}; give a Workspace or its name.")
    try:
        config = read_config(find_config())
    except UserErrorException:
        return WorkspaceRecord.public.get(workspace)
    return WorkspaceRecord.public.get(workspace, server=find_server(config.server))


def iso_time(ms: int) -> str:
    """Milliseconds UTC as ISO 8601 with milliseconds and Z."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _find(top: Link, name: str, subscription: str | None, group: str | None) -> Mapping[str, Any] | None:
    record = top.at(name).find(_WORKSPACE) if name else None
    if record is None or (subscription is not None and record["subscription"] != subscription):
        return None
    return None if group is not None and record["group"] != group else dict(record)


def _absent(name: str, server: str, subscription: str | None, group: str | None) -> WorkspaceException:
    place = f" in subscription {subscription}" if subscription else ""
    place += f" in resource group {group}" if group else ""
    return WorkspaceException(
        f"No workspaces found with name={name}{place} that you have access to at {server}. "
        "Workspace.list shows those that there are, Workspace.create makes one."
    )


def _warn_of_unused(**given: object) -> None:
    names = sorted(name for name, value in given.items() if value is not None)
    if names:
        warnings.warn(
            f"{', '.join(names)}: a workspace here brings its own storage and secrets; ignored.", stacklevel=3
        )

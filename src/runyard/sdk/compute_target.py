"""Compute targets: named places that run jobs."""

from __future__ import annotations

import builtins
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote

from runyard.errors import NotFound
from runyard.sdk import display
from runyard.sdk.compute_settings import ComputeConfiguration
from runyard.sdk.exceptions import AzureMLException, ComputeTargetException, UserErrorException
from runyard.sdk.workspace_record import WorkspaceRecord, iso_time

PATH = "/api/v1/computes"
POLL_S = 5.0
RESERVED = ("amlcompute", "local", "containerinstance")
SETTLED = ("Succeeded", "Failed", "Canceled")


class ComputeTarget:
    """A compute target of a workspace; `ComputeTarget(workspace, name)` finds one, as an object of its kind's class.

    Attributes:
        workspace: where it is.
        kinds: the class for each kind that the server has.
    """

    kinds: ClassVar[dict[str, type[ComputeTarget]]] = {}
    type_name: ClassVar[str] = "Compute"
    workspace: WorkspaceRecord
    _record: dict[str, Any]

    def __init_subclass__(cls, kind: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if kind:
            ComputeTarget.kinds[kind] = cls

    def __new__(cls, workspace: WorkspaceRecord, name: str) -> ComputeTarget:
        """The compute target of that name.

        Raises: ComputeTargetException when there is none, UserErrorException for a reserved name.
        """
        if str(name).lower() in RESERVED:
            raise UserErrorException(
                f"Please specify a different target name. {name} is a reserved name; `local` in a run configuration is "
                "this machine."
            )
        found = cls._of(workspace, _found(workspace, name))
        if not isinstance(found, cls):
            raise ComputeTargetException(
                f"Compute target {name} is of type {found.type}, not {cls.type_name}."
            )
        return found

    @staticmethod
    def _of(workspace: WorkspaceRecord, record: Mapping[str, Any]) -> ComputeTarget:
        made: ComputeTarget = object.__new__(ComputeTarget.kinds.get(str(record["kind"]), ComputeTarget))
        made.workspace, made._record = workspace, dict(record)
        return made

    @staticmethod
    def create(
        workspace: WorkspaceRecord, name: str, provisioning_configuration: ComputeConfiguration
    ) -> ComputeTarget:
        """Make a compute target.

        Args:
            provisioning_configuration: as `AmlCompute.provisioning_configuration` gives it.
        Raises: ComputeTargetException.
        """
        return _made(workspace, name, provisioning_configuration)

    @staticmethod
    def attach(
        workspace: WorkspaceRecord, name: str, attach_configuration: ComputeConfiguration
    ) -> ComputeTarget:
        """Let a workspace use machines that are there.

        Args:
            attach_configuration: of RemoteCompute, SlurmCompute, RayCompute or LocalCompute.
        Raises: ComputeTargetException.
        """
        return _made(workspace, name, attach_configuration)

    @staticmethod
    def list(workspace: WorkspaceRecord) -> builtins.list[ComputeTarget]:
        """All of a workspace, by name."""
        return [ComputeTarget._of(workspace, record) for record in workspace.link.pages(PATH)]

    @property
    def name(self) -> str:
        """The name, unique in its workspace."""
        return str(self._record["name"])

    @property
    def id(self) -> str:
        """The workspace's id and the name."""
        return f"{self.workspace._record['id']}/computes/{self.name}"

    @property
    def type(self) -> str:
        """What kind it is, by Azure ML's name where that has one."""
        return self.type_name

    @property
    def location(self) -> str:
        """The workspace's."""
        return self.workspace.location

    @property
    def description(self) -> str | None:
        """What one should know about it."""
        return self._record.get("description") or None

    @property
    def tags(self) -> dict[str, str]:
        """Text that may be overwritten."""
        return dict(self._record.get("tags") or {})

    @property
    def created_on(self) -> datetime:
        """When it was made."""
        return _moment(self._record["created_ms"])

    @property
    def modified_on(self) -> datetime:
        """When it was last changed."""
        return _moment(self._record["modified_ms"])

    @property
    def provisioning_state(self) -> str:
        """Succeeded, or Failed while its machines have never answered."""
        return str(self._record["provisioning_state"])

    @property
    def provisioning_errors(self) -> builtins.list[dict[str, Any]] | None:
        """Why it failed."""
        return [{"error": dict(one)} for one in self._record.get("provisioning_errors") or ()] or None

    @property
    def cluster_resource_id(self) -> str | None:
        """Where the machines are."""
        settings = self._record.get("settings") or {}
        hosts = ", ".join(str(one.get("address")) for one in settings.get("hosts") or ())
        return hosts or settings.get("address") or self._record.get("base") or None

    @property
    def is_attached(self) -> bool:
        """Whether the machines were there before."""
        return bool(self._record["kind"] != "pool")

    @property
    def settings(self) -> dict[str, Any]:
        """What it was made of, without credentials."""
        return dict(self._record.get("settings") or {})

    @property
    def limits(self) -> dict[str, int]:
        """How much of it is used at once; 0: no limit."""
        return dict(self._record.get("limits") or {})

    @property
    def state(self) -> str:
        """Running, Stopped or Unreachable."""
        return str(self._record["state"])

    def refresh_state(self) -> None:
        """Read it again."""
        self._record = dict(_found(self.workspace, self.name))

    def get_status(self) -> Any:
        """The provisioning state, read again."""
        self.refresh_state()
        return self.provisioning_state

    def check(self) -> None:
        """Ask its machines now, and read it again."""
        self._record = dict(self.workspace.link.post(f"{self._path}/check", {}, retry=True))

    def start(self) -> None:
        """Let it take jobs."""
        self._record = dict(self.workspace.link.post(f"{self._path}/start", {}, retry=True))

    def stop(self) -> None:
        """Let it take no jobs until it is started; those that run go on."""
        self._record = dict(self.workspace.link.post(f"{self._path}/stop", {}, retry=True))

    def delete(self) -> None:
        """Remove it from the workspace; its machines stay as they are.

        Raises: ComputeTargetException while its jobs have not ended.
        """
        try:
            self.workspace.link.delete(self._path)
        except UserErrorException as exc:
            raise ComputeTargetException(exc.message, exc.inner_exception) from exc

    def detach(self) -> None:
        """The same."""
        self.delete()

    def list_nodes(self) -> builtins.list[dict[str, Any]]:
        """Its machines, as they were last seen."""
        self.refresh_state()
        return [
            {**node, "nodeId": node["name"], "nodeState": node["state"]} for node in self._record["nodes"]
        ]

    def wait_for_completion(self, show_output: bool = False) -> None:
        """Wait until it can be used.

        Raises: ComputeTargetException when its machines do not answer.
        """
        self._wait(show_output, POLL_S)
        if show_output:
            print(f'Provisioning operation finished, operation "{self.provisioning_state}"')
        self._raise_errors()

    def serialize(self) -> dict[str, Any]:
        """All of it as plain data."""
        properties = {
            "computeType": self.type,
            "computeLocation": self.location,
            "description": self.description,
            "resourceId": self.cluster_resource_id,
            "provisioningState": self.provisioning_state,
            "provisioningErrors": self.provisioning_errors,
            "createdOn": iso_time(self._record["created_ms"]),
            "modifiedOn": iso_time(self._record["modified_ms"]),
            "isAttachedCompute": self.is_attached,
            "properties": self._properties(),
        }
        return {
            "id": self.id,
            "name": self.name,
            "location": self.location,
            "tags": self.tags,
            "properties": properties,
        }

    def _properties(self) -> dict[str, Any]:
        return {**self.settings, "state": self.state, "limits": self.limits}

    @property
    def _path(self) -> str:
        return f"{PATH}/{quote(self.name, safe='')}"

    def _change(self, **fields: Any) -> None:
        """Change what is given, and read it again."""
        sent = {key: value for key, value in fields.items() if value is not None}
        self._record = dict(self.workspace.link.patch(self._path, sent))

    def _wait(self, show_output: bool, poll_s: float) -> None:
        if show_output:
            print("Creating", end="", flush=True)
        self.check()
        while self.provisioning_state not in SETTLED:
            if show_output:
                print(".", end="", flush=True)
            time.sleep(poll_s)
            self.refresh_state()
        if show_output:
            print(f"\n{self.provisioning_state}", flush=True)

    def _raise_errors(self) -> None:
        if self.provisioning_state == "Failed":
            why = "; ".join(str(one["error"].get("message")) for one in self.provisioning_errors or ())
            raise ComputeTargetException(
                f"Compute target {self.name} cannot be used: {why.rstrip('.')}. Correct it, for instance with `runyard compute update "
                f"{self.name}`; `runyard compute check {self.name}` asks it again."
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(workspace={self.workspace!r}, name={self.name}, id={self.id}, type={self.type!r}, state={self.state})"

    def _repr_html_(self) -> str:
        row = {"Name": self.name, "Workspace": self.workspace.name, "State": self.state, "Type": self.type}
        return display.table([{key: str(value) for key, value in row.items()}])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ComputeTarget):
            return NotImplemented
        return (self.workspace, self.name) == (other.workspace, other.name)

    def __hash__(self) -> int:
        return hash((self.workspace, self.name))


def _found(workspace: WorkspaceRecord, name: str) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = workspace.link.get(f"{PATH}/{quote(str(name), safe='')}")
    except AzureMLException as exc:
        if not isinstance(exc.inner_exception, NotFound):
            raise
        raise ComputeTargetException(
            f"ComputeTargetNotFound: Compute Target with name {name} not found in provided workspace",
            exc.inner_exception,
        ) from exc
    return found


def _made(workspace: WorkspaceRecord, name: str, configuration: ComputeConfiguration) -> ComputeTarget:
    if not isinstance(configuration, ComputeConfiguration):
        raise ComputeTargetException(
            f"A configuration is needed, not a {type(configuration).__name__}: for instance "
            "AmlCompute.provisioning_configuration(...) or RemoteCompute.attach_configuration(...)."
        )
    if str(name).lower() in RESERVED:
        raise UserErrorException(f"Please specify a different target name. {name} is a reserved name.")
    try:
        record = workspace.link.post(PATH, configuration.body(name))
    except UserErrorException as exc:
        raise ComputeTargetException(exc.message, exc.inner_exception) from exc
    return ComputeTarget._of(workspace, record)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)

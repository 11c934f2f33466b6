"""The kinds of compute targets, by the names that Azure ML has for them where it has them."""

from __future__ import annotations

import builtins
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from runyard.sdk.compute_settings import (
    ComputeConfiguration,
    configuration,
    hosts_of,
    limits_of,
    ssh_credentials,
    warn_of_unused,
)
from runyard.sdk.compute_status import AmlComputeStatus
from runyard.sdk.compute_target import POLL_S, ComputeTarget
from runyard.sdk.exceptions import ComputeTargetException
from runyard.sdk.workspace_record import WorkspaceRecord

if TYPE_CHECKING:
    from runyard.sdk.run import Run

DEFAULT_MAX_NODES = 4
DEFAULT_IDLE_S = 120
SIZES = "/api/v1/compute-sizes"


class AmlCompute(ComputeTarget, kind="pool"):
    """A pool: so many nodes of a size that an administrator has declared."""

    type_name = "AmlCompute"

    if TYPE_CHECKING:

        def __new__(cls, workspace: WorkspaceRecord, name: str) -> Self: ...

    @staticmethod
    def provisioning_configuration(
        vm_size: str = "",
        vm_priority: str = "dedicated",
        min_nodes: int = 0,
        max_nodes: int | None = None,
        idle_seconds_before_scaledown: int | None = None,
        admin_username: str | None = None,
        admin_user_password: str | None = None,
        admin_user_ssh_key: str | None = None,
        vnet_resourcegroup_name: str | None = None,
        vnet_name: str | None = None,
        subnet_name: str | None = None,
        tags: Mapping[str, str] | None = None,
        description: str | None = None,
        remote_login_port_public_access: str = "NotSpecified",
        **kwargs: Any,
    ) -> ComputeConfiguration:
        """A pool.

        Args:
            vm_size: a declared size; `runyard compute size list` shows which there are.
            max_nodes: 4 by default.
            idle_seconds_before_scaledown: 120 by default.
            kwargs: base: an attached target whose machines are meant, where no size is declared; others are kept for scripts.
        """
        warn_of_unused(
            admin_username=admin_username,
            admin_user_password=admin_user_password,
            admin_user_ssh_key=admin_user_ssh_key,
            vnet_name=vnet_name,
            subnet_name=subnet_name,
        )
        limits = limits_of(
            max_nodes=DEFAULT_MAX_NODES if max_nodes is None else max_nodes,
            min_nodes=min_nodes,
            idle_seconds=DEFAULT_IDLE_S
            if idle_seconds_before_scaledown is None
            else idle_seconds_before_scaledown,
        )
        return ComputeConfiguration(
            kind="pool",
            size=vm_size,
            base=str(kwargs.get("base") or ""),
            limits=limits,
            tags=dict(tags or {}),
            description=description or "",
        )

    @property
    def vm_size(self) -> str:
        """The size of its nodes."""
        return str(self._record.get("size") or "")

    @property
    def vm_priority(self) -> str:
        """dedicated, always."""
        return "dedicated"

    @property
    def status(self) -> AmlComputeStatus:
        """As it was last read."""
        return AmlComputeStatus.of(self._record)

    @property
    def scale_settings(self) -> Any:
        """minimum_node_count, maximum_node_count, idle_seconds_before_scaledown."""
        return self.status.scale_settings

    def get_status(self) -> AmlComputeStatus:
        """Read again: nodes, jobs, limits."""
        self.refresh_state()
        return self.status

    def update(
        self,
        min_nodes: int | None = None,
        max_nodes: int | None = None,
        idle_seconds_before_scaledown: int | None = None,
    ) -> None:
        """Change its limits."""
        self._change(
            limits=limits_of(
                min_nodes=min_nodes, max_nodes=max_nodes, idle_seconds=idle_seconds_before_scaledown
            )
        )

    def detach(self) -> None:
        """Not for pools. Raises: ComputeTargetException."""
        raise ComputeTargetException(
            "Detach is not supported for AmlCompute object. Try to use delete instead."
        )

    def get_active_runs(
        self, type: str | None = None, tags: Any = None, properties: Any = None, status: Any = None
    ) -> Iterator[Run]:
        """The runs that it has now."""
        link = self.workspace.link
        for job in link.pages("/api/v1/jobs", target=self.name, active=True):
            run: Run = self.workspace.get_run(str(job["run_id"]))  # type: ignore[attr-defined]
            if (type is None or run.type == type) and (status is None or job["state"] == status):
                yield run

    @staticmethod
    def supported_vmsizes(
        workspace: WorkspaceRecord, location: str | None = None
    ) -> builtins.list[dict[str, Any]]:
        """The sizes that are declared."""
        return [
            {
                "name": one["name"],
                "vCPUs": one["resources"].get("cpus", 0),
                "gpus": one["resources"].get("gpus", 0),
                "memoryGB": round(one["resources"].get("memory_mb", 0) / 1024, 1),
                "maxResourceVolumeMB": 0,
            }
            for one in workspace.link.pages(SIZES)
        ]

    def wait_for_completion(
        self,
        show_output: bool = False,
        min_node_count: int | None = None,
        timeout_in_minutes: float | None = 20,
        is_delete_operation: bool = False,
    ) -> None:
        """Wait until it can be used.

        Args:
            min_node_count: also until so many nodes are there.
            timeout_in_minutes: then it is told that they are not.
        Raises: ComputeTargetException when its machines do not answer.
        """
        self._wait(show_output, POLL_S)
        self._raise_errors()
        wanted = self.limits.get("min_nodes", 0) if min_node_count is None else min_node_count
        until = time.monotonic() + 60 * (timeout_in_minutes if timeout_in_minutes is not None else 20)
        while (enough := len(self._usable()) >= wanted) is False and time.monotonic() < until:
            time.sleep(POLL_S)
            self.check()
        if show_output:
            print("AmlCompute wait for completion finished\n")
            if enough:
                print("Minimum number of nodes requested have been provisioned")
            else:
                print(
                    f"Wait timeout has been reached. Current provisioning state of AmlCompute is "
                    f'"{self.provisioning_state}" and current node count is "{len(self._usable())}"'
                )

    def _usable(self) -> builtins.list[Mapping[str, Any]]:
        return [node for node in self._record.get("nodes") or () if node.get("state") != "unusable"]

    def _properties(self) -> dict[str, Any]:
        return self.status.serialize()


class RemoteCompute(ComputeTarget, kind="ssh"):
    """One or several machines that are reached by SSH."""

    type_name = "VirtualMachine"

    @staticmethod
    def attach_configuration(
        username: str,
        address: str | Sequence[str],
        ssh_port: int = 22,
        password: str = "",
        private_key_file: str | Path = "",
        private_key_passphrase: str = "",
        host_key: str | None = None,
        folder: str | None = None,
        python: str | None = None,
        jobs_per_host: int | None = None,
        **more: Any,
    ) -> ComputeConfiguration:
        """Machines.

        Args:
            address: of one, or a list; each may be `host:port`.
            private_key_file: on this machine; its text is sent to the server and kept encrypted.
            host_key: the machine's public key; by default the one that it shows at the first connection, and no other then.
            folder: where work lies there, by default ~/.runyard.
            python: the interpreter that the runner is started with, by default python3.
            jobs_per_host: at once, 1 by default.
            more: max_running, max_running_per_person, max_queued_per_person, max_seconds; groups: whose members may
                submit; server_url: how the machines reach the server; description; tags.
        """
        settings = {
            "hosts": hosts_of(address, ssh_port, host_key),
            "username": username,
            "folder": folder,
            "python": python,
            "jobs_per_host": jobs_per_host,
        }
        credentials = ssh_credentials(password, private_key_file, private_key_passphrase)
        return configuration("ssh", settings, credentials, more)

    @property
    def address(self) -> str:
        """Of the first machine."""
        return str(self.settings["hosts"][0]["address"])

    @property
    def ssh_port(self) -> int:
        """Of the first machine."""
        return int(self.settings["hosts"][0].get("port", 22))

    @property
    def username(self) -> str:
        """Who logs in."""
        return str(self.settings.get("username", ""))


class SlurmCompute(ComputeTarget, kind="slurm"):
    """A Slurm cluster, through its login node or on it."""

    type_name = "Slurm"

    @staticmethod
    def attach_configuration(
        username: str = "",
        address: str | Sequence[str] = (),
        ssh_port: int = 22,
        password: str = "",
        private_key_file: str | Path = "",
        private_key_passphrase: str = "",
        host_key: str | None = None,
        folder: str | None = None,
        python: str | None = None,
        partition: str | None = None,
        account: str | None = None,
        qos: str | None = None,
        sbatch: Sequence[str] = (),
        modules: Sequence[str] = (),
        **more: Any,
    ) -> ComputeConfiguration:
        """A cluster.

        Args:
            address: of its login node, or several that are tried in turn; without one the server's own machine is it.
            folder: where work lies, the same for all nodes.
            sbatch: further options, `--exclusive`. modules: loaded before the runner starts.
        """
        settings = {
            "hosts": hosts_of(address, ssh_port, host_key) if address else None,
            "username": username or None,
            "folder": folder,
            "python": python,
            "partition": partition,
            "account": account,
            "qos": qos,
            "sbatch": list(sbatch) or None,
            "modules": list(modules) or None,
        }
        credentials = ssh_credentials(password, private_key_file, private_key_passphrase) if address else {}
        return configuration("slurm", settings, credentials, more)


class RayCompute(ComputeTarget, kind="ray"):
    """A Ray cluster, by its Jobs API."""

    type_name = "Ray"

    @staticmethod
    def attach_configuration(
        address: str,
        headers: Mapping[str, str] | None = None,
        folder: str | None = None,
        python: str | None = None,
        **more: Any,
    ) -> ComputeConfiguration:
        """A cluster.

        Args:
            address: http://HOST:8265, of its dashboard.
            headers: sent with each request and kept encrypted, such as Authorization.
        """
        settings = {"address": address, "folder": folder, "python": python}
        return configuration("ray", settings, {"headers": dict(headers)} if headers else {}, more)


class LocalCompute(ComputeTarget, kind="local"):
    """The server's own machine, where its administrator allows that."""

    type_name = "Local"

    @staticmethod
    def attach_configuration(
        folder: str | None = None,
        python: str | None = None,
        user: str | None = None,
        jobs_at_once: int | None = None,
        **more: Any,
    ) -> ComputeConfiguration:
        """The server's machine.

        Args:
            user: whom jobs run as, where the server is root.
            jobs_at_once: as many as it has processors by default.
        """
        settings = {"folder": folder, "python": python, "user": user, "jobs_at_once": jobs_at_once}
        return configuration("local", settings, {}, more)

"""Jobs on machines that are reached by SSH: processes that outlive the connection and the server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runyard.engines.contracts import Engine
from runyard.engines.shell.contracts import Reach
from runyard.engines.shell.machine import Machine
from runyard.engines.shell.machines import Machines
from runyard.engines.shell.opening import open_shell
from runyard.entities.compute_settings import SshSettings


def open_ssh(settings: SshSettings, credentials: Mapping[str, Any], reach: Reach) -> Engine:
    """The engine; nothing is sent yet. Raises: EngineRefused, when the credentials cannot be read."""
    machines = [
        Machine(
            f"{host.address}:{host.port}",
            open_shell(host, settings.username, credentials, reach),
            settings.folder,
            settings.python,
        )
        for host in settings.hosts
    ]
    return Machines(machines, settings.jobs_per_host)


def ssh_capacity(settings: SshSettings) -> int:
    """How many jobs run at once."""
    return len(settings.hosts) * settings.jobs_per_host

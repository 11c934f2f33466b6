"""An engine from what a compute target says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runyard.engines.shell.contracts import Reach
from runyard.engines.shell.opening import open_shell
from runyard.engines.slurm.engine import SlurmEngine
from runyard.engines.slurm.login_nodes import LoginNodes
from runyard.engines.slurm.script import check_settings
from runyard.entities.compute_settings import SlurmSettings


def open_slurm(settings: SlurmSettings, credentials: Mapping[str, Any], reach: Reach) -> SlurmEngine:
    """Nothing is sent yet. Without hosts, Slurm's commands are those of the server's machine. Raises: EngineRefused."""
    check_settings(settings)
    hosts = settings.hosts or (None,)
    shells = [open_shell(host, settings.username, credentials, reach) for host in hosts]
    return SlurmEngine(LoginNodes(shells), settings)

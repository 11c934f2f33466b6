"""Jobs on the server's own machine: processes that outlive the server."""

from __future__ import annotations

import hashlib
import os
import platform
import sys

from runyard.engines.contracts import Engine
from runyard.engines.shell.local import LocalShell
from runyard.engines.shell.machine import Machine
from runyard.engines.shell.machines import Machines
from runyard.entities.compute_settings import LocalSettings


def open_local(settings: LocalSettings, folder: str) -> Engine:
    """The engine.

    Args:
        folder: where work lies unless the settings say so.
    Raises: EngineRefused, when jobs cannot run as that user.
    """
    own = folder if not settings.user else "~/.runyard"
    python = settings.python or ("python3" if settings.user else sys.executable)
    place = settings.folder or own
    name = f"{platform.node()}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"
    machine = Machine(name, LocalShell(settings.user), place, python, platform.node())
    return Machines([machine], 0, [settings.python] if settings.python else [], elsewhere=True)


def local_capacity(settings: LocalSettings, *, limited: bool) -> int:
    """How many jobs run at once; 0: as many as the target's own limit says, where it has one."""
    if settings.jobs_at_once or limited:
        return settings.jobs_at_once
    return max(2, len(os.sched_getaffinity(0)))

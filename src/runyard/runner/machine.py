"""What this machine has, and what the jobs on it use."""

from __future__ import annotations

import os
import platform
import subprocess
from typing import Any

from .layout import JobFolder, is_name
from .state_file import ENDED, read_state


def nodes(root: str = "") -> list[dict[str, Any]]:
    """This machine, in a list as clusters have several.

    Args:
        root: the folder whose jobs are counted.
    """
    running = _running(root)
    return [
        {
            "name": platform.node(),
            "state": "running" if running else "idle",
            "cpus": cpus(),
            "memory_mb": _memory_mb(),
            "gpus": _gpus(),
            "running": running,
        }
    ]


def cpus() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_mb() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    except (ValueError, OSError):
        return 0


def _gpus() -> int:
    try:
        shown = subprocess.run(
            ["nvidia-smi", "-L"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return sum(line.startswith(b"GPU ") for line in shown.stdout.splitlines())


def _running(root: str) -> int:
    jobs = os.path.join(root, "jobs")
    if not root or not os.path.isdir(jobs):
        return 0
    found = (read_state(JobFolder(root, name)) for name in os.listdir(jobs) if is_name(name))
    return sum(one is not None and one.phase != ENDED and one.alive for one in found)

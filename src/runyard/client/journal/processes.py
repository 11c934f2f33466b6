"""Whether a process is still the one that it was: numbers are given again, also after a reboot."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec


class ProcessMark(msgspec.Struct, frozen=True):
    """A process of this machine.

    Attributes:
        started: clock ticks after the boot at which it began, where the system tells (Linux).
        boot: the id of the boot.
    """

    pid: int
    started: int | None = None
    boot: str | None = None


def this_process() -> ProcessMark:
    """The process that asks."""
    return ProcessMark(os.getpid(), _started(os.getpid()), _boot())


def is_alive(mark: ProcessMark) -> bool:
    """Whether a process of this machine still runs."""
    if mark.boot is not None and mark.boot != _boot():
        return False
    if mark.started is not None:
        return _started(mark.pid) == mark.started
    try:
        os.kill(mark.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _started(pid: int) -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[19]) if fields[0] not in "ZX" else None
    return None


def _boot() -> str | None:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return None

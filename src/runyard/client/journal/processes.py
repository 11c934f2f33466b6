"""Whether a process is still the one that it was: numbers are given again, also after a reboot."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec


class ProcessMark(msgspec.Struct, frozen=True):
    """A process of a machine.

    Attributes:
        started: clock ticks after the boot at which it began, where the system tells (Linux).
        boot: the id of the boot.
        namespace: in which its number counts: containers have their own.
    """

    pid: int
    started: int | None = None
    boot: str | None = None
    namespace: str | None = None


def this_process() -> ProcessMark:
    """The process that asks."""
    return process_of(os.getpid())


def process_of(pid: int) -> ProcessMark:
    """A process that runs, in the namespace of the one that asks."""
    return ProcessMark(pid, _started(pid), _boot(), _namespace())


def is_alive(mark: ProcessMark) -> bool:
    """Whether a process is known to run, on this machine and where its number counts."""
    return is_dead(mark) is False


def is_dead(mark: ProcessMark) -> bool | None:
    """Whether a process of a machine of this name has ended.

    None where nobody can tell from here: it was before a reboot, or on another machine of the same name, or it is, or
    was, in a container.
    """
    if mark.boot not in (None, _boot()) or mark.namespace not in (None, _namespace()):
        return None
    if mark.started is not None:
        return _started(mark.pid) != mark.started
    try:
        os.kill(mark.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _started(pid: int) -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[19]) if fields[0] not in "ZX" else None
    return None


def _boot() -> str | None:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return None


def _namespace() -> str | None:
    with contextlib.suppress(OSError):
        return os.readlink("/proc/self/ns/pid")
    return None

"""What a tree of server processes costs: CPU, memory, and its orderly end. Linux only (/proc)."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

MARKER = "BENCH_TREE"
_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def cpu_of_process_ns(pid: int) -> int:
    """CPU of one live process with all its threads, ended ones included, in ns; 0 when it is gone.

    The same quantity as utime + stime of /proc/PID/stat, without that file's 10 ms steps: Linux derives the
    clock id of another process's CPU from its pid (see clock_getcpuclockid(3)).
    """
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return 0


def stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the command name (state first); empty when the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()


def cpu_of_finished_children_ns(pid: int) -> int:
    """CPU of the children that PID has waited for, in ns (10 ms steps)."""
    fields = stat_fields(pid)
    return (int(fields[13]) + int(fields[14])) * _TICK_NS if fields else 0


def pss_bytes(pid: int) -> int:
    """Proportional set size: private pages plus a fair share of the shared ones."""
    return _kib_field(f"/proc/{pid}/smaps_rollup", "Pss:")


def high_water_bytes(pid: int) -> int:
    """The largest resident set since the start or since `reset_high_water`."""
    return _kib_field(f"/proc/{pid}/status", "VmHWM:")


def reset_high_water(pid: int) -> None:
    """Lets VmHWM of PID start again from its present resident set."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    except OSError:
        return


def _kib_field(path: str, name: str) -> int:
    try:
        for line in Path(path).read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class ProcessTree:
    """One started command with everything it starts, also what leaves its session or outlives its parent.

    A process belongs to the tree when it descends from the root, shares its session, or carries the tree's marker in
    its environment. That finds worker processes that a dead supervisor has left behind.
    """

    def __init__(self, command: Sequence[str], cwd: Path, env: Mapping[str, str], log: Path) -> None:
        self._mark = f"{os.getpid()}-{time.monotonic_ns()}"
        self._needle = f"{MARKER}={self._mark}\0".encode()
        self._log = log
        with log.open("ab") as out:
            self._root = subprocess.Popen(
                list(command),
                cwd=cwd,
                env={**env, MARKER: self._mark},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._strangers: set[int] = set()
        self._members: set[int] = {self._root.pid}

    @property
    def alive(self) -> bool:
        return self._root.poll() is None

    def log_tail(self, lines: int = 15) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    def pids(self) -> list[int]:
        """All live members now; looks through /proc (about a millisecond)."""
        listed = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        self._strangers &= set(listed)
        self._members &= set(listed)
        for pid in listed:
            if pid not in self._members and pid not in self._strangers:
                (self._members if self._belongs(pid) else self._strangers).add(pid)
        return sorted(self._members)

    def _belongs(self, pid: int) -> bool:
        fields = stat_fields(pid)
        if not fields:
            return False
        parent, session = int(fields[1]), int(fields[3])
        if parent in self._members or session == self._root.pid:
            return True
        try:
            return self._needle in Path(f"/proc/{pid}/environ").read_bytes() + b"\0"
        except OSError:
            return False

    def cpu_ns(self) -> int:
        """CPU spent by the tree so far: every live member, and the children that members have waited for."""
        return sum(cpu_of_process_ns(pid) + cpu_of_finished_children_ns(pid) for pid in self.pids())

    def pss_bytes(self) -> int:
        return sum(pss_bytes(pid) for pid in self.pids())

    def high_water_bytes(self) -> int:
        return sum(high_water_bytes(pid) for pid in self.pids())

    def reset_high_water(self) -> None:
        for pid in self.pids():
            reset_high_water(pid)

    def end(self, patience_s: float = 10.0) -> None:
        """SIGTERM to the root; after `patience_s`, or when the root is gone, SIGKILL to every member left."""
        members = set(self.pids())
        if self.alive:
            self._root.send_signal(signal.SIGTERM)
            try:
                self._root.wait(patience_s)
            except subprocess.TimeoutExpired:
                pass
        members |= set(self.pids())
        for pid in members & set(self.pids()):
            if stat_fields(pid)[:1] not in ([], ["Z"]):
                _kill(pid)
        if self.alive:
            self._root.kill()
        self._root.wait()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return

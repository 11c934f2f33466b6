"""The processes of this machine: which belong to a job, and how they are ended.

A number alone says nothing, as the system gives it to another process later: with it goes when the process began.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

try:
    import ctypes
except ImportError:  # a Python that was built without it
    ctypes = None  # type: ignore[assignment]

MARK = "RUNYARD_JOB_FOLDER"  # in the environment of all that a job starts
GRACE_S = 10.0
PAUSE_S = 0.05
_LINUX = os.path.isdir("/proc/self")


@dataclass(frozen=True)
class Process:
    """One of them. `dead`: it has ended and waits for its parent to notice."""

    pid: int
    parent: int
    session: int
    dead: bool


def born(pid: int) -> str:
    """When a process began, in a word that is good until the machine starts anew; empty: there is none."""
    if _LINUX:
        fields = _stat(pid)
        return "" if fields is None or fields[0] in "ZX" else fields[19]
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], stdout=subprocess.PIPE, check=False)
    return shown.stdout.decode().strip()


def boot() -> str:
    """A word for the time since the machine was last started."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def all_processes() -> dict[int, Process]:
    """Those that there are now."""
    if not _LINUX:
        return _from_ps()
    found = {}
    for name in os.listdir("/proc"):
        fields = _stat(int(name)) if name.isdigit() else None
        if fields is not None:
            pid = int(name)
            found[pid] = Process(pid, int(fields[1]), int(fields[3]), fields[0] in "ZX")
    return found


def of_job(mark: str, *, sessions: Iterable[int] = (), below: int = 0) -> set[int]:
    """The living processes of a job, except this one and the one that `below` names.

    Args:
        mark: that is in the environment of what it started, or the beginning of it.
        sessions: that it began. below: all that a process started belongs to it too.
    """
    table = all_processes()
    theirs = set(sessions)
    parents = {below} if below else set()
    found: set[int] = set()
    while True:  # children of children, until there are no more
        more = {one.pid for one in table.values() if one.parent in parents} - found
        if not more:
            break
        found |= more
        parents = more
    wanted = f"{MARK}={mark}".encode()
    for one in table.values():
        if one.session in theirs or (one.pid not in found and _begins(_environment(one.pid), wanted)):
            found.add(one.pid)
    return {pid for pid in found if not table[pid].dead} - {os.getpid(), below}


def end_all(find: Callable[[], set[int]], grace_s: float = GRACE_S) -> bool:
    """Ask all processes to end, and after a while make them. Whether there are none left.

    Args:
        find: those that are still there.
    """
    first = find()
    if not first:
        return True
    send(first, signal.SIGTERM)
    until = time.monotonic() + grace_s
    while time.monotonic() < until:
        if not find():
            return True
        time.sleep(PAUSE_S)
    for _ in range(20):  # those that start others meanwhile are met again
        left = find()
        if not left:
            return True
        send(left, signal.SIGKILL)
        time.sleep(PAUSE_S)
    return not find()


def send(pids: Iterable[int], number: int) -> None:
    """A signal to processes, as far as they are still there and ours."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def _stat(pid: int) -> list[str] | None:
    """What follows the name in /proc/PID/stat: state, parent, group, session, …"""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().decode("ascii", "replace").rpartition(")")[2].split()
    except (OSError, ValueError):
        return None


def _environment(pid: int) -> list[bytes]:
    if not _LINUX:
        return []
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []


def words(pid: int) -> list[bytes]:
    """A process's command line; empty where it cannot be seen."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []


def _begins(words: Iterable[bytes], wanted: bytes) -> bool:
    return any(word.startswith(wanted) for word in words)


def _from_ps() -> dict[int, Process]:
    columns = ["ps", "-axo", "pid=,ppid=,sess=,stat="]
    shown = subprocess.run(columns, stdout=subprocess.PIPE, check=False).stdout.decode()
    found = {}
    for line in shown.splitlines():
        pid, parent, session, state = line.split()[:4]
        number = int(session) if session.isdigit() else 0
        found[int(pid)] = Process(int(pid), int(parent), number, state.startswith("Z"))
    return found


def adopt() -> None:
    """Processes that lose their parents become this one's children, so that they are found again. Linux only."""
    _control(36, 1)  # PR_SET_CHILD_SUBREAPER


def end_with_parent() -> Callable[[], None] | None:
    """What a new process calls before it becomes the script: it is killed when this process is. Linux only."""
    if _prctl is None:
        return None
    kill, call = int(signal.SIGKILL), _prctl

    def die_too() -> None:
        call(1, kill, 0, 0, 0)  # PR_SET_PDEATHSIG

    return die_too


def first_to_go(pid: int) -> None:
    """Where memory is short the kernel takes this process, and not the one that tells of it."""
    try:
        with open(f"/proc/{pid}/oom_score_adj", "w", encoding="ascii") as file:
            file.write("500")
    except OSError:
        return


def reap(own: set[int]) -> None:
    """Let adopted processes that have ended go; those in `own` are waited for elsewhere."""
    while hasattr(os, "waitid"):
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is None or found.si_pid in own:
                return
            os.waitpid(found.si_pid, os.WNOHANG)
        except (ChildProcessError, OSError):
            return


def _control(option: int, value: int) -> None:
    if _prctl is not None:
        _prctl(option, value, 0, 0, 0)


def _find_prctl() -> Callable[..., int] | None:
    if not _LINUX or ctypes is None:
        return None
    try:
        found = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return None
    found.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    return found


_prctl = _find_prctl()

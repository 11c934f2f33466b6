"""The script's processes: started, watched, ended, and what is to be said of their end."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import processes
from .cancel import Cancel
from .last_words import code_of_srun, last_words
from .memory import killed_for_memory

LOOK_S = 0.05
SIGNALS = 64
SETTLE_S = 1.0
ENDED_BY_ENGINE = (-15, 143, -2, 130)
MEMORY_HINT = " Meanwhile the kernel ended a process because memory was short."


@dataclass(frozen=True)
class Launch:
    """A process to start.

    Attributes:
        log: the file that takes all that it says. rank: among all of the job.
        contained: it stands for one in a container. of_mpi: it stands for several of MPI, and logs words of its own. Both
            tell of a signal by their exit code.
    """

    command: Sequence[str]
    variables: Mapping[str, str]
    folder: str
    log: str
    rank: int = 0
    contained: bool = False
    of_mpi: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a job ended: Completed, Failed, Canceled; and why, as the server keeps it."""

    state: str
    code: str = ""
    message: str = ""
    exit_code: int | None = None
    signal: int | None = None

    @property
    def error(self) -> dict[str, Any] | None:
        """For the server; None where there is nothing to say."""
        if not self.code:
            return None
        told = {
            "code": self.code,
            "message": self.message,
            "exit_code": self.exit_code,
            "signal": self.signal,
        }
        return {name: value for name, value in told.items() if value is not None}


class Supervisor:
    """All processes that the script is.

    Args:
        mark: by which processes of the job are found.
        began: told which sessions there are.
        trouble: how another machine of the job ends it; None as long as none does.
    """

    GRACE_S = processes.GRACE_S

    def __init__(
        self,
        mark: str,
        cancel: Cancel,
        began: Callable[[list[int]], None],
        trouble: Callable[[], Outcome | None],
    ) -> None:
        self._mark = mark
        self._cancel = cancel
        self._began = began
        self._trouble = trouble
        self._running: list[tuple[Launch, subprocess.Popen[bytes]]] = []

    def run(
        self, launches: Sequence[Launch], max_seconds: float, is_over: Callable[[], bool] = lambda: True
    ) -> Outcome | None:
        """Start them and wait until all have ended, or one has failed. None: they are not wanted any more.

        Args:
            is_over: whether no other machine of the job starts any here.
        """
        memory = killed_for_memory()
        try:
            for launch in launches:
                self._running.append((launch, self._start(launch)))
        except OSError as exc:
            return Outcome("Failed", "UserError", _cannot_start(launches[len(self._running)], exc))
        self._began([process.pid for _, process in self._running])
        return self._watch(max_seconds, memory, is_over)

    def end_all(self, grace_s: float, kept: Callable[[], set[int]] = set) -> None:
        """No process of the job is left, except those that are kept."""
        sessions = [process.pid for _, process in self._running]
        processes.end_all(lambda: self._left(sessions) - kept(), grace_s)

    def _left(self, sessions: Sequence[int]) -> set[int]:
        for _, process in self._running:
            process.poll()  # else what has ended stays in the table
        return processes.of_job(self._mark, sessions=sessions, below=os.getpid())

    def _start(self, launch: Launch) -> subprocess.Popen[bytes]:
        with open(launch.log, "ab") as log:
            started = subprocess.Popen(
                list(launch.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=launch.folder,
                env=dict(launch.variables),
                start_new_session=True,
                preexec_fn=processes.end_with_parent(),
            )
        processes.first_to_go(started.pid)
        return started

    def _watch(self, max_seconds: float, memory: int, is_over: Callable[[], bool]) -> Outcome | None:
        until = time.monotonic() + max_seconds
        while True:
            codes = [process.poll() for _, process in self._running]
            for (launch, _), code in zip(self._running, codes):
                if code and self._ended_with_us(launch, code):
                    return None
                if code:
                    return self._failed(launch, code, memory)
            if None not in codes and is_over():
                return Outcome("Completed", exit_code=0)
            if self._cancel.event.wait(LOOK_S):
                return None
            trouble = self._trouble()
            if trouble is not None:
                return trouble
            if time.monotonic() > until:
                return Outcome(
                    "Failed", "TimeOut", f"The script ran longer than {max_seconds:g} s, and was ended."
                )
            processes.reap({process.pid for _, process in self._running})

    def _ended_with_us(self, launch: Launch, code: int) -> bool:
        """Whether a script ended because somebody ended all processes of the job, this one included."""
        if code in ENDED_BY_ENGINE or launch.of_mpi:
            return self._cancel.event.wait(
                SETTLE_S
            )  # this process hears of it in the same moment, or a little later
        return self._cancel.wanted

    def _failed(self, launch: Launch, code: int, memory: int) -> Outcome:
        if launch.of_mpi and launch.command[0] == "srun":
            code = code_of_srun(launch.log, code)
        if (launch.contained or launch.of_mpi) and 128 < code <= 128 + SIGNALS:
            code = 128 - code
        who = f"Process {launch.rank}" if len(self._running) > 1 or launch.rank else "User program"
        if code > 0:
            hint = MEMORY_HINT if killed_for_memory() > memory else ""
            return Outcome(
                "Failed",
                "UserError",
                f"{who} failed with {last_words(launch.log, code, launch.of_mpi)}{hint}",
                code,
            )
        name = _signal_name(-code)
        if -code == signal.SIGKILL and killed_for_memory() > memory:
            return Outcome(
                "Failed", "OutOfMemory", f"{who} was ended by the kernel: memory was short.", None, -code
            )
        hint = (
            " Nobody here sent it; a machine that is short of memory does." if -code == signal.SIGKILL else ""
        )
        return Outcome("Failed", "UserError", f"{who} was ended by {name}.{hint}", None, -code)


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


def _cannot_start(launch: Launch, exc: OSError) -> str:
    program = launch.command[0]
    told = f"{program} cannot be started in {launch.folder}: {exc.strerror or exc}."
    path = os.path.join(launch.folder, program)
    if not os.path.isfile(path):
        return told
    if exc.errno == errno.EACCES:
        runs_it = "python" if program.endswith(".py") else "sh"
        return f"{told} It is not executable: `chmod +x` it, or give the program that runs it: `{runs_it} {program}`."
    if exc.errno == errno.ENOEXEC:
        return f"{told} Its first line does not say what runs it, as #!/bin/sh does."
    with open(path, "rb") as file:
        first = file.readline(256).decode("utf-8", "replace")
    if first.startswith("#!") and first.endswith("\r\n"):
        return f"{told} Its lines end as on Windows: write it with the line ends of Unix."
    if first.startswith("#!"):
        return f"{told} This machine does not have {first[2:].strip()}, which its first line names."
    return told

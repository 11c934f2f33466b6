"""The script's processes: started, watched, ended, and what is to be said of their end."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import processes
from .cancel import Cancel
from .memory import killed_for_memory

LOOK_S = 0.05
SETTLE_S = 1.0
ENDED_BY_ENGINE = (-15, 143, -2, 130)
TAIL_BYTES = 4096
MEMORY_HINT = " Meanwhile the kernel ended a process because memory was short."
# What MLflow says of a script that sets an experiment other than that of the run which it is to log to.
OTHER_EXPERIMENT = "active experiment ID does not match environment run ID"
EXPERIMENT_HINT = (
    " The script sets another experiment (mlflow.set_experiment) than the one that it was submitted to: leave that call "
    "out, or submit to that experiment."
)
_RAISED = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception|Interrupt|Exit|Warning)\b.*")


@dataclass(frozen=True)
class Launch:
    """A process to start.

    Attributes:
        log: the file that takes all that it says. rank: among all of the job.
        contained: it stands for one in a container, and tells of its signal by its exit code.
    """

    command: Sequence[str]
    variables: Mapping[str, str]
    folder: str
    log: str
    rank: int = 0
    contained: bool = False


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

    def run(self, launches: Sequence[Launch], max_seconds: float) -> Outcome | None:
        """Start them and wait until all have ended, or one has failed. None: they are not wanted any more."""
        memory = killed_for_memory()
        try:
            for launch in launches:
                self._running.append((launch, self._start(launch)))
        except OSError as exc:
            return Outcome("Failed", "UserError", _cannot_start(launches[len(self._running)], exc))
        self._began([process.pid for _, process in self._running])
        return self._watch(max_seconds, memory)

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

    def _watch(self, max_seconds: float, memory: int) -> Outcome | None:
        until = time.monotonic() + max_seconds
        while True:
            codes = [process.poll() for _, process in self._running]
            for (launch, _), code in zip(self._running, codes):
                if code and self._ended_with_us(code):
                    return None
                if code:
                    return self._failed(launch, code, memory)
            if None not in codes:
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

    def _ended_with_us(self, code: int) -> bool:
        """Whether a script ended because somebody ended all processes of the job, this one included."""
        if code in ENDED_BY_ENGINE:
            return self._cancel.event.wait(
                SETTLE_S
            )  # this process hears of it in the same moment, or a little later
        return self._cancel.wanted

    def _failed(self, launch: Launch, code: int, memory: int) -> Outcome:
        code = 128 - code if launch.contained and code > 128 else code
        who = f"Process {launch.rank}" if len(self._running) > 1 or launch.rank else "User program"
        if code > 0:
            hint = MEMORY_HINT if killed_for_memory() > memory else ""
            return Outcome(
                "Failed", "UserError", f"{who} failed with {_last_words(launch.log, code)}{hint}", code
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


def _last_words(log: str, code: int) -> str:
    """The exception that a Python program told at last, or its exit code with the last line that it wrote."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").rstrip().splitlines()
    except OSError:
        lines = []
    last = lines[-1].strip() if lines else ""
    found = _RAISED.fullmatch(last)
    if found:
        hint = EXPERIMENT_HINT if OTHER_EXPERIMENT in last else ""
        return f"{found.group()[:1000]} (exit code {code}){hint}"
    return f"exit code {code}; the last line of its log: {last[:300]}" if last else f"exit code {code}."


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
        return f"{told} It is not executable: `chmod +x` it, or give the program that runs it, as in `sh {program}`."
    if exc.errno == errno.ENOEXEC:
        return f"{told} Its first line does not say what runs it, as #!/bin/sh does."
    with open(path, "rb") as file:
        first = file.readline(256).decode("utf-8", "replace")
    if first.startswith("#!") and first.endswith("\r\n"):
        return f"{told} Its lines end as on Windows: write it with the line ends of Unix."
    if first.startswith("#!"):
        return f"{told} This machine does not have {first[2:].strip()}, which its first line names."
    return told

"""What a runner writes down about its job, for the engine that asks later."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from . import processes
from .job_file import JobFile, write_private
from .layout import JobFolder

RUNNING, ENDED = "running", "ended"


@dataclass(frozen=True)
class State:
    """How far a job is on this machine.

    Attributes:
        pid, born, boot, host: which process is its runner.
        sessions: of processes that it started.
        phase: running, ended. state: Preparing, Running, Finalizing, Completed, Failed, Canceled.
        code, reason, exit_code, signal: for one that has ended, as engines/contracts.py has them.
        reported: the server knows the end. gpus: indices of those that it may use.
        containers: program and name of those that it started.
        start, engine_id: as the job's file has them.
    """

    pid: int
    born: str
    boot: str
    host: str
    phase: str = RUNNING
    state: str = "Preparing"
    sessions: list[int] = field(default_factory=list)
    exit_code: int | None = None
    signal: int | None = None
    code: str = ""
    reason: str = ""
    reported: bool = False
    gpus: list[int] = field(default_factory=list)
    containers: list[list[str]] = field(default_factory=list)
    start: str = ""
    engine_id: str = ""

    @property
    def here(self) -> bool:
        """Whether its runner is a process of this machine."""
        return self.host == platform.node()

    @property
    def alive(self) -> bool:
        """Whether its runner is still there; of one on another machine nobody can say, so it is."""
        if not self.here:
            return True
        return self.boot == processes.boot() and bool(self.born) and processes.born(self.pid) == self.born


class StateFile:
    """state.json of a job; written by its runner only."""

    def __init__(self, job: JobFile, rank: int = 0) -> None:
        self._path = job.place.state_file(rank)
        pid = os.getpid()
        began, boot = processes.born(pid), processes.boot()
        self.now = State(
            pid,
            began,
            boot,
            platform.node(),
            gpus=list(job.gpus or ()),
            start=job.start,
            engine_id=job.engine_id,
        )

    def change(self, **changes: Any) -> None:
        """Write down what is different now. A full disk does not end the job."""
        self.now = replace(self.now, **changes)
        try:
            write_private(self._path, json.dumps(asdict(self.now)).encode())
        except OSError as exc:
            print(f"The state cannot be written down: {exc}", flush=True)


def read_state(place: JobFolder) -> State | None:
    """What was written down; None: nothing, so that the job was never begun here."""
    try:
        with open(place.state_file(place.owner), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    known = {one.name for one in fields(State)}
    return State(**{name: value for name, value in found.items() if name in known})

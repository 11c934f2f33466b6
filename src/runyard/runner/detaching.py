"""A runner that outlives whoever started it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable

from .asked import stop
from .job_file import JobFile
from .state_file import StateFile, read_state

WAIT_S = 20.0


def start(job: JobFile, work: Callable[[JobFile], int]) -> dict[str, object]:
    """Begin a job, unless it was begun before, and return at once.

    Nothing is executed anew: the process divides itself, which costs a few milliseconds.

    Args:
        work: what the new process does.
    Returns: what is told to the engine: the process, and whether an earlier call began it.
    """
    job.place.make_private()
    turn = os.open(job.place.file("start.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with contextlib.suppress(OSError):  # some network file systems have no locks; then the server decides
            fcntl.flock(turn, fcntl.LOCK_EX)  # of two calls at once the second finds what the first has done
        known = read_state(job.place)
        if known is not None and known.start != job.start:  # of a start in which some other machine failed
            stop(job.folder, job.place.name)
            known = None
        if known is not None:
            return {"pid": known.pid, "again": True, "phase": known.phase}
        return {"pid": _detached(job, work, turn), "again": False, "phase": "running"}
    finally:
        os.close(turn)


def _detached(job: JobFile, work: Callable[[JobFile], int], turn: int) -> int:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                os.close(reader)
                os.close(turn)
                _become(job, work, writer)
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as told:
        answer = told.read()
    if not answer:
        raise RuntimeError(f"The runner ended before it began; see {job.place.runner_log}.")
    return int(json.loads(answer))


def _become(job: JobFile, work: Callable[[JobFile], int], writer: int) -> None:
    """The new process. Never returns."""
    code = 70
    try:
        _let_go(job.place.runner_log)
        os.chdir("/")
        StateFile(job, job.place.owner).change()  # known before anybody hears of it
        os.write(writer, json.dumps(os.getpid()).encode())
        os.close(writer)
        code = work(job)
    except BaseException as exc:
        print(f"{time.strftime('%H:%M:%S')} the runner failed: {exc!r}", flush=True)
        raise
    finally:
        os._exit(code)


def _let_go(log: str) -> None:
    """Input from nowhere, output into a file that only its owner reads."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(written, 1)
    os.dup2(written, 2)

"""What an engine asks on the machine where a job is: its state, its end, its output, its removal."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Sequence
from typing import Any

from . import processes
from .environments.containers import remove
from .layout import JobFolder, is_name
from .state_file import ENDED, State, read_state

TAIL_BYTES = 64 * 1024
ENDS_S = 15.0  # that a runner has to end a job by itself
GONE = "The runner is gone and left no word: the machine was started anew, or the process was killed."


def states(root: str, run_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Where each job is, as engines/contracts.EngineState has it. What a runner that is gone has left is ended."""
    return {run_id: _state(JobFolder(root, run_id)) for run_id in run_ids}


def find(root: str, run_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Where those of the jobs are that have a folder here, also as a node of theirs other than the first, by folder."""
    wanted, jobs = set(run_ids), os.path.join(root, "jobs")
    names = os.listdir(jobs) if os.path.isdir(jobs) else []
    places = [JobFolder(root, name) for name in names if name.partition(".")[0] in wanted and is_name(name)]
    return {place.name: _state(place) for place in places}


def _state(place: JobFolder) -> dict[str, Any]:
    known = read_state(place)
    if known is None:
        return {"phase": "waiting" if os.path.exists(place.file("job.json")) else "unknown"}
    if known.phase != ENDED and not known.alive:
        _end_leftovers(place, known, 0.0)
        return {"phase": "ended", "code": "NodeLost", "reason": GONE, **_of_engine(known)}
    told = {"phase": known.phase, "exit_code": known.exit_code, "signal": known.signal, **_of_engine(known)}
    return {**told, "code": known.code, "reason": known.reason, "state": known.state}


def _of_engine(known: State) -> dict[str, Any]:
    return {"gpus": known.gpus, "engine_id": known.engine_id}


def stop(root: str, run_id: str) -> None:
    """End a job with all its processes. Returns when there are none left, within half a minute."""
    place = JobFolder(root, run_id)
    known = read_state(place)
    if known is None:
        return
    if known.here and known.phase != ENDED and known.alive:
        os.kill(known.pid, signal.SIGTERM)
        until = time.monotonic() + ENDS_S
        while known.alive and time.monotonic() < until:
            time.sleep(processes.PAUSE_S)
    latest = read_state(place) or known
    if latest.here and latest.phase != ENDED and latest.alive:
        processes.send([latest.pid], signal.SIGKILL)
    _end_leftovers(place, latest, processes.GRACE_S if latest.phase != ENDED else 0.0)


def _end_leftovers(place: JobFolder, known: State, grace_s: float) -> None:
    if known.here and known.boot == processes.boot():
        for program, name in known.containers:
            remove(program, name)
        processes.end_all(lambda: processes.of_job(place.path + ":", sessions=known.sessions), grace_s)


def tail(root: str, run_id: str) -> bytes:
    """The end of what the runner itself said."""
    try:
        with open(JobFolder(root, run_id).runner_log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            return file.read(TAIL_BYTES)
    except OSError:
        return b""


def forget(root: str, run_id: str) -> None:
    """Remove what was kept of a job. One that still runs is ended first."""
    stop(root, run_id)
    shutil.rmtree(JobFolder(root, run_id).path, ignore_errors=True)

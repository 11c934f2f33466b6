"""The command line that engines call.

start JOBFILE         begin a job and return; prints {"pid": …}. The same job again is the one that there is
work JOBFILE          do it in the foreground
states FOLDER ID…     prints where each job is
find FOLDER ID…       the same of those that have a folder here, and of their nodes
stop FOLDER ID        end a job with all its processes
tail FOLDER ID        the last 64 KiB of what the runner said
forget FOLDER ID      remove the job's folder
nodes [FOLDER]        what this machine has
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence

from . import asked, machine
from .detaching import start
from .job_file import JobFileWrong, read_job_file
from .layout import folder_of
from .work import work

USAGE = 64


def main(arguments: Sequence[str]) -> int:
    """Do what is asked and return the exit code."""
    command, rest = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    known: dict[str, tuple[Callable[..., int], int, int]] = {
        "start": (_start, 1, 1),
        "work": (_work, 1, 1),
        "states": (_states, 1, 100_000),
        "find": (_find, 1, 100_000),
        "stop": (_stop, 2, 2),
        "tail": (_tail, 2, 2),
        "forget": (_forget, 2, 2),
        "nodes": (_nodes, 0, 1),
    }
    do, least, most = known.get(command, (None, 0, -1))
    if do is None or not least <= len(rest) <= most:
        print(__doc__, file=sys.stderr)
        return USAGE
    try:
        return do(*rest)
    except (JobFileWrong, ValueError) as exc:
        print(exc, file=sys.stderr)
        return USAGE


def run() -> None:
    """The zipapp's entry."""
    sys.exit(main(sys.argv[1:]))


def _start(path: str) -> int:
    print(json.dumps(start(read_job_file(path), work)))
    return 0


def _work(path: str) -> int:
    return work(read_job_file(path))


def _states(folder: str, *run_ids: str) -> int:
    print(json.dumps(asked.states(folder_of(folder), run_ids)))
    return 0


def _find(folder: str, *run_ids: str) -> int:
    print(json.dumps(asked.find(folder_of(folder), run_ids)))
    return 0


def _stop(folder: str, run_id: str) -> int:
    asked.stop(folder_of(folder), run_id)
    return 0


def _tail(folder: str, run_id: str) -> int:
    sys.stdout.buffer.write(asked.tail(folder_of(folder), run_id))
    return 0


def _forget(folder: str, run_id: str) -> int:
    asked.forget(folder_of(folder), run_id)
    return 0


def _nodes(folder: str = "") -> int:
    print(json.dumps(machine.nodes(folder_of(folder) if folder else "")))
    return 0

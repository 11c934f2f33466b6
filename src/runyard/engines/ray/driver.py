"""Begins a job on a Ray cluster: the entrypoint that Ray starts, in the folder of the package that Runyard made.

For one node it becomes the runner; for several nodes.py goes on. It needs Python 3.8 and its standard library, and
imports nothing of Runyard: on the cluster there is only the package.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
RUNNER, NODES = os.path.join(HERE, "runner.pyz"), os.path.join(HERE, "runyard_nodes.py")
JOB_VARIABLE = "RUNYARD_JOB"


def main() -> None:
    """Become what does the job that the environment describes."""
    job = json.loads(os.environ[JOB_VARIABLE])
    hide_package(HERE)
    sweep(job)
    if "nodes" in job:
        os.execv(sys.executable, [sys.executable, NODES])
    for name in (JOB_VARIABLE, "PYTHONBREAKPOINT"):  # Ray's debugger is not in the script's environment
        os.environ.pop(name, None)
    os.execv(sys.executable, [sys.executable, "-I", RUNNER, "work", written(job)])


def hide_package(folder: str) -> None:
    """The script that runs later does not see the package's folder among its modules."""
    places = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    kept = [one for one in places if one and os.path.realpath(one) != os.path.realpath(folder)]
    os.environ["PYTHONPATH"] = os.pathsep.join(kept)
    if not kept:
        del os.environ["PYTHONPATH"]


def sweep(job: Mapping[str, Any]) -> None:
    """Remove what earlier jobs left here, as far as the server has heard of their ends."""
    places = glob.glob(os.path.join(glob.escape(os.path.expanduser(job["folder"])), "jobs", "*"))
    for place in places:
        states = glob.glob(os.path.join(glob.escape(place), "state*.json"))
        if states and all(map(_is_over, states)):
            shutil.rmtree(place, ignore_errors=True)


def _is_over(path: str) -> bool:
    try:
        with open(path, encoding="utf-8") as file:
            state = json.load(file)
        return bool(state["phase"] == "ended" and state["reported"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def written(job: Mapping[str, Any]) -> str:
    """The job's file on this machine, which only its owner reads."""
    folder = os.path.abspath(os.path.expanduser(job["folder"]))
    place = os.path.join(folder, "jobs", job["run_id"])
    os.makedirs(folder, mode=0o700, exist_ok=True)
    os.makedirs(place, mode=0o700, exist_ok=True)
    for one in (folder, os.path.dirname(place), place):
        if os.stat(one).st_uid != os.getuid():
            raise SystemExit(f"{one} belongs to somebody else, who could change what is run there.")
    path = os.path.join(place, "job.json")
    beside = f"{path}.{os.getpid()}.part"
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({**job, "folder": folder}, file)
    os.replace(beside, path)
    return path


if __name__ == "__main__":
    main()

"""Submitting from the command line: the definition that the options describe, and watching what comes of it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from runyard.cli.framework.columns import Column
from runyard.cli.framework.exits import FAILED, USAGE, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.progress import progress
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import FILE
from runyard.cli.shapes import jobs
from runyard.client import terminal
from runyard.client.conda_files import OWN_PYTHON, definition_of
from runyard.client.errors import ServerUnreachable
from runyard.client.job_logs import Logs, MainLogs
from runyard.client.local_sweeps import LocalSweep
from runyard.client.submission import HERE, Submission, Submitted, command_definition, submit
from runyard.sdk.portal import run_url

C = TypeVar("C", bound=Callable[..., Any])
POLL_S = 1.0
AWAY_S = 600.0  # that a server may be away while somebody watches
COMMUNICATORS = {"mpi": "Mpi", "pytorch": "PyTorch", "tensorflow": "TensorFlow", "none": "None"}
SUBMITTED = [*jobs.CARD[:3], Column("Target", "target"), *jobs.CARD[6:8], Column("Page", "page")]

_SOURCES = (
    click.option("--environment", metavar="NAME[:VERSION]", help="A registered environment."),
    click.option(
        "--requirements", type=FILE, metavar="FILE", help="An environment of what this file lists for pip."
    ),
    click.option("--conda", type=FILE, metavar="FILE", help="An environment of what this conda file lists."),
    click.option(
        "--source",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="The folder whose files go along. [default: the current one]",
    ),
)


def sources_options(command: C) -> C:
    """The options that say which files go along, and into which environment."""
    for option in reversed(_SOURCES):
        command = option(command)
    return command


def environment_of(target: str, words: Sequence[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """The environment's definition: a registered one, what a file lists, or the machine's own Python.

    Args:
        words: the command; on this machine the Python that it begins with is the one that is used.
        given: environment (NAME or NAME:VERSION), requirements, conda.
    """
    chosen = [name for name in ("environment", "requirements", "conda") if given.get(name)]
    if len(chosen) > 1:
        raise click.UsageError(f"Give one of {' and '.join(f'--{name}' for name in chosen)}.")
    if given.get("environment"):
        name, _, version = str(given["environment"]).partition(":")
        return {"name": name, **({"version": version} if version else {})}
    file = given.get("requirements") or given.get("conda")
    if file:
        return definition_of(Path(file))
    if target != HERE:
        return dict(OWN_PYTHON)
    program = os.path.basename(words[0]) if words else ""
    interpreter = shutil.which(words[0]) if program.startswith("python") else None
    return {"python": {"userManagedDependencies": True, "interpreterPath": interpreter or "python"}}


def shape_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Nodes, processes, resources and limits; what is not given is left out."""
    resources = {key: given[key] for key in ("cpus", "memory_mb", "gpus") if given.get(key)}
    several = (given.get("nodes") or 1) * (given.get("processes") or 1) > 1
    communicator = COMMUNICATORS.get(given.get("communicator") or ("pytorch" if several else ""))
    found = {
        "node_count": given.get("nodes"),
        "process_count": given.get("processes"),
        "communicator": communicator,
        "max_seconds": given.get("max_seconds"),
        "resources": resources,
        "environment_variables": dict(given.get("variables") or ()),
    }
    return {key: value for key, value in found.items() if value}


def submission_of(command: Sequence[str], target: str, given: Mapping[str, Any], **more: Any) -> Submission:
    """A command with the files of a folder, as the options of runs and of sweeps describe it.

    Args:
        given: source, experiment, name and tags; what `environment_of` and `shape_of` take.
        more: what else the submission has.
    Raises: Failed; InvalidInput.
    """
    folder = folder_of(given["source"])
    return Submission(
        definition={
            **command_definition(command, folder),
            "environment": environment_of(target, command, given),
            **shape_of(given),
        },
        experiment=given["experiment"],
        target=target,
        folder=folder,
        run_name=given["name"] or "",
        tags=dict(given["tags"]),
        **more,
    )


def sent(session: Session, what: Submission) -> Submitted:
    """Submit, with a bar while sources go up."""
    with progress("Uploading the source", None) as moved:
        return submit(session.here, what, moved)


def record(session: Session, made: Submitted) -> dict[str, Any]:
    """The job, and its run's page."""
    return {**made.job, "page": page_of(session, made.job)}


def page_of(session: Session, job: Mapping[str, Any]) -> str:
    """A run's page in a browser."""
    return run_url(
        session.server, session.workspace or "default", str(job["experiment_id"]), str(job["run_id"])
    )


def finished(
    session: Session, run_id: str, *, follow: bool, sweep: LocalSweep | None = None
) -> dict[str, Any]:
    """Wait for a job's end; with `follow` its logs are printed as they grow. A server that is away is waited for.

    Args:
        sweep: its trials are started meanwhile, and whoever interrupts this cancels it.
    """
    shown = MainLogs(Logs(session.here, run_id)) if follow else None
    try:
        return _watched(session, run_id, shown, sweep)
    except KeyboardInterrupt:
        if sweep is None:
            note(f"\nThe run goes on; `{session.program} run cancel {run_id}` stops it.")
        else:
            sweep.cancel()
            note(f"\nCanceled the sweep {run_id}.")
        raise


def _watched(
    session: Session, run_id: str, shown: MainLogs | None, sweep: LocalSweep | None
) -> dict[str, Any]:
    state = ""
    since = time.monotonic()
    away = False
    while True:
        try:
            job = jobs.get(session, run_id)
            if sweep is not None and job["state"] not in jobs.ENDED:
                sweep.start_trials()
            if shown is not None:
                _print(shown)
        except ServerUnreachable:
            if time.monotonic() - since > AWAY_S:
                raise
            if not away:
                note("The server does not answer; it is waited for, and the run goes on meanwhile.")
            away = True
            time.sleep(POLL_S)
            continue
        since = time.monotonic()
        away = False
        if job["state"] != state:
            state = str(job["state"])
            why = f" ({job['waits']})" if job.get("waits") and state not in jobs.ENDED else ""
            note(f"{state}{why}")
        if state in jobs.ENDED:
            return job
        time.sleep(POLL_S)


def _print(shown: MainLogs) -> None:
    for _, text in shown.more():
        terminal.show(text)


def leave_as(job: Mapping[str, Any]) -> None:
    """Raises: Failed, for a job that did not complete."""
    if job["state"] == "Completed":
        return
    error = job.get("error") or {}
    why = f": {error['message']}" if error.get("message") else ""
    raise Failed(f"Run {job['run_id']} is {job['state']}{why}", FAILED)


def folder_of(source: Path | None) -> Path:
    """The source folder. Raises: Failed for what is none."""
    folder = source if source is not None else Path.cwd()
    if not folder.is_dir():
        raise Failed(f"{folder} is no folder.", USAGE)
    return folder

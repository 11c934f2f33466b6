"""Submitting: the source is copied, the job is recorded, and one for this machine is started here."""

from __future__ import annotations

import io
import os
import re
import secrets
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from runyard.client import snapshots
from runyard.client.git_state import Git, git_diff, git_of, git_properties, git_tags
from runyard.client.local_jobs import start_local
from runyard.client.transport import Connection
from runyard.errors import InvalidInput, RunyardError

PATH = "/api/v1/jobs"
SWEEPS = "/api/v1/sweeps"
SWEEP = "sweep"  # the kind of a job that stands for the trials below it
HERE = "local"  # the machine that submits
PATCH = "code/changes.patch"
SNAPSHOT_PROPERTY = "ContentSnapshotId"
_PYTHON = re.compile(r"python[0-9.]*(\.exe)?")


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run.

    Attributes:
        definition: as entities/job.py has it.
        folder: the source, of which a snapshot is taken; None: none.
        experiment: its name; it is made if it is not there.
        dry_run: only ask what would be handed to the target's engine.
        sweep: what is tried, of one: space, sampling, metric, goal, max_total and what else POST /sweeps takes.
    """

    definition: Mapping[str, Any]
    experiment: str
    target: str = HERE
    folder: Path | None = None
    run_id: str = ""
    run_name: str = ""
    tags: Mapping[str, str] = {}
    properties: Mapping[str, str] = {}
    priority: int = 0
    parent_run_id: str = ""
    kind: str = "script"
    dry_run: bool = False
    sweep: Mapping[str, Any] = {}


class Submitted(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        run: as MLflow's API tells it.
        request: what would be handed over, of a dry run; nothing was made then.
    """

    run: Mapping[str, Any]
    job: Mapping[str, Any]
    request: str = ""

    @property
    def run_id(self) -> str:
        """The run's id, which is the job's."""
        return str(self.job["run_id"])


def submit(connection: Connection, what: Submission, moved: snapshots.Moved = lambda _: None) -> Submitted:
    """Take the snapshot, submit, and start what is to run on this machine.

    Args:
        moved: called with the bytes of sources that were sent.
    Raises: InvalidInput, and what the server raised.
    """
    if not what.experiment.strip():
        raise InvalidInput("The name of the experiment is empty. Leave it out, or give one.")
    definition = checked(what.definition, what.folder)
    git = git_of(what.folder) if what.folder is not None else None
    snapshot = ""
    if what.folder is not None and not what.dry_run:
        snapshot = snapshots.keep(connection, what.folder, moved)
    body = {
        "experiment_name": what.experiment,
        "run_id": what.run_id or new_run_id(what.experiment),
        "run_name": what.run_name or None,
        "tags": {**git_tags(git), **what.tags},
        "properties": {
            **({SNAPSHOT_PROPERTY: snapshot} if snapshot else {}),
            **git_properties(git),
            **what.properties,
        },
        "target": what.target,
        "kind": what.kind,
        "definition": definition,
        "snapshot_id": snapshot,
        "priority": what.priority,
        "parent_run_id": what.parent_run_id or None,
        "dry_run": what.dry_run or None,
        **what.sweep,
    }
    answer = connection.post(
        SWEEPS if what.sweep else PATH,
        {key: value for key, value in body.items() if value is not None},
        retry=True,
    )
    if what.dry_run:
        return Submitted(answer.get("run") or {}, answer.get("job") or {}, str(answer.get("request", "")))
    keep_changes(connection, answer["run"], what.folder, git)
    return begun(connection, answer)


def resubmit(
    connection: Connection, run_id: str, changes: Mapping[str, Any], *, sweep: bool = False
) -> Submitted:
    """Submit a run once more, as a new one, and start what is to run on this machine.

    Args:
        changes: as POST /jobs/RUN/resubmit takes them, or that of /sweeps; what is None stays as it was.
    Raises: what the server raised.
    """
    answer = connection.post(
        f"{SWEEPS if sweep else PATH}/{quote(run_id, safe='')}/resubmit",
        {key: value for key, value in changes.items() if value is not None},
    )
    return begun(connection, answer)


def begun(connection: Connection, answer: Mapping[str, Any]) -> Submitted:
    """Start a job that was recorded, if it is for this machine. Raises: RunyardError; the run has failed then."""
    made = Submitted(answer["run"], answer["job"])
    token = answer.get("token")
    if made.job["target"] == HERE and token:
        try:
            start_local(connection.server, connection.workspace, made.run_id, str(token))
        except RunyardError:
            connection.post(f"{PATH}/{quote(made.run_id, safe='')}/cancel", {}, retry=True)
            raise
    return made


def new_run_id(experiment: str) -> str:
    """Experiment, time and chance, as Azure ML makes it: letters, digits, dashes and underscores."""
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", experiment).strip("-_")[:100] or "run"
    return f"{slug}_{int(time.time())}_{secrets.token_hex(4)}"


def checked(definition: Mapping[str, Any], folder: Path | None) -> dict[str, Any]:
    """A definition whose script is there. Raises: InvalidInput."""
    script = str(definition.get("script") or "")
    if not script and not definition.get("command"):
        if definition.get("environment") and "script" not in definition:
            return dict(definition)  # only an environment is to be built
        raise InvalidInput("Must specify a file to run: give a script, or a command.")
    if script and folder is not None and not (folder / script).is_file():
        raise InvalidInput(
            f"The script {script!r} does not exist in {folder}: its path is relative to the source folder."
        )
    return dict(definition)


def command_definition(words: Sequence[str], folder: Path) -> dict[str, Any]:
    """`script` and `arguments` of `python train.py …` where the script is in the folder; else the command as it is.

    Raises: InvalidInput for a script that would not go along, unless its path is absolute: the machine may have it there; for
        a whole command in one word.
    """
    if (
        len(words) == 1
        and " " in words[0].strip()
        and not (os.path.isabs(words[0]) or _inside(words[0], folder))
    ):
        raise InvalidInput(
            f"{words[0]!r} is one word, and no program's name. Give the program and each of its arguments as a word: "
            f"-- {words[0].strip()}"
        )
    if len(words) > 1 and _PYTHON.fullmatch(os.path.basename(words[0])) and words[1].endswith(".py"):
        inside = _inside(words[1], folder)
        if inside:
            return {"script": inside, "arguments": list(words[2:])}
        if not os.path.isabs(words[1]):
            raise InvalidInput(
                f"There is no {words[1]} in {str(folder)!r}, the folder whose files go along: give its path from there, or another "
                "folder with --source."
            )
    return {"command": list(words)}


def keep_changes(
    connection: Connection, run: Mapping[str, Any], folder: Path | None, git: Git | None
) -> None:
    """Keep what differs from the commit with the run."""
    patch = git_diff(folder) if folder is not None and git is not None and git.dirty else None
    root = str(run["info"]["artifact_uri"])
    if patch is None or not root.startswith("mlflow-artifacts:/"):
        return
    content = patch.encode()
    path = quote(f"{root.removeprefix('mlflow-artifacts:/').lstrip('/')}/{PATCH}")
    connection.upload(f"/api/2.0/mlflow-artifacts/artifacts/{path}", io.BytesIO(content), len(content))


def shown(definition: Mapping[str, Any]) -> str:
    """What a job runs, in one line; empty where it only makes an environment."""
    words = definition.get("command") or ()
    if definition.get("script") and not words:
        words = [definition["script"], *(definition.get("arguments") or ())]
    return shlex.join(map(str, words))


def _inside(script: str, folder: Path) -> str:
    """A script's path within a folder; empty where it is not there."""
    place = (Path.cwd() / script).resolve()
    root = folder.resolve()
    if place.is_file() and place.is_relative_to(root):
        return place.relative_to(root).as_posix()
    return script if (folder / script).is_file() else ""

"""The file that an engine lays down for a job: where to report, and with which credential."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .layout import JobFolder, folder_of, node_name

NEEDED = ("server", "run_id", "folder")


class JobFileWrong(Exception):
    """The file cannot be used; the message says why."""


@dataclass(frozen=True)
class JobFile:
    """What an engine says of a job. `repr` shows no credential.

    Attributes:
        workspace: NAME or SUBSCRIPTION/GROUP/NAME; empty: the server's default one.
        token: of the job. code: to be exchanged for it once, where that is what the engine was given.
        folder: of all jobs and environments on this machine.
        python: interpreters to look at first. gpus: indices of those that this job may use; None: all that there are.
        ca_file: certificates that the server's is checked with, besides the machine's.
        cpus: how many it asked for; 0: as many as there are.
        tidy: remove the working folder at the end, where no engine will do it.
        node: this machine's rank among those of the job, each of which has a folder of its own; None: the surroundings say.
        start: the same on all machines of a job, and another whenever it is started anew.
        engine_id: what the engine calls the job.
    """

    path: str
    server: str
    workspace: str
    run_id: str
    folder: str
    token: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    python: Sequence[str] = ()
    gpus: Sequence[int] | None = None
    ca_file: str = ""
    tidy: bool = False
    cpus: int = 0
    node: int | None = None
    start: str = ""
    engine_id: str = ""

    @property
    def place(self) -> JobFolder:
        """The job's own folder."""
        rank = self.node or 0
        return JobFolder(self.folder, node_name(self.run_id, rank), rank)


def read_job_file(path: str) -> JobFile:
    """Read it. One that others can read is made private first.

    Raises: JobFileWrong.
    """
    path = os.path.abspath(os.path.expanduser(path))
    try:
        with open(path, encoding="utf-8") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                os.chmod(path, 0o600)
            found = json.load(file)
    except (OSError, ValueError) as exc:
        raise JobFileWrong(f"The job file {path} cannot be read: {exc}") from exc
    missing = [name for name in NEEDED if not isinstance(found, dict) or not found.get(name)]
    if missing:
        raise JobFileWrong(f"The job file {path} lacks {', '.join(missing)}.")
    if not found.get("token") and not found.get("code"):
        raise JobFileWrong(f"The job file {path} has neither token nor code.")
    try:
        made = _made(path, found)
        made.place  # noqa: B018 - checks the name
    except (TypeError, ValueError) as exc:
        raise JobFileWrong(f"The job file {path} is wrong: {exc}") from exc
    return made


def _made(path: str, found: dict[str, Any]) -> JobFile:
    python = found.get("python") or ()
    gpus, node = found.get("gpus"), found.get("node")
    return JobFile(
        path=path,
        server=str(found["server"]).rstrip("/"),
        workspace=str(found.get("workspace") or ""),
        run_id=str(found["run_id"]),
        folder=folder_of(str(found["folder"])),
        token=str(found.get("token") or ""),
        code=str(found.get("code") or ""),
        python=(python,) if isinstance(python, str) else tuple(str(one) for one in python),
        gpus=None if gpus is None else tuple(int(one) for one in gpus),
        ca_file=str(found.get("ca_file") or ""),
        tidy=bool(found.get("tidy")),
        cpus=int(found.get("cpus") or 0),
        node=None if node is None else int(node),
        start=str(found.get("start") or ""),
        engine_id=str(found.get("engine_id") or ""),
    )


def keep_token(job: JobFile, token: str) -> JobFile:
    """The file says the token from now on and no longer the code, which is good only once."""
    with open(job.path, encoding="utf-8") as file:
        found = json.load(file)
    found.pop("code", None)
    write_private(job.path, json.dumps({**found, "token": token}).encode())
    return replace(job, token=token, code="")


def write_private(path: str, content: bytes) -> None:
    """Replace a file by one that only its owner reads; a crash leaves the old one or the new one."""
    beside = f"{path}.{os.getpid()}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(beside, flags, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise


def say(text: str) -> None:
    """Into the runner's own log."""
    print(text, file=sys.stderr, flush=True)

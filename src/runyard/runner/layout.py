"""Where a runner keeps what it needs on its machine.

jobs/<run id>/      job.json runner.log state.json work/ logs/
jobs/<run id>.<n>/  the same of the n-th node, where each has a folder of its own
environments/       one folder for each
uv/                 the installer, where the machine has none
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z0-9][\w\-.]{0,255}")


@dataclass(frozen=True)
class JobFolder:
    """The folder of one job, or of one node of it.

    Attributes:
        root: the folder of all jobs and environments.
        name: the run's id; with a dot and its rank for a node other than the first that has a folder of its own.
        owner: rank of the machine whose the folder is; others that share it put their own beside.
    """

    root: str
    name: str
    owner: int = 0

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise ValueError(f"{self.name!r} is no name of a job.")

    @property
    def path(self) -> str:
        """What belongs to this job only."""
        return os.path.join(self.root, "jobs", self.name)

    def file(self, *names: str) -> str:
        """Something in it."""
        return os.path.join(self.path, *names)

    def own(self, name: str, rank: int) -> str:
        """A folder of one machine of the job; several may share the job's folder."""
        return self.file(name if rank == self.owner else f"{name}-{rank}")

    def state_file(self, rank: int) -> str:
        """Where one machine of the job writes down how far it is."""
        return self.file("state.json" if rank == self.owner else f"state-{rank}.json")

    @property
    def runner_log(self) -> str:
        """What the runner itself says."""
        return self.file("runner.log")

    def make_private(self) -> None:
        """The folder is there, and nobody else reads it."""
        os.makedirs(self.path, mode=0o700, exist_ok=True)


def node_name(run_id: str, rank: int) -> str:
    """The folder's name of a node that has one of its own."""
    return f"{run_id}.{rank}" if rank else run_id


def folder_of(text: str) -> str:
    """A folder as it was written, `~` included."""
    return os.path.abspath(os.path.expanduser(text))


def is_name(text: str) -> bool:
    """Whether a text can be the name of a job, and so of a folder."""
    return _NAME.fullmatch(text) is not None

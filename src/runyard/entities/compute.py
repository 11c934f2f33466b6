"""Where jobs run: compute targets, their limits, their machines, and sizes that pools are made of."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runyard.entities.job import Resources

POOL = "pool"
KINDS = ("local", "ssh", "slurm", "ray", POOL)


class ComputeState(enum.IntEnum):
    """What a compute target does."""

    RUNNING = 0  # takes jobs
    STOPPED = 1  # takes none until it is started; what runs goes on
    UNREACHABLE = 2  # was asked and did not answer; asked again with growing delay

    @property
    def text(self) -> str:
        """Running, Stopped, Unreachable."""
        return self.name.capitalize()


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much of a compute target is used at once; 0: no limit."""

    max_running: int = 0
    max_running_per_person: int = 0
    max_queued_per_person: int = 0
    max_seconds: int = 0
    max_nodes: int = 0
    min_nodes: int = 0
    idle_seconds: int = 120


class Node(msgspec.Struct, frozen=True):
    """A machine as the engine tells of it.

    Attributes:
        state: idle, running, unusable, or a word of the engine's.
    """

    name: str
    state: str
    cpus: int = 0
    memory_mb: int = 0
    gpus: int = 0
    running: int = 0


class Size(msgspec.Struct, frozen=True):
    """A named request for resources, declared by an administrator: what Azure ML calls a vm_size.

    Attributes:
        compute: name of the attached compute target whose machines have it.
        options: for the engine, such as Slurm's partition.
    """

    name: str
    compute: str
    resources: Resources
    max_nodes: int = 0
    options: Mapping[str, str] = {}


class Compute(msgspec.Struct, frozen=True):
    """A compute target of a workspace.

    Attributes:
        kind: local (the server's machine), ssh, slurm, ray; pool: nodes of a size of one of those.
        settings: as the engine of its kind reads them; no secrets. entities/compute.py does not know more of them.
        base: for a pool: name of the compute target below it. size: what its nodes are.
        groups: names of the groups whose members may submit; empty: all who may submit here.
        server_url: how its machines reach this server; empty: as everybody does.
        error: of the last time that the engine was asked; empty: it answered.
        credentials: names of the credentials that it has. secret: those, encrypted.
        workspace: its workspace's name.
    """

    id: int
    workspace_id: int
    name: str
    kind: str
    state: ComputeState
    settings: Mapping[str, Any]
    limits: Limits
    created_ms: int
    modified_ms: int
    created_by: str
    description: str = ""
    tags: Mapping[str, str] = {}
    base: str = ""
    size: str = ""
    groups: Sequence[str] = ()
    server_url: str = ""
    checked_ms: int | None = None
    error: str = ""
    nodes: Sequence[Node] = ()
    credentials: Sequence[str] = ()
    secret: bytes | None = None
    workspace: str = ""

    def __repr__(self) -> str:
        return f"Compute({self.name!r}, {self.kind!r})"

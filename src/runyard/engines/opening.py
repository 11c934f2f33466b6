"""Which engine a compute target has. Engines are loaded when they are first needed."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any, TypeVar

import msgspec

from runyard.engines.contracts import Engine, EngineRefused
from runyard.engines.shell.contracts import Reach
from runyard.entities.compute import Compute
from runyard.entities.compute_settings import LocalSettings, RaySettings, Shape, SlurmSettings, SshSettings

S = TypeVar("S", bound=Shape)
FixHostKey = Callable[[int, str, int, str], Awaitable[str]]
Connect = Callable[[str, int], Awaitable[Any]]


class EngineOpening:
    """Opens engines.

    Args:
        connect: see Reach.
        fix_host_key: the same as Reach's, with the compute target's id first.
        folder: where the work of local jobs lies unless a target's settings say so.
        local_jobs: whether jobs may run on the server's own machine at all.
    """

    def __init__(self, connect: Connect, fix_host_key: FixHostKey, folder: str, *, local_jobs: bool) -> None:
        self._connect = connect
        self._fix_host_key = fix_host_key
        self._folder = folder
        self._local_jobs = local_jobs
        self._openers: Mapping[str, Callable[[Compute, Mapping[str, Any], Reach], Engine]] = {
            "local": self._local,
            "ssh": self._ssh,
            "slurm": self._slurm,
            "ray": self._ray,
        }

    def open(self, compute: Compute, credentials: Mapping[str, Any]) -> Engine:
        """The engine of a target that is no pool; nothing is sent yet.

        Raises: EngineRefused, when its settings or credentials cannot be used on this server.
        """
        opener = self._openers.get(compute.kind)
        if opener is None:
            raise EngineRefused(f"This server has no engine for compute targets of kind {compute.kind!r}.")
        reach = Reach(self._connect, partial(self._fix_host_key, compute.id))
        return opener(compute, credentials, reach)

    def capacity(self, compute: Compute) -> int:
        """How many jobs a target that is no pool runs at once by its nature; 0: its scheduler decides."""
        if compute.kind == "local":
            settings = _settings(compute, LocalSettings)
            return int(_module("local").local_capacity(settings, limited=compute.limits.max_running > 0))
        if compute.kind == "ssh":
            return int(_module("ssh").ssh_capacity(_settings(compute, SshSettings)))
        return 0

    def _local(self, compute: Compute, credentials: Mapping[str, Any], reach: Reach) -> Engine:
        if not self._local_jobs:
            raise EngineRefused(
                "Jobs do not run on the server's own machine here; its administrator can allow it by --local-jobs."
            )
        engine: Engine = _module("local").open_local(_settings(compute, LocalSettings), self._folder)
        return engine

    def _ssh(self, compute: Compute, credentials: Mapping[str, Any], reach: Reach) -> Engine:
        engine: Engine = _module("ssh").open_ssh(_settings(compute, SshSettings), credentials, reach)
        return engine

    def _slurm(self, compute: Compute, credentials: Mapping[str, Any], reach: Reach) -> Engine:
        settings = _settings(compute, SlurmSettings)
        if not settings.hosts and not self._local_jobs:
            raise EngineRefused(
                "The server's own machine submits no jobs to Slurm here; name a login node in settings.hosts."
            )
        engine: Engine = _module("slurm").open_slurm(settings, credentials, reach)
        return engine

    def _ray(self, compute: Compute, credentials: Mapping[str, Any], reach: Reach) -> Engine:
        engine: Engine = _module("ray").open_ray(_settings(compute, RaySettings), credentials, reach)
        return engine


def _module(kind: str) -> ModuleType:
    return importlib.import_module(f"runyard.engines.{kind}.engine")


def _settings(compute: Compute, shape: type[S]) -> S:
    try:
        return msgspec.convert(compute.settings, shape)
    except msgspec.ValidationError as exc:
        raise EngineRefused(f"The settings of {compute.name!r} cannot be read: {exc}") from exc

"""The engines of compute targets: which one, opened once, and opened anew when its target has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from runyard.engines.contracts import Engine, EngineRefused
from runyard.entities.compute import POOL, Compute, ComputeState, Limits, Size
from runyard.entities.job import Resources
from runyard.errors import RunyardError
from runyard.store.compute_contracts import ComputeStore

OpenEngine = Callable[[Compute, Mapping[str, Any]], Engine]
Credentials = Callable[[Compute], Mapping[str, Any]]


class Target(msgspec.Struct, frozen=True):
    """A compute target with what it stands on.

    Attributes:
        base: the one that has the machines; the target itself unless it is a pool.
        size: what a pool's nodes are.
        lacks: why it takes no new jobs, whatever runs; empty: it does.
    """

    compute: Compute
    base: Compute
    size: Size | None = None
    lacks: str = ""

    def resources(self, wanted: Resources) -> Resources:
        """What one node of a job needs, where a pool's nodes have what their size says."""
        if self.size is None:
            return wanted
        of_size = self.size.resources
        return Resources(
            wanted.cpus or of_size.cpus, wanted.memory_mb or of_size.memory_mb, wanted.gpus or of_size.gpus
        )

    @property
    def options(self) -> Mapping[str, str]:
        """Of the size, for the engine."""
        return {} if self.size is None else self.size.options


class Targets:
    """Finds what compute targets stand on, and keeps the engines of those open.

    Args:
        open_engine: opens the engine of a target that is no pool; nothing is sent yet. Raises: EngineRefused.
        credentials: decrypts those of a target.
        local_jobs: whether a pool without a base is the server's own machine.
    """

    def __init__(
        self, store: ComputeStore, open_engine: OpenEngine, credentials: Credentials, *, local_jobs: bool
    ) -> None:
        self._store = store
        self._open = open_engine
        self._credentials = credentials
        self._local_jobs = local_jobs
        self._engines: dict[int, tuple[int, Engine]] = {}

    async def of(self, compute: Compute) -> Target:
        """Raises: EngineRefused, when a pool's base is gone."""
        if compute.kind != POOL:
            return Target(compute, compute)
        size = await self._store.find_size(compute.workspace_id, compute.size) if compute.size else None
        if not compute.base:
            if not self._local_jobs:
                raise EngineRefused(_gone(compute, "the server's own machine, which takes no jobs here"))
            return Target(compute, machine_itself(compute), size)
        base = await self._store.find(compute.workspace_id, compute.base)
        if base is None or base.kind == POOL:
            raise EngineRefused(_gone(compute, f"the compute target {compute.base!r}, which is not there"))
        lacks = compute.size and size is None
        text = _gone(compute, f"the size {compute.size!r}, which is not declared any more") if lacks else ""
        return Target(compute, base, size, text)

    async def engine(self, base: Compute) -> Engine:
        """That of the newest record of the target: whoever still has an older one does not close it.

        Raises: EngineRefused, also for credentials that do not open.
        """
        known = self._engines.get(base.id)
        if known is not None and known[0] >= base.modified_ms:
            return known[1]
        try:
            engine = self._open(base, self._credentials(base))
        except RunyardError as exc:
            raise EngineRefused(exc.message) from exc
        self._engines[base.id] = (base.modified_ms, engine)
        if known is not None:
            await known[1].aclose()
        return engine

    async def forget(self, base_id: int) -> None:
        """Close the engine of a target that changed or was deleted."""
        known = self._engines.pop(base_id, None)
        if known is not None:
            await known[1].aclose()

    async def aclose(self) -> None:
        """Close all."""
        for base_id in list(self._engines):
            await self.forget(base_id)


def machine_itself(pool: Compute) -> Compute:
    """The server's own machine, below a pool that names nothing else. It is no record, so its id is below zero."""
    return Compute(
        id=-pool.id,
        workspace_id=pool.workspace_id,
        name="this server's machine",
        kind="local",
        state=ComputeState.RUNNING,
        settings={},
        limits=Limits(),
        created_ms=0,
        modified_ms=0,
        created_by="",
        workspace=pool.workspace,
    )


def _gone(pool: Compute, what: str) -> str:
    return f"The pool {pool.name!r} is made of {what}. Update the pool, or submit to another compute target."

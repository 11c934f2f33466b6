"""What sweeps ask of a store; the rules of store.contracts hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from runyard.entities.sweep import Stop, Sweep, SweepConfig, Trial


class SweepStore(Protocol):
    """Sweeps and their trials. A trial is proposed here before its run is made, so that a restart makes the same one."""

    async def create(self, workspace_id: int, run_id: str, config: SweepConfig) -> Sweep:
        """A sweep whose run is about to be made; again with the same configuration is the same.

        Raises: AlreadyExists for another configuration.
        """
        ...

    async def attach(self, row: int) -> None:
        """Its run is made: they go together from now on."""
        ...

    async def find(self, workspace_id: int, run_id: str) -> Sweep | None: ...

    async def active(self) -> Sequence[Sweep]:
        """Those in which something happens, of all workspaces, oldest first."""
        ...

    async def trials(self, sweep: Sweep) -> Sequence[Trial]:
        """By number, with the states of their jobs and summaries of the metric. Cost: two index lookups for each."""
        ...

    async def logged(self, sweep: Sweep, limit: int) -> Sequence[str]:
        """Names of metrics that its trials have, those of machines left out, by name. Cost: the series of all its trials."""
        ...

    async def add_trial(self, row: int, number: int, run_id: str, parameters: Mapping[str, Any]) -> Trial:
        """The trial of that number: this one, or the one that was there before it."""
        ...

    async def stop_trials(self, row: int, numbers: Sequence[int], why: Stop) -> None:
        """They are about to be canceled."""
        ...

    async def note(self, row: int, number: int) -> None:
        """Its parameters were logged."""
        ...

    async def set_best(self, row: int, run_id: str) -> None:
        """The best trial so far."""
        ...

    async def finish(self, row: int) -> None:
        """Nothing happens in it any more."""
        ...

    async def discard(self, row: int) -> None:
        """Its run was never made."""
        ...

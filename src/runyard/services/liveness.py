"""Rules for signs of life: how long a run may be silent, and what clients say of themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from runyard.entities.alert import WHOLE_WORKSPACE
from runyard.errors import InvalidInput
from runyard.services.alerts import READ, WRITE, require
from runyard.services.checks import check_length, check_text, experiment_of
from runyard.services.context import Context
from runyard.services.journals import check_journal
from runyard.store.alert_contracts import Beat, LivenessStore
from runyard.store.journal_contracts import Admission

RUNS_LIMIT = 1_000
INTERVAL_S = (1, 3_600)
SECONDS = (10, 30 * 86_400)
REASON_LIMIT = 1_000
HOST_LIMIT = 255


class _Journals(Protocol):
    async def seen(self, workspace_id: int, journal: str, *, ended: bool) -> None: ...


class Limits(NamedTuple):
    """How long runs may be silent, in seconds; 0: for ever; None: not set there, so that what is further out counts."""

    server_s: int
    workspace_s: int | None
    experiments: dict[int, int]


class LivenessService:
    """Checks, then asks the store.

    Args:
        default_s: how long runs may be silent where nothing is set; 0: for ever.
    """

    def __init__(self, store: LivenessStore, journals: _Journals, default_s: int) -> None:
        self._store = store
        self._journals = journals
        self._default_s = default_s

    async def beat(
        self,
        ctx: Context,
        journal: str,
        run_ids: Sequence[str],
        *,
        interval_s: int,
        host: str,
        ended: str | None,
    ) -> None:
        """A client and its runs are alive; or it has ended: in order, where `ended` is empty, else for that reason."""
        check_journal(journal)
        if len(run_ids) > RUNS_LIMIT:
            raise InvalidInput(f"A sign of life can be of at most {RUNS_LIMIT} runs. Got {len(run_ids)}.")
        _check_range("interval_s", interval_s, INTERVAL_S)
        check_length("host", host, HOST_LIMIT)
        for what, text in (("host", host), ("ended", ended or "")):
            check_text(what, text)
        known = [one for one in run_ids if "\0" not in one]
        beat = Beat(known, interval_s, host or ctx.remote, self._default_s, journal)
        admission = Admission(ctx.grants, ctx.principal.name, ctx.workspace)
        seen = self._journals.seen(ctx.workspace_id, journal, ended=ended is not None)
        if ended is None:
            await asyncio.gather(seen, self._store.beat(ctx.workspace_id, beat, admission))
        else:
            await seen  # from here on signs that are still under way say nothing
            await self._store.end(ctx.workspace_id, beat, ended[:REASON_LIMIT], admission)

    async def limits(self, ctx: Context) -> Limits:
        """What is set where they may see it."""
        found = dict(await self._store.limits(ctx.workspace_id))
        workspace_s = found.pop(WHOLE_WORKSPACE, None)
        seen = {one: seconds for one, seconds in found.items() if ctx.grants.permits(READ, one)}
        return Limits(self._default_s, workspace_s if ctx.grants.permits(READ) else None, seen)

    async def set_limit(self, ctx: Context, experiment_id: str | int | None, seconds: int | None) -> None:
        """How long runs of an experiment, or of the whole workspace, may be silent; None: as further out."""
        experiment = None if experiment_id in (None, "") else experiment_of(ctx, experiment_id or "")
        require(ctx, WRITE, experiment)
        if seconds:
            _check_range("seconds", seconds, SECONDS)
        place = WHOLE_WORKSPACE if experiment is None else experiment
        await self._store.set_limit(ctx.workspace_id, place, seconds)


def _check_range(what: str, value: int, limits: tuple[int, int]) -> None:
    if not limits[0] <= value <= limits[1]:
        raise InvalidInput(
            f"Invalid value {value} for parameter '{what}' supplied: it must be {limits[0]} to {limits[1]}."
        )

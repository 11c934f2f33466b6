"""What is told of a sweep: params of its trials, the best of them, a note, and its log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from runyard.entities.common import Param, Tag
from runyard.entities.sweep import BEST_TAG, METRIC_TAG, NOTE_TAG, Sweep, Trial, best_of
from runyard.errors import CallerError
from runyard.jobs.sweep_parts import Logs, Look, Runs
from runyard.services.sweep_notes import NAMES, is_blind, note_of
from runyard.services.sweep_spaces import text_of
from runyard.store.sweep_contracts import SweepStore

log = logging.getLogger("runyard.jobs")

PARAM_CHARS = 6_000
LOG_NAME = "azureml-logs/hyperdrive.txt"


class Telling:
    """Writes to the runs of a sweep, and to its log what the look has to say.

    Args:
        clock: seconds since 1970.
    """

    def __init__(self, store: SweepStore, runs: Runs, logs: Logs, clock: Callable[[], float]) -> None:
        self._store = store
        self._runs = runs
        self._logs = logs
        self._clock = clock

    async def note(self, sweep: Sweep, trials: Sequence[Trial], look: Look) -> None:
        """Parameters of trials that have ended are params of their runs, unless the scripts logged them themselves."""
        for one in trials:
            if one.noted or one.state is None or not one.state.ended:
                continue
            params = [Param(key, text_of(value)[:PARAM_CHARS]) for key, value in one.parameters.items()]
            for some in (params, *([param] for param in params)):
                try:
                    await self._runs.log(sweep.workspace_id, one.run_id, params=some)
                except CallerError as exc:
                    log.debug("Run %s keeps a param of its own: %s", one.run_id, exc)
                else:
                    if some is params:
                        break
            await self._store.note(sweep.row, one.number)
            value = "no value" if one.best is None else f"{one.best!r}"
            look.said.append(f"Trial {one.number} is {one.state.text}; {sweep.config.metric}: {value}")

    async def tell_best(self, sweep: Sweep, trials: Sequence[Trial], look: Look) -> None:
        """Which trial is the best, when that has changed."""
        best = best_of(sweep.config, trials)
        if best is None or (best.run_id, best.best) == look.best:
            return
        await self._tag(sweep, Tag(BEST_TAG, best.run_id), Tag(METRIC_TAG, repr(best.best)))
        await self._store.set_best(sweep.row, best.run_id)
        look.best = (best.run_id, best.best)
        look.said.append(f"The best is trial {best.number}; {sweep.config.metric}: {best.best!r}")

    async def tell_blind(self, sweep: Sweep, trials: Sequence[Trial], look: Look) -> None:
        """That nobody logs what is compared, where it is so."""
        if not is_blind(trials):
            return
        note = note_of(sweep.config, await self._store.logged(sweep, NAMES + 1))
        await self._tag(sweep, Tag(NOTE_TAG, note))
        look.said.append(note)

    async def write(self, sweep: Sweep, look: Look) -> None:
        """What was said goes into the sweep's log; its end closes that."""
        said, look.said = look.said, []
        if not said:
            return
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._clock()))
        text = "".join(f"[{stamp}] {line}\n" for line in said)
        try:
            await self._logs.add(sweep.workspace_id, sweep.run_id, LOG_NAME, text)
        except CallerError as exc:
            log.info("The log of sweep %s takes no more: %s", sweep.run_id, exc)

    async def _tag(self, sweep: Sweep, *tags: Tag) -> None:
        try:
            await self._runs.log(sweep.workspace_id, sweep.run_id, tags=tags)
        except CallerError as exc:
            log.info("The sweep %s is told no more of: %s", sweep.run_id, exc)  # it is deleted

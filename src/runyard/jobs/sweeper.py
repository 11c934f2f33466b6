"""What goes on in sweeps: trials are proposed and submitted, hopeless ones stopped, and the sweep ended after the last.

Nothing is kept here that is not in the store: a server that takes over, or is started again, goes on from there.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runyard.entities.job import Job, JobError, JobState
from runyard.entities.run import RUN_NAME_TAG
from runyard.entities.sweep import (
    NO_POLICY,
    TRIALS_TAG,
    Stop,
    Sweep,
    Trial,
)
from runyard.errors import CallerError, NotFound, QueueFull, RunyardError
from runyard.jobs.sweep_parts import (
    SHORTEST_S,
    Ends,
    Logs,
    Look,
    Metrics,
    Propose,
    Runs,
    Submitter,
    SweptJobs,
    all_failed,
    is_hopeless,
    outcome_of,
)
from runyard.jobs.sweep_telling import Telling
from runyard.services.jobs_definition import SWEEP
from runyard.services.sweep_policies import due_interval, to_stop
from runyard.services.sweep_spaces import arguments_of
from runyard.store.sweep_contracts import SweepStore

log = logging.getLogger("runyard.jobs")

POINTS = 5_000  # of one trial that a policy looks at
LONGEST_S = 5.0  # between two looks at a sweep
PROPOSING_S = 2.0  # in one look: models of many trials take their time, and other sweeps wait
ORPHAN_MS = 600_000


class Sweeper:
    """Looks after sweeps.

    Args:
        propose: what is tried next.
        monotonic: seconds that only grow. clock: seconds since 1970.
    """

    def __init__(
        self,
        store: SweepStore,
        jobs: SweptJobs,
        submitter: Submitter,
        ends: Ends,
        metrics: Metrics,
        runs: Runs,
        logs: Logs,
        propose: Propose,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._submitter = submitter
        self._ends = ends
        self._metrics = metrics
        self._telling = Telling(store, runs, logs, clock)
        self._propose = propose
        self._monotonic = monotonic
        self._clock = clock
        self._looks: dict[int, Look] = {}

    async def step(self) -> bool:
        """Look at the sweeps whose time has come. One that fails is tried again and holds up no other."""
        active = await self._store.active()
        self._looks = {one.row: self._looks.get(one.row) or Look() for one in active}
        for sweep in active:
            look = self._looks[sweep.row]
            if self._monotonic() < look.next_at:
                continue
            try:
                changed = await self._turn(sweep, look)
            except RunyardError as exc:
                changed = False
                log.warning("The sweep %s waits: %s", sweep.run_id, exc)
            except Exception:
                changed = False
                log.exception("Looking after the sweep %s failed; it is tried again", sweep.run_id)
            look.pause_s = SHORTEST_S if changed else min(LONGEST_S, look.pause_s * 1.5)
            look.next_at = self._monotonic() + look.pause_s
        return False

    async def _turn(self, sweep: Sweep, look: Look) -> bool:
        """Do what is to be done now; whether anything has changed since the last time."""
        parent = await self._jobs.find(sweep.workspace_id, sweep.run_id)
        if parent is None or parent.kind != SWEEP:  # not made yet, or the id turns out to be another run's
            if self._now_ms() - sweep.created_ms > ORPHAN_MS:
                await self._store.discard(sweep.row)
            return False
        if not look.attached:
            await self._store.attach(sweep.row)  # its run was made and then the server was stopped
            look.attached = True
        trials = list(await self._store.trials(sweep))
        changed = look.is_news(trials)
        await self._telling.note(sweep, trials, look)
        await self._telling.tell_best(sweep, trials, look)
        if parent.state.ended:
            await self._store.finish(sweep.row)
        elif parent.cancel_ms is not None:
            await self._jobs.cancel(
                sweep.workspace_id, sweep.run_id
            )  # again: those that were just being made, too
        else:
            changed = await self._go_on(sweep, parent, trials, look) or changed
        await self._telling.write(sweep, look)
        return changed

    async def _go_on(self, sweep: Sweep, parent: Job, trials: list[Trial], look: Look) -> bool:
        config = sweep.config
        is_over = self._now_ms() - sweep.created_ms > config.max_seconds * 1000
        if is_over:
            await self._cancel(sweep, [one for one in trials if one.is_active], Stop.TIME, look)
        else:
            await self._cancel_stopped(sweep, trials, look)
            await self._stop_hopeless(sweep, trials, look)
        takes_more = not is_over and not is_hopeless(trials)
        try:
            made = await self._make(sweep, parent, trials, look) if takes_more else 0
        except QueueFull as exc:
            log.info("The sweep %s makes more trials later: %s", sweep.run_id, exc)
            return False
        except CallerError as exc:
            now = await self._jobs.find(sweep.workspace_id, sweep.run_id)
            if now is not None and not now.state.ended and now.cancel_ms is None:
                await self._end(sweep, parent, trials, look, JobError("SubmitError", exc.message))
            return True
        if made or any(one.is_active for one in trials):
            return made > 0
        await self._end(sweep, parent, trials, look, None)
        return True

    async def _make(self, sweep: Sweep, parent: Job, trials: list[Trial], look: Look) -> int:
        """Submit what was proposed and is not there yet, then propose more; how many were submitted."""
        config, made = sweep.config, 0
        for one in trials:
            if one.is_to_be_made:
                await self._submit(sweep, parent, one, look)
                made += 1
        running = sum(one.is_active for one in trials)
        until = self._monotonic() + PROPOSING_S
        while (
            self._monotonic() < until and running < config.max_concurrent and len(trials) < config.max_total
        ):
            number = len(trials)
            parameters = await self._propose(config, number, trials)
            if parameters is None:
                break
            run_id = f"{sweep.run_id}_{number}"
            one = await self._store.add_trial(sweep.row, number, run_id, parameters)
            trials.append(one)
            await self._submit(sweep, parent, one, look)
            running, made = running + 1, made + 1
        return made

    async def _submit(self, sweep: Sweep, parent: Job, one: Trial, look: Look) -> None:
        name = f"{parent.run_name}-{one.number}"
        await self._submitter.submit_below(
            parent,
            one.run_id,
            run_name=name,
            arguments=arguments_of(sweep.config.space, one.parameters),
            tags={TRIALS_TAG: _json(one.parameters), RUN_NAME_TAG: name},
        )
        look.said.append(f"Trial {one.number} is submitted: {_json(one.parameters)}")

    async def _stop_hopeless(self, sweep: Sweep, trials: Sequence[Trial], look: Look) -> None:
        """By the policy. Histories are read of trials that have new points, and only when one is to be judged."""
        config = sweep.config
        if config.policy.kind == NO_POLICY:
            return
        judged = {
            one.number: due_interval(config.policy, one.points)
            for one in trials
            if one.is_active and one.stop is Stop.NOT and one.points
        }
        judged = {number: at for number, at in judged.items() if at > look.judged.get(number, 0)}
        if not judged:
            return
        look.judged.update(judged)
        last = max(judged.values())
        for one in trials:
            if len(look.histories.get(one.number, ())) < min(one.points, POINTS, last):
                found = await self._metrics.history(
                    sweep.workspace_id, one.run_id, config.metric, POINTS, None
                )
                look.histories[one.number] = array("d", found.values)
        reached = {
            number: due_interval(config.policy, min(at, len(look.histories.get(number, ()))))
            for number, at in judged.items()
        }
        stop = set(await asyncio.to_thread(to_stop, config, dict(look.histories), reached, look.curves))
        await self._cancel(sweep, [one for one in trials if one.number in stop], Stop.POLICY, look)

    async def _cancel_stopped(self, sweep: Sweep, trials: Sequence[Trial], look: Look) -> None:
        some = [one for one in trials if one.stop is not Stop.NOT and one.is_active]
        await self._cancel(sweep, some, Stop.POLICY, look)

    async def _cancel(self, sweep: Sweep, some: Sequence[Trial], why: Stop, look: Look) -> None:
        """Those that are stopped already are canceled again: it may be that only the first half was done."""
        fresh = [one.number for one in some if one.stop is Stop.NOT]
        if fresh:
            await self._store.stop_trials(sweep.row, fresh, why)
            numbers = ", ".join(map(str, fresh))
            look.said.append(f"Stopped by the {'policy' if why is Stop.POLICY else 'sweep'}: trial {numbers}")
        for one in some:
            if one.state is JobState.CANCEL_REQUESTED:
                continue
            job = await self._jobs.find(sweep.workspace_id, one.run_id)
            if job is None or job.parent_run_id != sweep.run_id:
                continue  # it was never made, or is somebody else's
            try:
                await self._jobs.cancel(sweep.workspace_id, one.run_id)
            except NotFound:
                continue  # it is gone

    async def _end(
        self, sweep: Sweep, parent: Job, trials: Sequence[Trial], look: Look, error: JobError | None
    ) -> None:
        if error is not None:
            await self._cancel(sweep, [one for one in trials if one.is_active], Stop.TIME, look)
        await self._telling.tell_blind(sweep, trials, look)
        look.said.append("The sweep ends" + ("" if error is None else f": {error.message}"))
        await self._telling.write(sweep, look)
        if error is not None:
            await self._ends.end(parent, JobState.FAILED, error)
        else:
            state = outcome_of(trials)
            failed = state is JobState.FAILED
            await self._ends.end(parent, state, all_failed(len(trials)) if failed else None)
        await self._store.finish(sweep.row)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def _json(parameters: Mapping[str, Any]) -> str:
    return json.dumps(parameters, ensure_ascii=False)

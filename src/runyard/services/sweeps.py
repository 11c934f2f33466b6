"""Rules for sweeps: what may be tried, how it is submitted, and how far it is."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from runyard.entities.job import CLIENT_TARGET, MAX_SECONDS
from runyard.entities.sweep import (
    BAYESIAN,
    GOALS,
    GRID,
    POLICIES,
    SAMPLINGS,
    Sweep,
    SweepConfig,
    Trial,
    best_of,
)
from runyard.errors import CallerError, InvalidInput, NotFound, shown
from runyard.services.checks import check_key
from runyard.services.context import Context
from runyard.services.jobs import Again, JobService
from runyard.services.jobs_definition import BYTES, SWEEP, check_run_id
from runyard.services.jobs_submission import Submission, Submitted
from runyard.services.jobs_submitting import JobSubmitter
from runyard.services.sweep_notes import NAMES, is_blind, note_of
from runyard.services.sweep_policies import check_policy
from runyard.services.sweep_spaces import COUNTED, checked_space
from runyard.store.sweep_contracts import SweepStore

TRIALS = 1_000
AT_ONCE = 100
SEEDS = 2**31


class SweepSubmission(msgspec.Struct, frozen=True):
    """What somebody asks for.

    Attributes:
        job: what each trial does, and where.
        config: what is tried.
        seed: None: any.
    """

    job: Submission
    config: SweepConfig
    seed: int | None = None


class SweepAgain(msgspec.Struct, frozen=True):
    """What is to be different when a sweep is submitted again; None: nothing."""

    job: Again = Again()
    metric: str | None = None
    max_total: int | None = None
    max_concurrent: int | None = None
    max_seconds: int | None = None
    seed: int | None = None


class Progress(msgspec.Struct, frozen=True):
    """How far a sweep is. `note`: what people should know of it."""

    sweep: Sweep
    trials: Sequence[Trial]
    best: Trial | None
    note: str


class SweepService:
    """Checks, submits and tells. What happens meanwhile is the sweeper's.

    Args:
        check_sampler: raises, when Bayesian sampling is not possible here.
    """

    def __init__(
        self,
        store: SweepStore,
        submitter: JobSubmitter,
        jobs: JobService,
        check_sampler: Callable[[], None],
    ) -> None:
        self._store = store
        self._submitter = submitter
        self._jobs = jobs
        self._check_sampler = check_sampler

    async def submit(self, ctx: Context, asked: SweepSubmission) -> Submitted:
        """The sweep's run and job; its trials follow. The same again for the same run id and request.

        Raises: as submitting a job; NotImplementedHere.
        """
        job = asked.job
        run_id = _check_run_id(job.run_id) if job.run_id else f"HD_{uuid.uuid4()}"
        seed = _seed_of(run_id) if asked.seed is None else asked.seed
        config = self._checked(replace(asked.config, seed=seed))
        whole = replace(job, run_id=run_id, kind=SWEEP)
        if job.dry_run:
            return await self._submitter.submit(ctx, whole, sweep=True)
        sweep = await self._store.create(ctx.workspace_id, run_id, config)
        try:
            made = await self._submitter.submit(ctx, whole, sweep=True)
        except CallerError:
            await self._store.discard(sweep.row)
            raise
        await self._store.attach(sweep.row)
        return made

    async def resubmit(self, ctx: Context, run_id: str, again: SweepAgain) -> Submitted:
        """The same once more, as a new sweep, or with some of it changed: the same seed tries the same.

        Raises: NotFound for a run that is no sweep; as submitting.
        """
        old = (await self._found(ctx, run_id)).config
        names = ("metric", "max_total", "max_concurrent", "max_seconds", "seed")
        changes = {name: value for name in names if (value := getattr(again, name)) is not None}
        if again.job.target == CLIENT_TARGET:
            changes = {"max_concurrent": 1, **changes}  # it may have been a cluster that took more
        space = {one.flag or name: one for name, one in old.space.items()}
        config = replace(old, space=space, **changes)
        job = await self._jobs.again(ctx, run_id, again.job)
        return await self.submit(ctx, SweepSubmission(job, config, config.seed))

    async def get(self, ctx: Context, run_id: str) -> Progress:
        """Raises: NotFound for a run that is no sweep, or none that the caller may see."""
        found = await self._found(ctx, run_id)
        trials = await self._store.trials(found)
        note = note_of(found.config, await self._store.logged(found, NAMES + 1)) if is_blind(trials) else ""
        return Progress(found, trials, best_of(found.config, trials), note)

    async def _found(self, ctx: Context, run_id: str) -> Sweep:
        await self._jobs.get(ctx, run_id)
        found = await self._store.find(ctx.workspace_id, run_id)
        if found is None:
            raise NotFound(f"The run {shown(run_id, 300)} is no sweep.")
        return found

    def _checked(self, config: SweepConfig) -> SweepConfig:
        for name, value, known in (
            ("sampling", config.sampling, SAMPLINGS),
            ("goal", config.goal, GOALS),
            ("policy.kind", config.policy.kind, POLICIES),
        ):
            if value not in known:
                raise InvalidInput(f"Invalid value {shown(value)} for '{name}': one of {', '.join(known)}.")
        for name, number, most in (
            ("max_total", config.max_total, TRIALS),
            ("max_concurrent", config.max_concurrent, AT_ONCE),
            ("max_seconds", config.max_seconds, MAX_SECONDS),
        ):
            if not 1 <= number <= most:
                raise InvalidInput(f"Invalid value {shown(number)} for '{name}': 1 to {most}.")
        if not 0 <= config.seed < SEEDS:
            raise InvalidInput(f"Invalid value {shown(config.seed)} for 'seed': 0 to {SEEDS - 1}.")
        check_key(config.metric, "Metric")
        check_policy(config.policy)
        space = checked_space(config.space)
        if config.sampling == GRID and any(one.kind not in COUNTED for one in space.values()):
            raise InvalidInput(
                f"A grid has parameters of kind {' and '.join(COUNTED)} only. Choose sampling 'random' for ranges."
            )
        if config.sampling == BAYESIAN:
            self._check_sampler()
        made = replace(config, space=space)
        if len(msgspec.json.encode(made)) > BYTES:
            raise InvalidInput(f"The sweep's configuration has more than {BYTES} bytes as JSON.")
        return made


def _check_run_id(run_id: str) -> str:
    """Those of its trials are longer by a number. Raises: InvalidInput."""
    check_run_id(f"{run_id}_{TRIALS}")
    return run_id


def _seed_of(run_id: str) -> int:
    """One that the same request has again."""
    return int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:4]) % SEEDS

"""What a runner tells of its job, and what it is told: with the job's own token, for its own job alone."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec

from runyard.entities.experiment import Experiment
from runyard.entities.job import Job, JobError, JobState
from runyard.entities.workspace import Workspace
from runyard.errors import AlreadyExists, InvalidInput, NotAllowed, NotFound, shown
from runyard.services.checks import check_length, check_text
from runyard.services.context import Context
from runyard.services.jobs_access import NEEDED, require_own
from runyard.services.jobs_env import check_server, variables
from runyard.services.jobs_keys import LIFE_S, QUEUED_LIFE_S, JobKeys, hash_code
from runyard.store.job_runner_contracts import Arrival, JobRunnerStore, Sign

ALIVE_S = 60.0  # since the last sign of an attempt
EXTEND_S = LIFE_S - 600  # a token that is good for less is extended
SHORTEST_S, LONGEST_S, MORE_S_PER_JOB = 2.0, 30.0, 0.03  # between two signs
COUNT_EVERY_S = 5.0
RANKS = 100_000
HOST_CHARS, TEXT_CHARS, CODE_CHARS = 255, 500, 100
MESSAGE_CHARS = 10_000
_ATTEMPT = re.compile(r"[A-Za-z0-9-]{1,64}")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
ENDS = {one.text: one for one in (JobState.COMPLETED, JobState.FAILED, JobState.CANCELED)}
STAGES = {one.text: one for one in (JobState.PREPARING, JobState.RUNNING, JobState.FINALIZING)}


class Runner(msgspec.Struct, frozen=True):
    """A runner's process. `server`: how it reaches this one."""

    attempt: str
    rank: int = 0
    host: str = ""
    platform: str = ""
    python: str = ""
    server: str = ""


class Orders(msgspec.Struct, frozen=True):
    """What a runner is told when it begins; job None: there is nothing to do."""

    interval_s: float
    job: Job | None = None
    environment_hash: str = ""
    experiment_name: str = ""
    workspace: Workspace | None = None
    env: Mapping[str, str] = {}


class Experiments(Protocol):
    """Experiments by id."""

    async def get(self, workspace_id: int, experiment_id: int) -> Experiment:
        """Raises: NotFound."""
        ...


class Tokens(Protocol):
    """Tokens of jobs."""

    async def renew_tokens(self, waiting_ms: int, working_ms: int) -> int:
        """As JobQueue has it."""
        ...


class JobRunnerService:
    """For runners.

    Args:
        workspaces: finds a workspace by its name.
        seal: puts the logs of a run away, before its job ends.
        changed: called after an end, because the job's token is good for nothing any more, and others may start.
    """

    def __init__(
        self,
        store: JobRunnerStore,
        keys: JobKeys,
        experiments: Experiments,
        workspaces: Callable[[str], Awaitable[Workspace | None]],
        seal: Callable[[int, str], Awaitable[None]],
        changed: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._keys = keys
        self._experiments = experiments
        self._workspaces = workspaces
        self._seal = seal
        self._changed = changed
        self._clock = clock
        self._active, self._counted_at = 0, float("-inf")

    async def claim(self, run_id: str, code: str) -> str:
        """The token for a code, once. Raises: NotFound, for every reason alike."""
        wrong = len(code) > CODE_CHARS or "\0" in run_id
        found = None if wrong else await self._store.redeem(run_id, hash_code(code))
        if found is None:
            raise NotFound(
                "This code is not good, or not any more: it was used, or its job has ended. Submit the job again."
            )
        return self._keys.open(found[1], found[0], run_id)

    async def begin(self, ctx: Context, run_id: str, runner: Runner) -> Orders:
        """A runner is there.

        Raises: AlreadyExists, while another attempt is alive; NotFound, NotAllowed, InvalidInput.
        """
        require_own(ctx, run_id)
        _check(runner)
        _require_rights(ctx)
        server = check_server(runner.server)
        now = self._clock()
        times = (int((now - ALIVE_S) * 1000), int((now + LIFE_S) * 1000))
        arrival = Arrival(runner.attempt, runner.rank, runner.host, *times)
        began = await self._store.begin(ctx.workspace_id, run_id, arrival)
        job = began.job
        if began.taken:
            raise AlreadyExists(
                f"Another runner works on the job of run {run_id}, on {job.host or 'another machine'}. This one leaves."
            )
        interval = await self._interval()
        if job.state.ended or job.cancel_ms is not None or (runner.rank and job.error is not None):
            return Orders(interval)
        experiment = await self._experiments.get(ctx.workspace_id, job.experiment_id)
        workspace = await self._workspaces(ctx.workspace)
        if workspace is None:
            raise NotFound(f"The workspace {ctx.workspace!r} is gone.")
        env = variables(server, workspace, experiment, job)
        return Orders(interval, job, began.environment_hash, experiment.name, workspace, env)

    async def beat(
        self, ctx: Context, run_id: str, attempt: str, rank: int, state: str
    ) -> tuple[bool, float]:
        """A sign of life: whether the runner is to stop, and seconds until the next sign.

        Cost: two look-ups; those of two seconds are written together. A change of the stage is written at once.
        """
        require_own(ctx, run_id)
        _check(Runner(attempt, rank))
        stage = STAGES.get(state)
        if stage is None:
            raise InvalidInput(f"Invalid value {shown(state)} for 'state': one of {', '.join(STAGES)}.")
        now_ms = int(self._clock() * 1000)
        good_until = ctx.who.expires_ms or 0
        extend = now_ms + LIFE_S * 1000 if good_until < now_ms + EXTEND_S * 1000 else 0
        stop = await self._store.beat(ctx.workspace_id, run_id, Sign(attempt, rank, stage, extend))
        return stop, await self._interval()

    async def end(
        self, ctx: Context, run_id: str, attempt: str, rank: int, state: str, error: JobError | None
    ) -> None:
        """The runner is done: the logs become artifacts, the run ends, and so does the token. Of other ranks than the first
        only a failure changes anything: all are to stop then, and the job fails.
        """
        require_own(ctx, run_id)
        _check(Runner(attempt, rank))
        end = ENDS.get(state)
        if end is None:
            raise InvalidInput(f"Invalid value {shown(state)} for 'state': one of {', '.join(ENDS)}.")
        told = _checked(error)
        if end is JobState.FAILED and told is None:
            told = JobError("UserError", "The job failed, and its runner did not say why.")
        if rank:
            if end is JobState.FAILED and told is not None:
                await self._store.fail_rank(ctx.workspace_id, run_id, told)
            return
        job = await self._store.find(ctx.workspace_id, run_id)
        if job is None or job.state.ended or job.attempt != attempt:
            return
        await self._seal(ctx.workspace_id, run_id)
        kept = None if end is JobState.COMPLETED else told
        if await self._store.end(ctx.workspace_id, run_id, attempt, end, kept):
            self._changed()

    async def renew(self, queue: Tokens) -> None:
        """Tokens of jobs that nobody has ended are good for a while: their runners could not tell of them, perhaps because
        no server was there. To be called at the start, and now and then.
        """
        now = self._clock()
        await queue.renew_tokens(int((now + QUEUED_LIFE_S) * 1000), int((now + LIFE_S) * 1000))

    async def _interval(self) -> float:
        """Longer the more jobs there are, so that all of them together cost little."""
        now = self._clock()
        if abs(now - self._counted_at) > COUNT_EVERY_S:
            self._counted_at = now
            self._active = await self._store.active_count()
        return min(LONGEST_S, max(SHORTEST_S, self._active * MORE_S_PER_JOB))


def _require_rights(ctx: Context) -> None:
    """Whoever submitted it may still do so. Raises: NotAllowed."""
    for action in NEEDED:
        if not ctx.grants.permits(action, ctx.who.job_experiment):
            raise NotAllowed(
                f"{ctx.principal.name}, who submitted the job, may not do {action} any more where its run is, so it does "
                "not begin."
            )


def _check(runner: Runner) -> None:
    if not _ATTEMPT.fullmatch(runner.attempt):
        raise InvalidInput(
            f"Invalid value {shown(runner.attempt)} for 'attempt': 1 to 64 letters, digits and dashes."
        )
    if not 0 <= runner.rank < RANKS:
        raise InvalidInput(f"Invalid value {runner.rank} for 'rank': 0 to {RANKS - 1}.")
    for what, text, most in (
        ("host", runner.host, HOST_CHARS),
        ("platform", runner.platform, TEXT_CHARS),
        ("python", runner.python, TEXT_CHARS),
    ):
        check_length(what, text, most)
        check_text(what, text)


def _checked(error: JobError | None) -> JobError | None:
    """An error as it is kept; a long message loses its middle."""
    if error is None:
        return None
    if not _CODE.fullmatch(error.code):
        raise InvalidInput(
            f"Invalid value {shown(error.code)} for 'error.code': a word such as UserError or OutOfMemory."
        )
    for what, number in (("exit_code", error.exit_code), ("signal", error.signal)):
        if number is not None and not -(2**31) <= number < 2**32:
            raise InvalidInput(f"Invalid value {number} for 'error.{what}'.")
    message = error.message.replace("\0", "�")
    if len(message) > MESSAGE_CHARS:
        half = MESSAGE_CHARS // 2 - 2
        message = f"{message[:half]}\n…\n{message[-half:]}"
    return msgspec.structs.replace(error, message=message)

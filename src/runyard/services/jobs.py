"""Rules for jobs that there are: who sees them, who changes them, and how one is submitted again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from runyard.entities.common import Page
from runyard.entities.job import CLIENT_TARGET, Job, JobState
from runyard.entities.run import Run
from runyard.errors import InvalidInput, InvalidState, NotAllowed, NotFound, shown
from runyard.services.checks import check_max_results, check_text, experiment_of
from runyard.services.context import Context
from runyard.services.experiments import seen_experiments
from runyard.services.jobs_access import MANAGE, refuse_job, require_priority
from runyard.services.jobs_definition import SWEEP, check_priority
from runyard.services.jobs_submission import Handover, Submission, Submitted
from runyard.services.jobs_submitting import JobSubmitter
from runyard.store.job_contracts import JobFilter, JobStore

READ = "jobs/read"
PAGE_LIMIT = 1_000
STATES = {one.text.lower(): one for one in JobState}
OWN_TAGS = ("mlflow.", "runyard.")


class Listing(msgspec.Struct, frozen=True):
    """Which jobs somebody asks for; None: all."""

    target: str | None = None
    states: Sequence[str] = ()
    experiment_id: str | int | None = None
    submitted_by: str | None = None
    parent_run_id: str | None = None
    active: bool = False
    nested: bool = True


class Again(msgspec.Struct, frozen=True):
    """What is to be different when a job is submitted again; None: nothing."""

    target: str | None = None
    experiment_id: str | int | None = None
    arguments: Sequence[str] | None = None
    run_name: str | None = None


class SubmittedRuns(Protocol):
    """Runs, as far as submitting again needs them."""

    async def load(self, workspace_id: int, run_id: str) -> Run:
        """Raises: NotFound."""
        ...

    async def properties(self, workspace_id: int, run_ids: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """By run id."""
        ...


class JobService:
    """Every method raises NotFound for a run that has no job, or none that the caller may see."""

    def __init__(
        self, store: JobStore, submitter: JobSubmitter, runs: SubmittedRuns, handover: Handover
    ) -> None:
        self._store = store
        self._submitter = submitter
        self._runs = runs
        self._handover = handover

    async def list(
        self, ctx: Context, asked: Listing, *, max_results: int, page_token: str | None
    ) -> Page[Job]:
        """Newest first, those of experiments whose jobs the caller may see."""
        for what, text in (
            ("target", asked.target),
            ("submitted_by", asked.submitted_by),
            ("parent_run_id", asked.parent_run_id),
        ):
            check_text(what, text or "")
        seen = seen_experiments(ctx, READ)
        wanted = JobFilter(
            target=asked.target or None,
            states=[_state(one) for one in asked.states] if asked.states else None,
            experiment_id=None
            if asked.experiment_id in (None, "")
            else experiment_of(ctx, asked.experiment_id or 0),
            submitted_by=asked.submitted_by or None,
            parent_run_id=asked.parent_run_id or None,
            active=asked.active,
            nested=asked.nested,
            experiments=frozenset() if seen is None else seen.ids,
            all_but=seen is None or seen.all_but,
        )
        size = check_max_results(max_results, PAGE_LIMIT)
        return await self._store.list(
            ctx.workspace_id, wanted, max_results=size, page_token=page_token or None
        )

    async def positions(self, jobs: Sequence[Job]) -> Mapping[int, int]:
        """By row, where those that wait stand in their queues: 1 is next."""
        return await self._store.positions(jobs)

    async def get(self, ctx: Context, run_id: str) -> Job:
        """The job of a run."""
        found = None if "\0" in run_id else await self._store.find(ctx.workspace_id, run_id)
        if found is None or not ctx.grants.permits(READ, found.experiment_id):
            raise NotFound(
                f"There is no job of a run {shown(run_id, 300)} here. Runs that nobody submitted have none."
            )
        return found

    async def set_priority(self, ctx: Context, run_id: str, priority: int) -> Job:
        """Raises: InvalidInput; NotAllowed; InvalidState unless it waits in the queue."""
        refuse_job(ctx)
        check_priority(priority)
        job = await self.get(ctx, run_id)
        own = job.submitted_by_uuid == ctx.principal.uuid
        require_priority(ctx, priority, old=job.priority, own=own)
        changed = await self._store.set_priority(ctx.workspace_id, run_id, priority)
        self._handover.wake()
        return changed

    async def cancel(self, ctx: Context, run_id: str) -> Job:
        """Stop it and all below it; again is fine, and one that has ended stays as it is."""
        refuse_job(ctx)
        await self.get(ctx, run_id)
        canceled = await self._store.cancel(ctx.workspace_id, run_id)
        self._handover.wake()
        return canceled

    async def take(self, ctx: Context, run_id: str) -> str:
        """The access token of a job that waits for the machine of its submitter, who runs it there.

        Raises: InvalidState for any other; NotAllowed for anybody else.
        """
        refuse_job(ctx)
        job = await self.get(ctx, run_id)
        if job.submitted_by_uuid != ctx.principal.uuid:
            raise NotAllowed(f"Run {run_id} is for the machine of {job.submitted_by}, who submitted it.")
        token = ""
        if job.target == CLIENT_TARGET and job.kind != SWEEP and job.state is JobState.QUEUED:
            token = await self._submitter.token_again(ctx, job)
        if not token:
            raise InvalidState(
                f"Run {run_id} does not wait for the machine of its submitter: it is {job.state.text} on {job.target}."
            )
        return token

    async def resubmit(self, ctx: Context, run_id: str, again: Again) -> Submitted:
        """The same once more, as a new run, or with some of it changed.

        Raises: InvalidState for a sweep; as submitting.
        """
        asked = await self.again(ctx, run_id, again)
        if asked.kind == SWEEP:
            raise InvalidState(
                f"The run {run_id} is a sweep. Submit it again at /sweeps/{run_id}/resubmit, as `runyard sweep resubmit "
                f"{run_id}` does."
            )
        return await self._submitter.submit(ctx, asked)

    async def again(self, ctx: Context, run_id: str, again: Again) -> Submission:
        """What somebody asks for who submits a job once more. Raises: NotAllowed."""
        job = await self.get(ctx, run_id)
        if not ctx.grants.permits("runs/read", job.experiment_id):
            raise NotAllowed(
                f"{ctx.principal.name} may not do runs/read in experiment {job.experiment_id}, so submits nothing again of "
                "it: the new run would show the sources, tags and properties of the old one."
            )
        definition = job.definition
        if again.arguments is not None:
            definition = msgspec.structs.replace(definition, arguments=tuple(again.arguments))
        run = await self._runs.load(ctx.workspace_id, run_id)
        properties = (await self._runs.properties(ctx.workspace_id, [run_id])).get(run_id, {})
        given = again.experiment_id
        return Submission(
            target=again.target or job.target,
            definition=definition,
            kind=job.kind,
            experiment_id=job.experiment_id if given in (None, "") else given,
            run_name=again.run_name or None,
            tags={tag.key: tag.value for tag in run.tags if not tag.key.startswith(OWN_TAGS)},
            properties=properties,
            snapshot_id=job.snapshot_id,
            priority=job.priority if ctx.grants.permits(MANAGE) else min(job.priority, 0),
        )

    async def tail(self, ctx: Context, run_id: str) -> str:
        """What the engine kept of its output, from before and beside its runner; empty where it has none."""
        job = await self.get(ctx, run_id)
        if not job.engine_id or job.target == CLIENT_TARGET:
            return ""
        return await self._handover.tail(job)


def _state(text: str) -> JobState:
    found = STATES.get(text.replace("_", "").lower())
    if found is None:
        names = ", ".join(one.text for one in JobState)
        raise InvalidInput(f"Invalid value {shown(text)} for parameter 'state' supplied: one of {names}.")
    return found

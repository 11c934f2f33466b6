"""Rules for submitting: what is checked, where the job goes, and the run that is made for it."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from runyard.engines.contracts import Ticket
from runyard.entities.access import expand
from runyard.entities.common import Stage, Tag
from runyard.entities.compute import Compute
from runyard.entities.experiment import Experiment, experiment_inactive
from runyard.entities.job import CLIENT_TARGET, JOB_TAG, TARGET_TAG, Job, JobDefinition, JobState
from runyard.entities.log_rules import run_absent
from runyard.entities.principal import Principal
from runyard.entities.run import PARENT_TAG, RUN_NAME_TAG, USER_TAG
from runyard.errors import InvalidInput, InvalidState, NotAllowed, NotFound, shown
from runyard.services.checks import NAME_LIMIT, check_length, check_text
from runyard.services.context import Context
from runyard.services.experiments import ExperimentService
from runyard.services.jobs_access import NEEDED, refuse_job, require_priority
from runyard.services.jobs_definition import (
    BUILD,
    SCRIPT,
    SWEEP,
    check_definition,
    check_names,
    check_priority,
    check_run_id,
    check_snapshot_id,
)
from runyard.services.jobs_keys import QUEUED_LIFE_S, JobKeys
from runyard.services.jobs_submission import (
    ComputeTargets,
    Environments,
    Handover,
    Runs,
    Snapshots,
    Submission,
    Submitted,
)
from runyard.services.names import random_run_name
from runyard.store.job_contracts import JobStore, NewJob

WRITE = "jobs/write"
RUN_TYPES = {SCRIPT: "azureml.scriptrun", SWEEP: "hyperdrive", BUILD: "build"}
SLUG_CHARS = 100


class JobSubmitter:
    """Submits.

    Args:
        principal: finds the principal of a uuid.
    """

    def __init__(
        self,
        store: JobStore,
        keys: JobKeys,
        runs: Runs,
        experiments: ExperimentService,
        computes: ComputeTargets,
        environments: Environments,
        snapshots: Snapshots,
        handover: Handover,
        principal: Callable[[str], Awaitable[Principal | None]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._keys = keys
        self._runs = runs
        self._experiments = experiments
        self._computes = computes
        self._environments = environments
        self._snapshots = snapshots
        self._handover = handover
        self._principal = principal
        self._clock = clock

    async def submit(self, ctx: Context, asked: Submission, *, sweep: bool = False) -> Submitted:
        """A run and its job; the same again for the same run id and request.

        Args:
            sweep: the job is the parent of others, which no engine runs.
        Raises: InvalidInput, NotFound, NotAllowed, InvalidState, AlreadyExists.
        """
        refuse_job(ctx)
        _check(asked, sweep=sweep)
        experiment = await self._experiment(ctx, asked)
        require_priority(ctx, asked.priority)
        compute, definition, environment_hash = await self._what(ctx, asked)
        if asked.dry_run:
            return Submitted(request=await self._preview(ctx, asked, compute, definition))
        assert experiment is not None
        run_id = asked.run_id or self._run_id(experiment.name)
        token, secrets_ = self._keys.make(
            ctx.workspace_id, run_id, allowed=ctx.who.actions, made_with=ctx.who.token or ""
        )
        run_name = asked.run_name or asked.tags.get(RUN_NAME_TAG) or random_run_name()
        new = NewJob(
            run_id,
            run_name,
            experiment.id,
            _tags(asked, run_name, ctx.principal.name),
            asked.properties,
            asked.target,
            None if compute is None else compute.id,
            asked.kind,
            _first_state(asked.kind, compute),
            definition,
            asked.snapshot_id,
            environment_hash,
            asked.priority,
            asked.parent_run_id or "",
            _request_hash(ctx, asked),
            secrets_,
        )
        limit = 0 if compute is None else compute.limits.max_queued_per_person
        job, made = await self._store.create(ctx.workspace_id, ctx.principal, new, limit)
        if compute is not None:
            self._handover.wake()
        elif not made and not sweep:
            token = await self.token_again(ctx, job)
        run = await self._runs.get(ctx.workspace_id, job.run_id)
        return Submitted(job, run, token if compute is None else "")

    async def submit_below(
        self,
        parent: Job,
        run_id: str,
        *,
        run_name: str,
        arguments: Sequence[str],
        tags: Mapping[str, str],
    ) -> Job:
        """A job below a sweep: what the sweep is made of, with these arguments after its own. Again with the same is fine.

        Raises: InvalidState, when the sweep takes no more or its submitter is gone; QueueFull, when it is to be tried again;
            AlreadyExists, when the run id is taken.
        """
        submitter = await self._principal(parent.submitted_by_uuid)
        credential = await self._store.credential(parent.row)
        if submitter is None or submitter.disabled:
            raise InvalidState(f"{parent.submitted_by}, who submitted the sweep {parent.run_id}, is gone.")
        if credential is None:
            raise InvalidState(
                f"The access token that the sweep {parent.run_id} was submitted with was revoked."
            )
        before = "command" if parent.definition.command else "arguments"
        whole = (*getattr(parent.definition, before), *arguments)
        definition = msgspec.structs.replace(parent.definition, **{before: whole})
        asked = Submission(
            parent.target,
            definition,
            run_id=run_id,
            tags=tags,
            parent_run_id=parent.run_id,
            priority=parent.priority,
        )
        new = NewJob(
            check_run_id(run_id),
            run_name,
            parent.experiment_id,
            _tags(asked, run_name, submitter.name),
            {},
            parent.target,
            parent.compute_id,
            SCRIPT,
            JobState.QUEUED if parent.compute_id is None else JobState.NOT_STARTED,
            definition,
            parent.snapshot_id,
            await self._store.environment_hash(parent.row),
            parent.priority,
            parent.run_id,
            hashlib.sha256(msgspec.json.encode([parent.run_id, run_id])).hexdigest(),
            self._keys.make(
                parent.workspace_id, run_id, allowed=credential.actions, made_with=credential.uuid
            )[1],
        )
        limit = 0 if parent.compute_id is None else await self._computes.max_queued(parent.compute_id)
        job, _ = await self._store.create(parent.workspace_id, submitter, new, limit)
        self._handover.wake()
        return job

    async def token_again(self, ctx: Context, job: Job) -> str:
        """Of a job for the machine that submits, while its runner has not begun; empty for a credential that allows
        less. It is good for a day more.
        """
        credential = await self._store.credential(job.row)
        if credential is None or not expand(tuple(credential.actions)) <= expand(tuple(ctx.who.actions)):
            return ""
        try:
            token = (await self._keys.of(job)).token
        except InvalidState:
            return ""
        await self._store.extend(job.row, int((self._clock() + QUEUED_LIFE_S) * 1000))
        return token

    async def _experiment(self, ctx: Context, asked: Submission) -> Experiment | None:
        """Where the run goes. One that is only named and not there is made, as the SDK does; not by a dry run."""
        if asked.experiment_id not in (None, ""):
            found = await self._experiments.get(ctx, asked.experiment_id or 0)
        elif asked.experiment_name:
            named = await self._named(ctx, asked.experiment_name, may_make=not asked.dry_run)
            if named is None:
                return None
            found = named
        else:
            raise InvalidInput.missing("experiment_id")
        if not ctx.grants.permits("experiments/read", found.id):
            raise NotFound(f"No Experiment with id={found.id} exists")
        _require(ctx, found.id)
        if found.stage is not Stage.ACTIVE:
            raise experiment_inactive(found.id, found.stage)
        return found

    async def _named(self, ctx: Context, name: str, *, may_make: bool) -> Experiment | None:
        try:
            return await self._experiments.get_by_name(ctx, name)
        except NotFound:
            _require(ctx, None)
            if not ctx.grants.permits("experiments/write"):
                raise NotAllowed(
                    f"There is no experiment {shown(name)}, and {ctx.principal.name} may not make one. Name another, or "
                    "ask an owner."
                ) from None
        if not may_make:
            return None
        await self._experiments.create_if_absent(ctx, name)
        return await self._experiments.get_by_name(ctx, name)

    async def _what(self, ctx: Context, asked: Submission) -> tuple[Compute | None, JobDefinition, str]:
        """Where it goes and what is done there, whole, when all that it names is there."""
        environment, environment_hash = await self._environments.resolve(ctx, asked.definition.environment)
        definition = msgspec.structs.replace(asked.definition, environment=environment)
        compute = None
        if asked.target != CLIENT_TARGET:
            compute, definition = await self._computes.for_submit(ctx, asked.target, definition)
        elif definition.node_count > 1:
            raise InvalidInput(
                f"The job asks for {definition.node_count} nodes, and the target {CLIENT_TARGET!r} is one machine: the one that "
                "submits. Ask for one node and more processes, or name a compute target that has several."
            )
        if asked.snapshot_id:
            await self._snapshots.require(ctx.workspace_id, asked.snapshot_id)
        if asked.parent_run_id:
            home = await self._runs.experiment_of(ctx.workspace_id, asked.parent_run_id)
            if not ctx.grants.permits("runs/read", home):
                raise run_absent(asked.parent_run_id)
            above = await self._store.find(ctx.workspace_id, asked.parent_run_id)
            if above is not None and above.kind == SWEEP:
                raise InvalidInput(
                    f"The run {asked.parent_run_id} is a sweep, below which there are its trials only. Leave out "
                    "parent_run_id, or name another run."
                )
        return compute, definition, environment_hash

    async def _preview(
        self, ctx: Context, asked: Submission, compute: Compute | None, definition: JobDefinition
    ) -> str:
        if compute is None:
            return "Nothing is handed to an engine: the machine that submits runs it."
        ticket = Ticket(
            run_id=asked.run_id or "RUN_ID",
            name=asked.run_name or asked.run_id or "RUN_ID",
            workspace=ctx.workspace,
            server_url=compute.server_url,
            token="",
            code="",
            node_count=definition.node_count,
            process_count=definition.process_count,
            resources=definition.resources,
            max_seconds=definition.max_seconds,
        )
        return await self._handover.preview(compute, ticket)

    def _run_id(self, experiment: str) -> str:
        slug = re.sub(r"[^A-Za-z0-9_-]+", "-", experiment).strip("-_")[:SLUG_CHARS] or "run"
        return f"{slug}_{int(self._clock())}_{secrets.token_hex(4)}"


def _check(asked: Submission, *, sweep: bool) -> None:
    """Raises: InvalidInput for what makes no sense whatever the workspace has."""
    if (asked.kind == SWEEP) is not sweep or asked.kind not in RUN_TYPES:
        raise InvalidInput(
            f"Invalid value {shown(asked.kind)} for 'kind': {SCRIPT} or {BUILD}. Sweeps are submitted at /sweeps."
        )
    if not asked.target:
        raise InvalidInput.missing("target")
    for what, text in (("target", asked.target), ("parent_run_id", asked.parent_run_id or "")):
        check_length(what, text, NAME_LIMIT)
        check_text(what, text)
    if asked.run_id is not None:
        check_run_id(asked.run_id)
    if asked.run_id is not None and asked.run_id == asked.parent_run_id:
        raise InvalidInput("A run is not its own parent.")
    check_length("run_name", asked.run_name or "", NAME_LIMIT)
    check_text("run_name", asked.run_name or "")
    check_names(asked.tags, asked.properties)
    check_definition(asked.kind, asked.definition)
    check_priority(asked.priority)
    check_snapshot_id(asked.snapshot_id)


def _require(ctx: Context, experiment_id: int | None) -> None:
    for action in NEEDED:
        if not ctx.grants.permits(action, experiment_id):
            where = "here" if experiment_id is None else f"in experiment {experiment_id}"
            raise NotAllowed(
                f"{ctx.principal.name} may not do {action} {where}, so submits nothing. An owner can assign a role that "
                "includes it."
            )


def _first_state(kind: str, compute: Compute | None) -> JobState:
    if kind == SWEEP:
        return JobState.RUNNING
    return JobState.QUEUED if compute is None else JobState.NOT_STARTED


def _tags(asked: Submission, run_name: str, submitter: str) -> list[Tag]:
    source = asked.definition.script or next(iter(asked.definition.command), asked.kind)
    own = {
        RUN_NAME_TAG: run_name,
        USER_TAG: submitter,
        "mlflow.source.type": "JOB",
        TARGET_TAG: asked.target,
        JOB_TAG: RUN_TYPES[asked.kind],
    }
    if asked.parent_run_id:
        own[PARENT_TAG] = asked.parent_run_id
    found = {"mlflow.source.name": source, **asked.tags, **own}  # a project names its own
    return [Tag(key, value) for key, value in found.items()]


def _request_hash(ctx: Context, asked: Submission) -> str:
    """Of who asks for what; the same again, by the same person, is the same job."""
    plain = msgspec.json.encode([ctx.principal.uuid, msgspec.to_builtins(asked)], order="sorted")
    return hashlib.sha256(plain).hexdigest()

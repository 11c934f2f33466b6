"""Jobs as our API spells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from runyard.entities.common import Page
from runyard.entities.job import Job, JobDefinition, JobError
from runyard.entities.workspace import Workspace
from runyard.wire.mlflow.runs import RunMessage
from runyard.wire.mlflow.scalars import Int32


class SubmitJob(msgspec.Struct):
    """A run to be made, and the job that does it. With `dry_run` nothing is made."""

    FREE: ClassVar[frozenset[str]] = frozenset({"environment", "environment_variables"})

    target: str
    definition: JobDefinition
    kind: str = "script"
    experiment_id: str | int | None = None
    experiment_name: str | None = None
    run_id: str | None = None
    run_name: str | None = None
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    snapshot_id: str = ""
    priority: Int32 = 0
    parent_run_id: str | None = None
    dry_run: bool = False


class JobMessage(msgspec.Struct):
    run_id: str
    run_name: str
    experiment_id: str
    target: str
    kind: str
    state: str
    status: str
    waits: str
    priority: int
    definition: JobDefinition
    snapshot_id: str
    submitted_by: str
    created_ms: int
    submitted_ms: int | None
    started_ms: int | None
    ended_ms: int | None
    beat_ms: int | None
    cancel_ms: int | None
    engine_id: str
    host: str
    error: JobError | None
    parent_run_id: str
    queue_position: int | None

    @classmethod
    def of(cls, job: Job, positions: Mapping[int, int]) -> JobMessage:
        """The message of one job; positions by row."""
        return cls(
            run_id=job.run_id,
            run_name=job.run_name,
            experiment_id=str(job.experiment_id),
            target=job.target,
            kind=job.kind,
            state=job.state.text,
            status=job.state.status.name,
            waits=job.waits,
            priority=job.priority,
            definition=job.definition,
            snapshot_id=job.snapshot_id,
            submitted_by=job.submitted_by,
            created_ms=job.created_ms,
            submitted_ms=job.submitted_ms,
            started_ms=job.started_ms,
            ended_ms=job.ended_ms,
            beat_ms=job.beat_ms,
            cancel_ms=job.cancel_ms,
            engine_id=job.engine_id,
            host=job.host,
            error=job.error,
            parent_run_id=job.parent_run_id,
            queue_position=positions.get(job.row),
        )


class SubmittedMessage(msgspec.Struct, omit_defaults=True):
    """`token` where the machine that submits runs it itself; `request` after a dry run."""

    run: RunMessage | None = None
    job: JobMessage | None = None
    token: str = ""
    request: str = ""


class ListJobs(msgspec.Struct):
    target: str | None = None
    state: list[str] = []
    experiment_id: str | None = None
    submitted_by: str | None = None
    parent_run_id: str | None = None
    active: bool = False
    nested: bool = True
    max_results: Int32 = 100
    page_token: str | None = None


class JobPage(msgspec.Struct):
    items: list[JobMessage]
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[Job], positions: Mapping[int, int]) -> JobPage:
        """The message of a page."""
        return cls([JobMessage.of(one, positions) for one in page.items], page.next_page_token)


class JobOfRun(msgspec.Struct):
    run_id: str


class ChangeJob(msgspec.Struct):
    run_id: str
    priority: Int32


class ResubmitJob(msgspec.Struct):
    """What is left out stays."""

    run_id: str
    target: str | None = None
    experiment_id: str | int | None = None
    arguments: list[str] | None = None
    run_name: str | None = None


class ClaimToken(msgspec.Struct):
    run_id: str
    code: str


class ClaimedToken(msgspec.Struct):
    token: str


class BeginJob(msgspec.Struct):
    """`server`: the address by which the runner reaches this server."""

    run_id: str
    attempt: str
    rank: Int32 = 0
    host: str = ""
    pid: Int32 = 0
    platform: str = ""
    python: str = ""
    server: str = ""


class WorkspaceOfJob(msgspec.Struct):
    name: str
    guid: str
    subscription: str
    resource_group: str

    @classmethod
    def of(cls, one: Workspace) -> WorkspaceOfJob:
        """The message of one."""
        return cls(one.name, one.guid, one.subscription, one.group)


class BegunJob(msgspec.Struct, omit_defaults=True):
    """With `cancel` there is nothing to do, and nothing else is told."""

    interval_s: float
    cancel: bool = False
    kind: str = ""
    definition: JobDefinition | None = None
    snapshot_id: str = ""
    environment_hash: str = ""
    run_name: str = ""
    experiment_id: str = ""
    experiment_name: str = ""
    workspace: WorkspaceOfJob | None = None
    env: dict[str, str] = {}
    max_seconds: int = 0

    @classmethod
    def of(
        cls,
        interval_s: float,
        job: Job,
        environment_hash: str,
        experiment_name: str,
        workspace: Workspace,
        env: Mapping[str, Any],
    ) -> BegunJob:
        """The message of a job that is to be done."""
        return cls(
            interval_s,
            kind=job.kind,
            definition=job.definition,
            snapshot_id=job.snapshot_id,
            environment_hash=environment_hash,
            run_name=job.run_name,
            experiment_id=str(job.experiment_id),
            experiment_name=experiment_name,
            workspace=WorkspaceOfJob.of(workspace),
            env=dict(env),
            max_seconds=job.definition.max_seconds,
        )


class BeatJob(msgspec.Struct):
    run_id: str
    attempt: str
    state: str
    rank: Int32 = 0


class BeatenJob(msgspec.Struct):
    cancel: bool
    interval_s: float


class EndJob(msgspec.Struct):
    run_id: str
    attempt: str
    state: str
    error: JobError | None = None
    rank: Int32 = 0

"""A run that was submitted: what is to be done, where, and how far it is."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runyard.entities.run import RunStatus

MAX_SECONDS = 30 * 86_400
LOG_NAME = "user_logs/std_log.txt"
BUILD_LOG_NAME = "azureml-logs/20_image_build_log.txt"
JOB_TAG = "runyard.runType"
TARGET_TAG = "runyard.target"
STARTED_BY_TAG = "runyard.startedBy"  # of other runs that its script begins: the job's run
CLIENT_TARGET = "local"  # the machine that submits; no compute target of the workspace


TOKEN_ACTIONS = (
    *("workspaces/read", "experiments/read", "experiments/write", "runs/read", "runs/write"),
    *("artifacts/*", "models/read", "models/write", "traces/*", "datasets/*"),
    *("datastores/read", "datastores/write", "secrets/read", "jobs/read", "jobs/write"),
)
"""What a job's own token may do, as far as its submitter may."""
OWN_EXPERIMENT = frozenset(("runs/write", "artifacts/write", "artifacts/delete"))
"""Of that, what it may do in the experiment of its run alone."""


class JobState(enum.IntEnum):
    """How far a job is. `text` is what Azure ML's SDK calls it, `status` what MLflow does."""

    NOT_STARTED = 0  # in the queue of the server; `waits` says why
    STARTING = 1  # being handed to the engine
    QUEUED = 2  # the engine has it and waits for a machine
    PREPARING = 3  # on its machine: fetching the sources, making the environment
    RUNNING = 4
    FINALIZING = 5  # uploading outputs
    CANCEL_REQUESTED = 6
    NOT_RESPONDING = 7  # no sign of life; any other state may follow
    COMPLETED = 8
    FAILED = 9
    CANCELED = 10

    @property
    def text(self) -> str:
        """NotStarted, Starting, Queued, …"""
        return "".join(word.capitalize() for word in self.name.split("_"))

    @property
    def ended(self) -> bool:
        """Nothing will change any more."""
        return self >= JobState.COMPLETED

    @property
    def status(self) -> RunStatus:
        """The run's status for MLflow's clients."""
        return _STATUS[self]


_STATUS = {
    JobState.NOT_STARTED: RunStatus.SCHEDULED,
    JobState.STARTING: RunStatus.SCHEDULED,
    JobState.QUEUED: RunStatus.SCHEDULED,
    JobState.PREPARING: RunStatus.SCHEDULED,
    JobState.RUNNING: RunStatus.RUNNING,
    JobState.FINALIZING: RunStatus.RUNNING,
    JobState.CANCEL_REQUESTED: RunStatus.RUNNING,
    JobState.NOT_RESPONDING: RunStatus.RUNNING,
    JobState.COMPLETED: RunStatus.FINISHED,
    JobState.FAILED: RunStatus.FAILED,
    JobState.CANCELED: RunStatus.KILLED,
}


class Resources(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one node of a job needs; 0: whatever the target gives."""

    cpus: int = 0
    memory_mb: int = 0
    gpus: int = 0


class JobDefinition(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is to be done, as it was submitted: it holds no secret.

    Attributes:
        script: below the snapshot's root; with `arguments`, run by the environment's Python.
        command: instead of script and arguments: a program of the machine or environment and its arguments.
        environment: as entities/environment.py has it, with its name and version.
        environment_variables: for the script. Values are stored in clear: secrets belong in the keyvault.
        node_count, process_count: machines, and processes on each.
        communicator: None, Mpi, PyTorch, TensorFlow: which variables tell processes of one another.
        max_seconds: of running, after which it is stopped.
        outputs: folders that are uploaded at the end. watch: folders that are uploaded while it runs.
    """

    script: str = ""
    arguments: Sequence[str] = ()
    command: Sequence[str] = ()
    environment: Mapping[str, Any] = {}
    environment_variables: Mapping[str, str] = {}
    node_count: int = 1
    process_count: int = 1
    communicator: str = "None"
    resources: Resources = Resources()
    max_seconds: int = MAX_SECONDS
    outputs: Sequence[str] = ("outputs",)
    watch: Sequence[str] = ("logs",)


class JobError(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a job failed.

    Attributes:
        code: UserError (the script), EnvironmentError, OutOfMemory, TimeOut, NodeLost, EngineError, NotResponding,
            SubmitError, SnapshotError.
        exit_code, signal: of the script, where it had one.
    """

    code: str
    message: str
    exit_code: int | None = None
    signal: int | None = None


class Job(msgspec.Struct, frozen=True):
    """A submitted run. Times are milliseconds UTC; None: not yet.

    Attributes:
        run_id: of its run; there is one job for each submitted run.
        target: name of the compute target, or `local` for the machine that submitted it.
        compute_id: row of the compute target; None: the machine that submitted it.
        kind: script, build (an environment only), sweep (a parent that other jobs are below).
        waits: why it has not started, for people.
        priority: greater first, -100 to 100.
        engine_id: what the engine calls it.
        host: where its first process is.
        snapshot_id: of its sources; empty: none.
        attempt: of the runner that works on it; empty: none has begun.
        tries: how often it was handed over in vain. due_ms: it is not handed over before.
    """

    row: int
    run_id: str
    run_name: str
    experiment_id: int
    workspace_id: int
    target: str
    compute_id: int | None
    kind: str
    state: JobState
    definition: JobDefinition
    snapshot_id: str
    priority: int
    submitted_by: str
    submitted_by_uuid: str
    created_ms: int
    waits: str = ""
    submitted_ms: int | None = None
    started_ms: int | None = None
    ended_ms: int | None = None
    beat_ms: int | None = None
    cancel_ms: int | None = None
    engine_id: str = ""
    host: str = ""
    error: JobError | None = None
    parent_run_id: str = ""
    attempt: str = ""
    tries: int = 0
    due_ms: int = 0

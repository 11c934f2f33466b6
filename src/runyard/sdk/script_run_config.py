"""A script with all that it needs, to be submitted."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from runyard.client.submission import Submission, Submitted, submit
from runyard.errors import InvalidInput
from runyard.sdk.environment import Environment
from runyard.sdk.exceptions import ExperimentExecutionException, SnapshotException, UserErrorException
from runyard.sdk.experiment_record import ExperimentRecord
from runyard.sdk.job_definition import definition_of
from runyard.sdk.link import translated
from runyard.sdk.progress import counted
from runyard.sdk.run_configuration import (
    MAX_SECONDS,
    DockerConfiguration,
    MpiConfiguration,
    PyTorchConfiguration,
    RunConfiguration,
    TensorflowConfiguration,
)
from runyard.sdk.script_run import ScriptRun

RESERVED_TARGETS = ("amlcompute", "containerinstance")


class ScriptRunConfig:
    """A script and how it is run.

    Attributes:
        source_directory: its files go along, but those that .amlignore or .gitignore leave out.
        script: below source_directory.
        arguments: text, numbers or booleans.
        command: instead of a script: a program and its arguments.
        run_config: everything else.
    """

    def __init__(
        self,
        source_directory: str | Path | None = None,
        script: str | None = None,
        arguments: Sequence[Any] | None = None,
        run_config: RunConfiguration | None = None,
        _telemetry_values: object = None,
        compute_target: Any = None,
        environment: Environment | None = None,
        distributed_job_config: MpiConfiguration
        | PyTorchConfiguration
        | TensorflowConfiguration
        | None = None,
        resume_from: object = None,
        max_run_duration_seconds: int | None = MAX_SECONDS,
        command: str | Sequence[Any] | None = None,
        docker_runtime_config: DockerConfiguration | None = None,
    ) -> None:
        """A configuration. The folder is looked at when it is submitted.

        Args:
            resume_from: not supported; a script reads what it resumes from from the run that has it.
        Raises: UserErrorException.
        """
        if resume_from is not None:
            raise UserErrorException(
                "resume_from is not supported; give the id of the earlier run as an argument, and let the script download "
                "its checkpoint with Run.get(workspace, run_id).download_file(...)."
            )
        self.source_directory = str(source_directory) if source_directory is not None else "."
        self.script = script
        self.arguments: list[Any] = list(arguments or ())
        self.command = command
        self.run_config = copy.deepcopy(run_config) if run_config is not None else RunConfiguration()
        if compute_target is not None:
            self.run_config.target = compute_target
        if environment is not None:
            self.run_config.environment = environment
        if max_run_duration_seconds is not None and max_run_duration_seconds != MAX_SECONDS:
            self.run_config.max_run_duration_seconds = max_run_duration_seconds
        if docker_runtime_config is not None:
            self.run_config.docker = docker_runtime_config
        if distributed_job_config is not None:
            _distribute(self.run_config, distributed_job_config)

    def definition(self) -> dict[str, Any]:
        """The job's definition. Raises: UserErrorException."""
        config = self.run_config
        return definition_of(
            config,
            self.script or config.script,
            self.arguments or config.arguments,
            self.command or (None if self.script else config.command),
        )

    def submission(
        self, experiment: ExperimentRecord, tags: Mapping[str, str] | None, **kwargs: Any
    ) -> Submission:
        """What is sent to the server.

        Args:
            kwargs: run_id, run_name (or display_name), priority, properties, parent_run_id.
        Raises: UserErrorException, ExperimentExecutionException.
        """
        folder = Path(self.source_directory)
        if not folder.is_dir():
            raise ExperimentExecutionException(
                f"The source directory {folder} does not exist, or is no folder."
            )
        definition = self.definition()
        script = definition.get("script")
        if not script and not definition.get("command"):
            raise UserErrorException(
                "Must specify a file to run: give ScriptRunConfig a script, or a command."
            )
        if script and not (folder / script).is_file():
            raise ExperimentExecutionException(
                f"The script path {folder / script} does not exist; script is relative to the source directory."
            )
        if self.run_config.target in RESERVED_TARGETS:
            raise UserErrorException(
                f"The target {self.run_config.target!r} is not made on demand here: create a compute target once with "
                "ComputeTarget.create, and give its name."
            )
        given: dict[str, Any] = {"run_name": kwargs.get("display_name"), "priority": self.run_config.priority}
        names = ("run_id", "run_name", "priority", "properties", "parent_run_id")
        given |= {name: kwargs[name] for name in names if kwargs.get(name) is not None}
        return Submission(
            definition=definition,
            experiment=experiment.name,
            target=self.run_config.target,
            folder=folder,
            tags={str(key): "" if value is None else str(value) for key, value in (tags or {}).items()},
            **{key: value for key, value in given.items() if value is not None},
        )

    def submit_to(
        self, experiment: ExperimentRecord, tags: Mapping[str, str] | None, **kwargs: Any
    ) -> ScriptRun:
        """Submit; what `Experiment.submit` calls."""
        what = self.submission(experiment, tags, **kwargs)
        connection = experiment.workspace.link.connection
        made = sent(lambda moved: submit(connection, what, moved))
        return ScriptRun._of(experiment, made.run)

    def __repr__(self) -> str:
        what = self.command if self.command else f"{self.script} {self.arguments}"
        return f"ScriptRunConfig({what!r} on {self.run_config.target!r})"


def sent(work: Callable[[Callable[[int], None]], Submitted]) -> Submitted:
    """What submitting answers, with a bar while sources go up. Raises: SnapshotException where they are too large."""
    with counted("Uploading the source") as moved:
        try:
            return translated(lambda: work(moved))
        except UserErrorException as exc:
            if isinstance(exc.inner_exception, InvalidInput) and ".amlignore" in exc.message:
                raise SnapshotException(exc.message, exc.inner_exception) from exc
            raise


def _distribute(
    config: RunConfiguration, given: MpiConfiguration | PyTorchConfiguration | TensorflowConfiguration
) -> None:
    if isinstance(given, MpiConfiguration):
        config.communicator, config.mpi, config.node_count = "Mpi", given, given.node_count
    elif isinstance(given, PyTorchConfiguration):
        config.communicator, config.pytorch = given.communication_backend, given
        config.node_count = given.node_count
    elif isinstance(given, TensorflowConfiguration):
        config.communicator, config.tensorflow = "ParameterServer", given
    else:
        raise UserErrorException(
            f"distributed_job_config is a {type(given).__name__}; give an MpiConfiguration, PyTorchConfiguration or "
            "TensorflowConfiguration."
        )

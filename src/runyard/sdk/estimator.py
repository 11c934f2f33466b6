"""Estimators: how scripts of Azure ML said what ScriptRunConfig says now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from runyard.sdk.compute_settings import warn_of_unused
from runyard.sdk.conda_dependencies import DEFAULTS, CondaDependencies, name_of
from runyard.sdk.environment import Environment
from runyard.sdk.exceptions import TrainingException
from runyard.sdk.experiment_record import ExperimentRecord
from runyard.sdk.run_configuration import MAX_SECONDS, MpiConfiguration
from runyard.sdk.script_run import ScriptRun
from runyard.sdk.script_run_config import ScriptRunConfig


class Estimator:
    """A script with its packages, to be submitted.

    Attributes:
        run_config: everything that is said of the run beside its script.
        framework: packages that are there without being asked for.
    """

    framework: ClassVar[Sequence[str]] = ()

    def __init__(
        self,
        source_directory: str | Path,
        *,
        compute_target: Any = None,
        entry_script: str | None = None,
        script_params: Mapping[str, Any] | None = None,
        node_count: int = 1,
        process_count_per_node: int = 1,
        distributed_backend: str | None = None,
        distributed_training: Any = None,
        use_gpu: bool = False,
        user_managed: bool = False,
        conda_packages: Sequence[str] | None = None,
        pip_packages: Sequence[str] | None = None,
        conda_dependencies_file: str | Path | None = None,
        pip_requirements_file: str | Path | None = None,
        environment_definition: Environment | None = None,
        environment_variables: Mapping[str, str] | None = None,
        max_run_duration_seconds: int | None = None,
        framework_version: str | None = None,
        inputs: Sequence[Any] | None = None,
        **kept: Any,
    ) -> None:
        """An estimator.

        Args:
            script_params: arguments by their names; an empty value is a flag.
            use_gpu: each machine must have a GPU.
            conda_dependencies_file, pip_requirements_file: below source_directory.
            framework_version: of the packages that the estimator brings.
            inputs: not supported: a script reads data by name.
            kept: for scripts that give more; vm_size and images have no meaning here.
        Raises: TrainingException.
        """
        if inputs:
            raise TrainingException(
                "inputs are not supported: a script reads data by name, with Dataset.get_by_name."
            )
        if entry_script is None:
            raise TrainingException("entry_script is needed: a file below source_directory.")
        warn_of_unused(vm_size=kept.get("vm_size"), custom_docker_image=kept.get("custom_docker_image"))
        mpi = distributed_training if isinstance(distributed_training, MpiConfiguration) else None
        if mpi is None and (distributed_backend == "mpi" or process_count_per_node > 1):
            mpi = MpiConfiguration(process_count_per_node, node_count)
        elif mpi is not None and mpi.node_count < node_count:
            mpi = MpiConfiguration(mpi.process_count_per_node, node_count)
        folder = Path(source_directory)
        environment = environment_definition or self._environment(
            folder, user_managed, conda_packages, pip_packages, conda_dependencies_file, pip_requirements_file,
            framework_version,
        )  # fmt: skip
        environment.environment_variables.update(
            {key: str(value) for key, value in (environment_variables or {}).items()}
        )
        self._config = ScriptRunConfig(
            source_directory,
            entry_script,
            _arguments(script_params or {}),
            compute_target=compute_target,
            environment=environment,
            distributed_job_config=mpi,
            max_run_duration_seconds=max_run_duration_seconds or MAX_SECONDS,
        )
        self.run_config = self._config.run_config
        self.run_config.node_count = max(self.run_config.node_count, node_count)
        if use_gpu:
            self.run_config.resources.gpu = 1

    @property
    def conda_dependencies(self) -> CondaDependencies:
        """What is installed."""
        return self.run_config.environment.python.conda_dependencies

    @property
    def source_directory(self) -> str:
        """Where the script is."""
        return self._config.source_directory

    def submit_to(
        self, experiment: ExperimentRecord, tags: Mapping[str, str] | None, **kwargs: Any
    ) -> ScriptRun:
        """Submit; what `Experiment.submit` calls."""
        return self._config.submit_to(experiment, tags, **kwargs)

    def definition(self) -> dict[str, Any]:
        """The job's definition."""
        return self._config.definition()

    def submission(self, experiment: ExperimentRecord, tags: Mapping[str, str] | None, **kwargs: Any) -> Any:
        """What is sent to the server."""
        return self._config.submission(experiment, tags, **kwargs)

    def _environment(
        self,
        folder: Path,
        user_managed: bool,
        conda: Sequence[str] | None,
        pip: Sequence[str] | None,
        conda_file: str | Path | None,
        pip_file: str | Path | None,
        version: str | None,
    ) -> Environment:
        made = Environment(f"{type(self).__name__.lower()}-environment")
        made.python.user_managed_dependencies = user_managed
        if conda_file is not None:
            packages = CondaDependencies(folder / conda_file)
        else:
            packages = CondaDependencies.create(pip_packages=[])
            if pip_file is not None:
                packages.set_pip_requirements(folder / pip_file)
        first = f"=={version}" if version else ""
        brought = [f"{name}{first if at == 0 else ''}" for at, name in enumerate(self.framework)]
        known = {name_of(one) for one in (*packages.pip_packages, *packages.conda_packages)}
        for one in [DEFAULTS, *brought]:
            if name_of(one) not in known:
                packages.add_pip_package(one)
        for one in pip or ():
            packages.add_pip_package(one)
        for one in conda or ():
            packages.add_conda_package(one)
        made.python.conda_dependencies = packages
        return made


class PyTorch(Estimator):
    """With torch and torchvision."""

    framework = ("torch", "torchvision")


class TensorFlow(Estimator):
    """With tensorflow."""

    framework = ("tensorflow",)


class SKLearn(Estimator):
    """With scikit-learn."""

    framework = ("scikit-learn",)


def _arguments(params: Mapping[str, Any]) -> list[Any]:
    found: list[Any] = []
    for name, value in params.items():
        found += [name] if value == "" else [name, value]
    return found

"""How a script is run: where, in which environment, in how many processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from runyard.client import yaml_text
from runyard.client.submission import HERE
from runyard.client.yaml_reading import load as read_yaml
from runyard.errors import InvalidInput
from runyard.sdk.conda_dependencies import CondaDependencies
from runyard.sdk.environment import Environment
from runyard.sdk.exceptions import RunConfigurationException
from runyard.sdk.job_record import target_name
from runyard.sdk.sections import Section, camel, plain

MAX_SECONDS = 30 * 86_400
FOLDERS = (".azureml", "aml_config")
SUFFIX = ".runconfig"


@dataclass(eq=False)
class MpiConfiguration(Section):
    """Processes that MPI starts on each of several machines."""

    process_count_per_node: int = 1
    node_count: int = 1


@dataclass(eq=False)
class PyTorchConfiguration(Section):
    """Processes of torch.distributed.

    Args:
        process_count: on all machines together; by default one on each.
    """

    communication_backend: str = "Nccl"
    process_count: int | None = None
    node_count: int = 1


@dataclass(eq=False)
class TensorflowConfiguration(Section):
    """Workers of tf.distribute, one on each machine. There are no parameter servers."""

    worker_count: int = 1
    parameter_server_count: int = 0


@dataclass(eq=False)
class DockerConfiguration(Section):
    """How the container of a run is started, where its environment names an image."""

    use_docker: bool = False
    shared_volumes: bool | None = None
    arguments: list[str] = field(default_factory=list)
    shm_size: str | None = None


@dataclass(eq=False)
class ResourceConfiguration(Section):
    """What each machine of a run must have; 0: whatever the target gives.

    Args:
        cpu: cores. memory_in_gb: of 1024³ bytes. gpu: how many.
    """

    cpu: int = 0
    memory_in_gb: float = 0
    gpu: int = 0


@dataclass(eq=False)
class HistoryConfiguration(Section):
    """What is kept of a run.

    Attributes:
        directories_to_watch: uploaded while it runs; `outputs` is uploaded at its end.
    """

    output_collection: bool = True
    snapshot_project: bool = True
    directories_to_watch: list[str] = field(default_factory=lambda: ["logs"])


@dataclass(eq=False)
class AmlComputeConfiguration(Section):
    """Kept for scripts that set it: targets are created once, and named."""

    name: str | None = None
    vm_size: str | None = None
    vm_priority: str | None = None
    retain_cluster: bool = False
    cluster_max_node_count: int | None = None


@dataclass(eq=False, repr=False)
class RunConfiguration(Section):
    """Everything that is said of a run beside its source.

    Attributes:
        target: name of a compute target, or `local`: this machine. A ComputeTarget may be given.
        communicator: None; Mpi, OpenMpi, IntelMpi; Nccl, Gloo; ParameterServer.
        resources: what each machine must have.
        priority: greater first, -100 to 100.
    """

    script: str | None = None
    arguments: list[Any] = field(default_factory=list)
    framework: str = "Python"
    communicator: str = "None"
    conda_dependencies: CondaDependencies | None = None
    command: str | list[str] | None = None
    target: str = HERE
    max_run_duration_seconds: int | None = MAX_SECONDS
    node_count: int = 1
    priority: int | None = None
    environment: Environment = field(default_factory=lambda: Environment("project_environment"))
    history: HistoryConfiguration = field(default_factory=HistoryConfiguration)
    mpi: MpiConfiguration = field(default_factory=MpiConfiguration)
    pytorch: PyTorchConfiguration = field(default_factory=PyTorchConfiguration)
    tensorflow: TensorflowConfiguration = field(default_factory=TensorflowConfiguration)
    docker: DockerConfiguration = field(default_factory=DockerConfiguration)
    resources: ResourceConfiguration = field(default_factory=ResourceConfiguration)
    amlcompute: AmlComputeConfiguration = field(default_factory=AmlComputeConfiguration)
    data_references: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    source_directory_data_store: str | None = None
    auto_prepare_environment: bool = True
    _path: str | None = None

    def __post_init__(self) -> None:
        if self.conda_dependencies is not None:
            self.environment.python.conda_dependencies = self.conda_dependencies

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "target":
            value = target_name(value) or HERE
        super().__setattr__(name, value)

    @property
    def environment_variables(self) -> dict[str, str]:
        """Those of the environment."""
        return self.environment.environment_variables

    @environment_variables.setter
    def environment_variables(self, variables: Mapping[str, str]) -> None:
        self.environment.environment_variables = dict(variables)

    def to_json(self) -> dict[str, Any]:
        """The settings by the names that files have."""
        left_out = ("conda_dependencies", "_path")
        return {camel(name): plain(getattr(self, name)) for name in self._names() if name not in left_out}

    def take(self, found: Mapping[str, Any]) -> Self:
        """Set what a file says."""
        given = dict(found)
        if isinstance(given.get("arguments"), str):
            given["arguments"] = str(given["arguments"]).split()
        environment = given.get("environment")
        if isinstance(environment, Mapping) and environment.get("name"):
            self.environment.name = str(environment["name"])
        return super().take({key: value for key, value in given.items() if value is not None})

    def save(
        self, path: str | Path | None = None, name: str | None = None, separate_environment_yaml: bool = False
    ) -> Path:
        """Write `.azureml/NAME.runconfig` below a folder, the current one by default; returns its path.

        Args:
            path: the folder, or the file itself where name is not given.
            separate_environment_yaml: kept for scripts that give it; the file holds all.
        """
        target = self._file(path, name) if name is not None or path is None else Path(path)
        if target.is_dir():
            target = self._file(target, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(yaml_text.dump(self.to_json()), encoding="utf-8")
        return target

    @classmethod
    def load(cls, path: str | Path, name: str | None = None) -> Self:
        """What `save` wrote.

        Args:
            path: the file, or the folder that has it in .azureml or aml_config.
            name: of the configuration, where path is a folder.
        Raises: RunConfigurationException.
        """
        file = next((one for one in cls._candidates(Path(path), name) if one.is_file()), None)
        if file is None:
            raise RunConfigurationException(
                f"There is no run configuration {name or ''!r} in {path}: looked for "
                f"{', '.join(str(one) for one in cls._candidates(Path(path), name))}. save() writes one."
            )
        try:
            found = read_yaml(file.read_text(encoding="utf-8"), str(file))
            return cls().take(found if isinstance(found, Mapping) else {})
        except (OSError, InvalidInput, UnicodeDecodeError) as exc:
            raise RunConfigurationException(f"{file} cannot be read: {exc}") from exc

    @classmethod
    def delete(cls, path: str | Path, name: str) -> None:
        """Remove a file that `save` wrote."""
        for one in cls._candidates(Path(path), name):
            one.unlink(missing_ok=True)

    @staticmethod
    def _candidates(path: Path, name: str | None) -> Sequence[Path]:
        if name is None:
            return [path]
        places = [path, *(path / folder for folder in FOLDERS)]
        return [place / f"{name}{suffix}" for place in places for suffix in (SUFFIX, "")]

    @staticmethod
    def _file(folder: str | Path | None, name: str | None) -> Path:
        root = Path(folder) if folder is not None else Path.cwd()
        return root / FOLDERS[0] / f"{name or HERE}{SUFFIX}"

    def __repr__(self) -> str:
        return yaml_text.dump(self.to_json())

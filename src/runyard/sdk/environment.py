"""What code needs to run: Python, packages, perhaps a container image."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from runyard.client import yaml_text
from runyard.client.yaml_reading import load
from runyard.errors import NotFound
from runyard.sdk.conda_dependencies import FILE as CONDA_FILE
from runyard.sdk.conda_dependencies import CondaDependencies
from runyard.sdk.environment_build import BuildDetails, build
from runyard.sdk.environment_sections import (
    ContainerRegistry,
    DatabricksSection,
    DockerSection,
    PythonSection,
    SparkSection,
)
from runyard.sdk.exceptions import AzureMLException, UserErrorException
from runyard.sdk.link import translated
from runyard.sdk.sections import Section
from runyard.sdk.workspace_record import WorkspaceRecord

PATH = "/api/v1/environments"
FILE = "azureml_environment.json"
DOCKERFILE = "BaseDockerfile"
RESERVED = ("microsoft", "azureml")
EXPORT_S = 120


@dataclass(eq=False, repr=False)
class Environment(Section):
    """An environment; registered ones have a version.

    Args:
        name: letters, digits, dots, dashes and underscores.
    """

    name: str
    version: str | None = None
    python: PythonSection = field(default_factory=PythonSection)
    docker: DockerSection = field(default_factory=DockerSection)
    spark: SparkSection = field(default_factory=SparkSection)
    databricks: DatabricksSection = field(default_factory=DatabricksSection)
    environment_variables: dict[str, str] = field(default_factory=dict)
    inferencing_stack_version: str | None = None

    @classmethod
    def get(
        cls, workspace: WorkspaceRecord, name: str, version: str | None = None, label: str | None = None
    ) -> Self:
        """A registered environment, its latest version by default.

        Args:
            label: kept for scripts that give it; the latest version has the only one.
        Raises: UserErrorException when there is none.
        """
        query = {} if version is None else {"version": str(version)}
        try:
            return cls._of(workspace.link.get(f"{PATH}/{quote(name, safe='')}", **query))
        except AzureMLException as exc:
            if not isinstance(exc.inner_exception, NotFound):
                raise
            which = f"{name} (version {version})" if version is not None else name
            raise UserErrorException(
                f"Environment {which} is not registered in workspace {workspace.name}. Environment.list(workspace) shows "
                f"what is; Environment.from_pip_requirements and register make one.{_of_curated(name)}",
                exc.inner_exception,
            ) from exc

    @classmethod
    def list(cls, workspace: WorkspaceRecord) -> dict[str, Self]:
        """The latest version of each registered environment, by name."""
        return {str(one["name"]): cls._of(one) for one in workspace.link.pages(PATH)}

    @classmethod
    def from_conda_specification(cls, name: str, file_path: str | Path) -> Self:
        """A new environment of what a conda file says. Raises: UserErrorException."""
        made = cls(name)
        made.python.conda_dependencies = CondaDependencies(file_path)
        return made

    @classmethod
    def from_pip_requirements(cls, name: str, file_path: str | Path, pip_version: str | None = None) -> Self:
        """A new environment of what a requirements file says. Raises: UserErrorException."""
        made = cls(name)
        made.python.conda_dependencies = CondaDependencies.create(pip_packages=[])
        made.python.conda_dependencies.set_pip_requirements(file_path)
        return made

    @classmethod
    def from_existing_conda_environment(cls, name: str, conda_environment_name: str) -> Self:
        """A new environment with the packages of a conda environment of this machine.

        Raises: UserErrorException where there is no conda, or no such environment.
        """
        program = next(filter(None, map(shutil.which, ("conda", "mamba", "micromamba"))), None)
        if program is None:
            raise UserErrorException(
                "There is no conda, mamba or micromamba on this machine's path. Environment.from_pip_requirements takes "
                "what `pip freeze` prints."
            )
        command = [program, "env", "export", "-n", conda_environment_name, "--no-builds"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=EXPORT_S)
        if done.returncode != 0:
            raise UserErrorException(
                f"{Path(program).name} has no environment {conda_environment_name!r}, or cannot export it: "
                f"{(done.stderr or done.stdout).strip()[-500:]}"
            )
        found = translated(lambda: load(done.stdout, f"the export of {conda_environment_name}"))
        made = cls(name)
        made.python.conda_dependencies = CondaDependencies(_underlying_structure=found)
        return made

    @classmethod
    def from_docker_image(
        cls,
        name: str,
        image: str,
        container_registry: ContainerRegistry | None = None,
        conda_specification: str | Path | None = None,
        pip_requirements: str | Path | None = None,
    ) -> Self:
        """A new environment in a container image; the packages of a file are installed on top of it."""
        made = cls._of_files(name, conda_specification, pip_requirements)
        made.docker.enabled = True
        made.docker.base_image = image
        if container_registry is not None:
            made.docker.base_image_registry = container_registry
        return made

    @classmethod
    def from_dockerfile(
        cls,
        name: str,
        dockerfile: str | Path,
        conda_specification: str | Path | None = None,
        pip_requirements: str | Path | None = None,
    ) -> Self:
        """A new environment in an image that is built.

        Args:
            dockerfile: its text, or the path of a file.
        """
        made = cls._of_files(name, conda_specification, pip_requirements)
        made.docker.enabled = True
        is_text = "\n" in str(dockerfile)
        made.docker.base_dockerfile = (
            str(dockerfile) if is_text else Path(dockerfile).read_text(encoding="utf-8")
        )
        return made

    @classmethod
    def load_from_directory(cls, path: str | Path) -> Self:
        """What `save_to_directory` wrote. Raises: UserErrorException."""
        file = Path(path) / FILE
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            made = cls._of({"name": found["name"], "definition": found})
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise UserErrorException(
                f"{file} cannot be read as an environment: {exc}. Environment.save_to_directory writes one."
            ) from exc
        conda, dockerfile = Path(path) / CONDA_FILE, Path(path) / DOCKERFILE
        if conda.is_file():
            made.python.conda_dependencies = CondaDependencies(conda)
        if dockerfile.is_file():
            made.docker.base_dockerfile = dockerfile.read_text(encoding="utf-8")
        return made

    @classmethod
    def _of(cls, record: Mapping[str, Any]) -> Self:
        made = cls(str(record["name"])).take(record["definition"])
        made.name = str(record["name"])
        made.version = str(record["version"]) if record.get("version") is not None else made.version
        return made

    @classmethod
    def _of_files(cls, name: str, conda: str | Path | None, pip: str | Path | None) -> Self:
        if conda is not None and pip is not None:
            raise UserErrorException("Give conda_specification or pip_requirements, not both.")
        if conda is not None:
            return cls.from_conda_specification(name, conda)
        if pip is not None:
            return cls.from_pip_requirements(name, pip)
        made = cls(name)
        made.python.user_managed_dependencies = True
        return made

    def register(self, workspace: WorkspaceRecord) -> Self:
        """Keep it in a workspace; returns the registered one. One that is as the latest version is that version.

        Raises: UserErrorException.
        """
        if self.name.lower().startswith(RESERVED):
            raise UserErrorException(
                f"Environment names that begin with Microsoft or AzureML are reserved, such as {self.name!r}; "
                "clone(new_name) gives it another one."
            )
        body = {"name": self.name, "definition": self.definition()}
        return self._of(workspace.link.post(PATH, body, retry=True))

    def clone(self, new_name: str) -> Self:
        """The same, not registered, under another name."""
        made = copy.deepcopy(self)
        made.name, made.version = new_name, None
        return made

    def build(self, workspace: WorkspaceRecord, image_build_compute: Any = None) -> BuildDetails:
        """Make it on a target, so that runs there need not wait for it.

        Args:
            image_build_compute: a compute target or its name; by default this machine.
        """
        return build(workspace, self.name, self.definition(), image_build_compute)

    def build_local(self, workspace: WorkspaceRecord, platform: Any = None, **kwargs: Any) -> BuildDetails:
        """Make it on this machine, and wait."""
        details = self.build(workspace)
        details.wait_for_completion(show_output=True)
        return details

    def get_image_details(self, workspace: WorkspaceRecord) -> dict[str, Any]:
        """The registered record: name, version, hash, when and by whom."""
        query = {} if self.version is None else {"version": self.version}
        return dict(workspace.link.get(f"{PATH}/{quote(self.name, safe='')}", **query))

    def save_to_directory(self, path: str | Path, overwrite: bool = False) -> None:
        """Write azureml_environment.json, conda_dependencies.yml and, where there is one, BaseDockerfile.

        Raises: UserErrorException when the folder is there, unless overwrite.
        """
        folder = Path(path)
        if folder.exists() and not overwrite:
            raise UserErrorException(f"{folder} is there already; overwrite=True writes into it.")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(self.to_json(), indent=4) + "\n", encoding="utf-8")
        (folder / CONDA_FILE).write_text(
            yaml_text.dump(self.python.conda_dependencies.as_dict()), encoding="utf-8"
        )
        if self.docker.base_dockerfile:
            (folder / DOCKERFILE).write_text(self.docker.base_dockerfile, encoding="utf-8")

    def definition(self) -> dict[str, Any]:
        """As the server keeps it: what is not set is left out."""
        docker = {
            key: value
            for key, value in self.docker.to_json().items()
            if value not in (None, "", [], False)
            and key not in ("baseImageRegistry", "gpuSupport", "sharedVolumes")
        }
        python = {key: value for key, value in self.python.to_json().items() if value is not None}
        if self.python.user_managed_dependencies:
            python.pop("condaDependencies", None)
        found = {
            "name": self.name,
            "version": self.version,
            "python": python,
            "docker": docker,
            "environmentVariables": {key: str(value) for key, value in self.environment_variables.items()},
        }
        return {key: value for key, value in found.items() if value not in (None, {})}

    def __str__(self) -> str:
        return f"Environment(Name: {self.name},\nVersion: {self.version})"

    def __repr__(self) -> str:
        return json.dumps(self.to_json(), indent=4)


def described(environment: Environment) -> bool:
    """Whether anything was said of what an environment installs."""
    fresh = Environment(environment.name)
    return environment.version is not None or (environment.python, environment.docker) != (
        fresh.python,
        fresh.docker,
    )


def _of_curated(name: str) -> str:
    return (
        " The environments that Azure ML curates are not here." if name.lower().startswith(RESERVED) else ""
    )

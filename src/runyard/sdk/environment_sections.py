"""The parts of an environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from runyard.sdk.conda_dependencies import CondaDependencies
from runyard.sdk.sections import Section

DEFAULT_IMAGE = ""  # what stands where Azure ML has an image of its own: the target's own system


@dataclass(eq=False)
class PythonSection(Section):
    """Which Python, and what is installed for it.

    Attributes:
        user_managed_dependencies: nothing is installed; interpreter_path has what the run needs.
        interpreter_path: `python` is the one that the target, or this program, has.
        conda_dependencies_file: read when it is set.
        base_conda_environment: a conda environment of the target that is used as it is.
    """

    user_managed_dependencies: bool = False
    interpreter_path: str = "python"
    conda_dependencies: CondaDependencies = field(default_factory=CondaDependencies)
    base_conda_environment: str | None = None

    @property
    def conda_dependencies_file(self) -> str | None:
        """A conda file; setting it reads it."""
        return None

    @conda_dependencies_file.setter
    def conda_dependencies_file(self, path: str | Path | None) -> None:
        if path is not None:
            self.conda_dependencies = CondaDependencies(path)

    def take(self, found: Mapping[str, Any]) -> Self:
        """Set what a file says."""
        rest = {key: value for key, value in found.items() if key != "condaDependencies"}
        if found.get("condaDependencies"):
            self.conda_dependencies = CondaDependencies(_underlying_structure=found["condaDependencies"])
        super().take(rest)
        self.interpreter_path = self.interpreter_path or "python"
        return self


@dataclass(eq=False)
class ContainerRegistry(Section):
    """Where an image is kept, and who may fetch it."""

    address: str | None = None
    username: str | None = None
    password: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Without the password, which no definition of a run holds."""
        return {"address": self.address, "username": self.username}


@dataclass(eq=False)
class DockerSection(Section):
    """A container image, where the target has what runs one.

    Attributes:
        enabled: kept for scripts that set it; an image that is named is used, and without one the target's own system.
    """

    enabled: bool = False
    base_image: str | None = None
    base_dockerfile: str | None = None
    base_image_registry: ContainerRegistry = field(default_factory=ContainerRegistry)
    shm_size: str | None = None
    shared_volumes: bool = True
    gpu_support: bool = True
    arguments: list[str] = field(default_factory=list)


@dataclass(eq=False)
class SparkSection(Section):
    """What Spark needs; kept for later."""

    repositories: list[str] = field(default_factory=list)
    packages: list[Any] = field(default_factory=list)
    precache_packages: bool = True


@dataclass(eq=False)
class DatabricksSection(Section):
    """Libraries of Databricks; kept as they are."""

    maven_libraries: list[Any] = field(default_factory=list)
    pypi_libraries: list[Any] = field(default_factory=list)
    rcran_libraries: list[Any] = field(default_factory=list)
    jar_libraries: list[Any] = field(default_factory=list)
    egg_libraries: list[Any] = field(default_factory=list)

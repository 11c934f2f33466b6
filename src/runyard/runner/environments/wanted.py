"""What an environment's definition asks for, read into values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Mapping, Sequence

from .prepared import EnvironmentFailed

USUAL_CHANNELS = ("conda-forge",)
_SPEC = re.compile(r"([A-Za-z0-9_][\w.-]*)\s*(\[[^\]]*\])?\s*(.*)")


@dataclass(frozen=True)
class CondaSpec:
    """A package of conda's: `version` as conda writes it, `=1.2`, `>=1,<2`; empty: any."""

    name: str
    version: str = ""
    text: str = ""


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes:
        python: version as conda writes it; empty: any.
        pip: lines as of a requirements file. conda: packages other than Python and pip.
    """

    python: str = ""
    pip: Sequence[str] = ()
    conda: Sequence[CondaSpec] = ()
    channels: Sequence[str] = USUAL_CHANNELS
    image: str = ""
    dockerfile: str = ""
    docker: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """Whether lines refer to files of the sources, which the environment's hash does not know."""
        return any(_is_path(line) for line in self.pip)


def read_wanted(environment: Mapping[str, Any]) -> Wanted:
    """Read a definition.

    Raises: EnvironmentFailed, for what cannot be understood.
    """
    python = environment.get("python") or {}
    conda = python.get("condaDependencies") or {}
    if isinstance(python.get("baseCondaEnvironment"), str) and python["baseCondaEnvironment"]:
        raise EnvironmentFailed(
            "base_conda_environment is not supported. List the packages, or set user_managed_dependencies and "
            "interpreter_path to use an environment that the machine has."
        )
    specs: list[CondaSpec] = []
    pip: list[str] = []
    for one in conda.get("dependencies") or ():
        if isinstance(one, Mapping):
            pip += [str(line).strip() for line in one.get("pip") or ()]
        else:
            specs.append(read_spec(str(one)))
    docker = environment.get("docker") or {}
    return Wanted(
        python=next((one.version for one in specs if one.name == "python"), ""),
        pip=[line for line in pip if line and not line.startswith("#")],
        conda=[one for one in specs if one.name not in ("python", "pip")],
        channels=[str(one) for one in conda.get("channels") or USUAL_CHANNELS],
        image=str(docker.get("baseImage") or "") if docker.get("enabled") else "",
        dockerfile=str(docker.get("baseDockerfile") or "") if docker.get("enabled") else "",
        docker=docker,
    )


def read_spec(text: str) -> CondaSpec:
    """A package of conda's: `numpy`, `numpy=1.18`, `numpy==1.18.1`, `numpy >=1.18,<2`, `conda-forge::numpy=1.18=py37_0`.

    Raises: EnvironmentFailed.
    """
    plain = text.partition("#")[0].strip()
    _, _, rest = plain.rpartition("::")
    found = _SPEC.fullmatch(rest)
    if found is None:
        raise EnvironmentFailed(
            f"{text!r} is no conda package. It looks like numpy, numpy=1.18 or numpy>=1.18,<2."
        )
    version = found.group(3).strip()
    if version and version[0].isalnum():  # `numpy 1.18 py37_0`
        version = "==" + version.split()[0]
    exact = re.fullmatch(r"(==?[^=]+)=[^=]+", version)  # without the build's name
    return CondaSpec(found.group(1).lower(), (exact.group(1) if exact else version).replace(" ", ""), plain)


def _is_path(line: str) -> bool:
    """Whether a line of a requirements file names a file or folder beside it."""
    word = line.split()[0]
    if word in ("-r", "-c", "-e", "--requirement", "--constraint", "--editable"):
        return "://" not in line
    if word.startswith("-"):
        return False
    where = line.partition("@")[2].strip() if " @ " in line else line
    return where.startswith((".", "/", "file:")) or (
        where.endswith((".whl", ".tar.gz", ".zip")) and "://" not in where
    )

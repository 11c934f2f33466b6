"""Environments with packages of conda's, where the machine has micromamba, mamba or conda. Those of pip follow with uv."""

from __future__ import annotations

import os
import shutil
from typing import Mapping, Sequence

from . import indexes
from .interpreters import Interpreter, ask
from .making import Making
from .prepared import EnvironmentFailed
from .wanted import Wanted

PROGRAMS = ("micromamba", "mamba", "conda")
VARIABLES = ("MAMBA_EXE", "CONDA_EXE")
HOMES = ("~/miniforge3", "~/mambaforge", "~/miniconda3", "~/anaconda3", "/opt/conda")
USUAL_PYTHON = "=3.11"
SETTING = "RUNYARD_CONDA"  # path of the program; "off": it is not used


def find_conda(machine: Mapping[str, str]) -> str | None:
    """The program; None where the machine has none."""
    named = machine.get(SETTING, "")
    if named:
        return None if named == "off" else shutil.which(os.path.expanduser(named))
    places = [machine.get(name, "") for name in VARIABLES]
    places += [os.path.join(os.path.expanduser(home), "bin", "conda") for home in HOMES]
    for found in (*(shutil.which(name) for name in PROGRAMS), *places):
        if found and os.access(found, os.X_OK) and f"{os.sep}shims{os.sep}" not in found:
            return found
    return None


def python_of(wanted: Wanted, least: Sequence[int]) -> str:
    """The version of Python that conda is asked for: it has them all."""
    if wanted.python:
        return wanted.python
    return USUAL_PYTHON if tuple(least) <= (3, 11) else ">=" + ".".join(str(one) for one in least)


class Conda:
    """Makes environments.

    Args:
        program: the path of conda or of one like it.
    """

    def __init__(self, program: str) -> None:
        self._conda = program

    def make(self, making: Making, wanted: Wanted, python: str) -> Interpreter:
        """The environment with conda's packages; returns its Python.

        Raises: PackagesFailed, EnvironmentFailed.
        """
        channels = [word for channel in wanted.channels for word in ("--channel", channel)]
        specs = [f"python{_relation(python)}", "pip", *(one.text.rpartition("::")[2] for one in wanted.conda)]
        making.run(
            [
                *(self._conda, "create", "--yes", "--quiet", "--prefix", making.place.folder),
                *("--override-channels", *channels, *(spec.replace(" ", "") for spec in specs)),
            ],
            indexes.for_pip(making.machine, making.bundle),
        )
        version = ask(making.place.python)
        if version is None:
            raise EnvironmentFailed(
                f"{self._conda} made an environment without Python in {making.place.folder}."
            )
        return Interpreter(making.place.python, version)


def _relation(version: str) -> str:
    return version if version[:1] in "=<>!~" else f"={version}"

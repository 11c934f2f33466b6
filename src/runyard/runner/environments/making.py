"""What is made, and with what: the same for every installer."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, replace
from typing import Mapping, Sequence

from ..job_file import write_private
from .cache import Place
from .commands import BuildLog
from .containers import Container
from .indexes import option_lines
from .interpreters import Interpreter
from .locks import Locks
from .own_packages import OwnPackages
from .prepared import EnvironmentFailed

# What installers say when another Python may do: there are no built packages for this one, or it is too new or too old.
_OF_PYTHON = re.compile(
    r"requires.python|no wheels|python abi|failed to build|building wheel|python_version|build backend", re.I
)


SOURCES = "sources"  # in the folder of an environment
PASSED = ("UV_", "PIP_", "SSL_", "NO_COLOR", "RUNYARD_")  # variables that count in a container too


class PackagesFailed(EnvironmentFailed):
    """The packages cannot be had for this Python. `maybe`: another one may do."""

    def __init__(self, message: str) -> None:
        self.maybe = _OF_PYTHON.search(message) is not None
        super().__init__(message)


@dataclass(frozen=True)
class Making:
    """One environment for one Python.

    Attributes:
        name: of the environment, for people. private: folder for files that only this job reads.
        working: folder that lines of requirements refer to. machine: variables for programs.
        sources: folder of those that lines of requirements refer to; empty where none does.
        container: the image that it is for. locks: None where exact versions cannot be shared, because files of the sources are installed.
    """

    name: str
    place: Place
    interpreter: Interpreter
    packages: OwnPackages
    locks: Locks | None
    log: BuildLog
    private: str
    working: str
    machine: Mapping[str, str]
    server: str
    token: str
    bundle: str = ""
    container: Container | None = None
    sources: str = ""

    @property
    def has_packages(self) -> bool:
        """Whether there is anything to install."""
        return bool(self.packages.lines or self.packages.others)

    def with_sources(self) -> Making:
        """The same, working in a copy of the sources that stays as long as the environment does.

        What is installed as editable leads there; the job's own folder goes when the job has ended.

        Raises: EnvironmentFailed.
        """
        if not self.sources:
            return self
        kept = os.path.join(self.place.folder, SOURCES)
        try:
            shutil.copytree(self.sources, kept, symlinks=True)
        except OSError as exc:
            raise EnvironmentFailed(
                f"The sources cannot be copied to {kept}, for the environment {self.name}: {exc}"
            ) from exc
        return replace(self, working=kept)

    def file(self, name: str, lines: Sequence[str]) -> str:
        """A requirements file that only its owner reads."""
        path = os.path.join(self.private, name)
        write_private(path, ("\n".join(lines) + "\n").encode())
        return path

    def options(self) -> list[str]:
        """What requirements say of where packages are."""
        return option_lines(self.packages.others)

    def try_run(self, command: Sequence[str], variables: Mapping[str, str]) -> int:
        """The exit code of a command where the environment will be used."""
        if self.container is not None:
            passed = {name: self._known(value) for name, value in variables.items() if _is_passed(name)}
            command = self.container.command(command, self.working, [name for name in passed if passed[name]])
            variables = {**variables, **passed}
        return self.log.run(command, variables, self.working)

    def _known(self, value: str) -> str:
        """A variable without words that name files of the machine which the container does not have."""
        assert self.container is not None  # asked for containers only
        return " ".join(word for word in value.split(" ") if self.container.knows(word.rpartition("=")[2]))

    def run(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        """Raises: PackagesFailed."""
        if self.try_run(command, variables):
            raise PackagesFailed(
                f"The packages of the environment {self.name} cannot be installed for Python "
                f"{self.interpreter.text}:\n{self.log.last_words()}"
            )


def _is_passed(name: str) -> bool:
    return name.startswith(PASSED) or name.lower().endswith("_proxy")

"""Environments made with uv: found on the machine, or installed once into the runner's folder."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Mapping, Sequence

from . import indexes
from .commands import BuildLog
from .interpreters import Interpreter
from .locked_folder import turn
from .locks import pinned, without
from .making import Making, PackagesFailed

OLDEST = (3, 8)  # that uv makes environments for
SETTING = "RUNYARD_UV"  # path of the program; "off": it is not used


def find_uv(
    root: str, pythons: Sequence[Interpreter], log: BuildLog, machine: Mapping[str, str]
) -> str | None:
    """The program, installed now where the machine has none; None where that is not possible."""
    named = machine.get(SETTING, "")
    if named:
        return None if named == "off" else shutil.which(os.path.expanduser(named))
    beside = os.path.dirname(sys.executable or "")
    places = (beside, os.path.expanduser("~/.local/bin"), os.path.expanduser("~/.cargo/bin"))
    for found in (shutil.which("uv"), *(os.path.join(place, "uv") for place in places), _own(root)):
        if found and os.access(found, os.X_OK) and f"{os.sep}shims{os.sep}" not in found:
            return found
    with turn(os.path.join(root, "uv.lock"), log):
        own = _own(root)
        return own if os.access(own, os.X_OK) else _install(root, pythons, log, machine)


def _own(root: str) -> str:
    return os.path.join(root, "uv", "bin", "uv")


def _install(
    root: str, pythons: Sequence[Interpreter], log: BuildLog, machine: Mapping[str, str]
) -> str | None:
    log.say("This machine has no uv; it is installed for this and all later environments.")
    folder = os.path.join(root, "uv")
    able = sorted((one for one in pythons if one.version[:2] >= OLDEST), key=lambda one: one.version)
    for one in reversed(able[-3:]):
        shutil.rmtree(folder, ignore_errors=True)
        if log.run([one.path, "-m", "venv", folder], machine, root):
            continue
        python = os.path.join(folder, "bin", "python")
        if not log.run([python, "-m", "pip", "install", "--quiet", "uv"], indexes.for_pip(machine), root):
            return _own(root)
        break  # the index does not have it, or is away: the same for every Python
    shutil.rmtree(folder, ignore_errors=True)
    log.say("uv cannot be installed; pip is used instead.")
    return None


class Uv:
    """Makes environments.

    Args:
        program: the path of uv.
    """

    def __init__(self, program: str) -> None:
        self._uv = program

    def make(self, making: Making) -> None:
        """The environment with its packages.

        Raises: PackagesFailed.
        """
        variables = self._variables(making)
        making.run(
            [self._uv, "venv", "--quiet", "--seed", "--python", making.interpreter.path, making.place.folder],
            variables,
        )
        if making.has_packages:
            self._fill(making.with_sources(), variables)

    def add(self, making: Making) -> None:
        """The packages, to those that conda has put into the environment and that stay as they are.

        Raises: PackagesFailed.
        """
        making = making.with_sources()
        wanted = making.file("requirements.in", [*making.packages.lines, *making.packages.others])
        command = [self._uv, "pip", "install", "--python", making.place.python, "--requirement", wanted]
        making.run(command, self._variables(making))

    def _fill(self, making: Making, variables: Mapping[str, str]) -> None:
        minor = making.interpreter.minor
        known = making.locks.find(minor) if making.locks else None
        if known is not None:
            making.log.say("Its packages were locked before; the same versions are installed.")
            try:
                self._install(making, self._lock(making, variables, known), variables)
                return
            except PackagesFailed:
                making.log.say("Those versions cannot be had for this machine; others are looked for.")
                self._install(making, self._lock(making, variables), variables)
                return
        text = self._lock(making, variables)
        kept = making.locks.keep(minor, text) if making.locks else text
        if kept != text:
            text = self._lock(making, variables, kept)
        self._install(making, text, variables)

    def _variables(self, making: Making) -> dict[str, str]:
        found = indexes.for_uv(
            making.machine, making.server, making.token, own=bool(making.packages.named), bundle=making.bundle
        )
        return {**found, "UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}

    def _lock(self, making: Making, variables: Mapping[str, str], known: str = "") -> str:
        """Exact versions of all packages but the server's own, which it always gives as they are.

        Args:
            known: a lock, whose versions are taken of what is wanted.
        """
        wanted = making.file("requirements.in", [*making.packages.lines, *making.packages.others])
        locked = os.path.join(making.private, "requirements.txt")
        options = ["--generate-hashes", "--no-header", "--no-annotate", "--quiet"]
        if known:
            versions = pinned(without(known, making.packages.named))
            options += ["--constraint", making.file("versions.txt", versions)]
        making.run(
            [
                *(self._uv, "pip", "compile", wanted, "--output-file", locked),
                *("--python", making.place.python, *options),
            ],
            variables,
        )
        with open(locked, encoding="utf-8") as file:
            return without(file.read(), making.packages.named)

    def _install(self, making: Making, locked: str, variables: Mapping[str, str]) -> None:
        files = [making.file("locked.txt", [*making.options(), locked])]
        if making.packages.lines:
            files.append(making.file("own.txt", making.packages.lines))
        given = [word for file in files for word in ("--requirement", file)]
        making.run([self._uv, "pip", "install", "--python", making.place.python, *given], variables)

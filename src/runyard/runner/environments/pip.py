"""Environments made with what every Python brings, for machines where uv cannot be had."""

from __future__ import annotations

import subprocess

from . import indexes
from .locks import pinned, without
from .making import Making, PackagesFailed

# Those that come with these find neither today's wheels nor versions that fit together.
NEWEST = {"3.6": "pip<22", "3.7": "pip<24.1"}


class Pip:
    """Makes environments."""

    def make(self, making: Making) -> None:
        """The environment with its packages.

        Raises: PackagesFailed.
        """
        variables = indexes.for_pip(making.machine, making.bundle)
        if making.try_run([making.interpreter.path, "-m", "venv", making.place.folder], variables):
            raise PackagesFailed(
                f"{making.interpreter.path} cannot make environments: it lacks the module venv or ensurepip "
                "(on Debian the package python3-venv), and uv cannot be installed.\n"
                + making.log.last_words()
            )
        if making.has_packages:
            self.add(making)

    def add(self, making: Making) -> None:
        """The packages, into an environment that is there. Raises: PackagesFailed."""
        making = making.with_sources()
        variables = indexes.for_pip(making.machine, making.bundle)
        newest = NEWEST.get(making.interpreter.minor)
        if newest:
            newer = [making.place.python, "-m", "pip", "install", "--quiet", "--upgrade", newest]
            making.try_run(newer, variables)
        minor = making.interpreter.minor
        known = making.locks.find(minor) if making.locks else None
        lines = [*self._index(making), *making.packages.lines, *making.packages.others]
        wanted = making.file("requirements.in", lines)
        command = [making.place.python, "-m", "pip", "install", "--progress-bar", "off", "-r", wanted]
        versions = pinned(without(known or "", making.packages.named))
        same = ["-c", making.file("versions.txt", versions)] if versions else []
        try:
            making.run([*command, *same], variables)
        except PackagesFailed:
            if not same:
                raise
            making.log.say(
                "The versions that were locked cannot be had for this machine; others are looked for."
            )
            making.run(command, variables)
        if making.locks and known is None and making.container is None:
            making.locks.keep(minor, without(_frozen(making.place.python), making.packages.named))

    def _index(self, making: Making) -> list[str]:
        return indexes.lines_for_pip(making.server, making.token) if making.packages.named else []


def _frozen(python: str) -> str:
    shown = subprocess.run(
        [python, "-m", "pip", "freeze", "--disable-pip-version-check"], stdout=subprocess.PIPE, check=False
    )
    return shown.stdout.decode()

"""Environments that this machine has made, each in a folder that says when it is complete."""

from __future__ import annotations

import glob
import json
import os
import shutil
from dataclasses import dataclass
from typing import Sequence

from ..job_file import write_private
from .interpreters import Interpreter
from .locks import this_platform
from .own_packages import normalised
from .prepared import Prepared

READY = ".ready"
INFO = (".dist-info", ".egg-info")


@dataclass(frozen=True)
class Place:
    """Where one environment is, or will be."""

    folder: str

    @property
    def python(self) -> str:
        """Its interpreter."""
        return os.path.join(self.folder, "bin", "python")

    @property
    def turn(self) -> str:
        """The file that is locked while it is made."""
        return self.folder + ".lock"

    def clear(self) -> None:
        """Whatever is there is gone."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if os.path.lexists(self.folder):
            shutil.rmtree(self.folder)

    def complete(self, interpreter: str) -> None:
        """Say that it can be used; written last."""
        packages = self._packages()
        told = {"python": interpreter, "packages": packages}
        write_private(os.path.join(self.folder, READY), json.dumps(told).encode())

    def ready(self) -> Prepared | None:
        """It, unless it is incomplete or something of it went away since."""
        try:
            with open(os.path.join(self.folder, READY), encoding="utf-8") as file:
                told = json.load(file)
        except (OSError, ValueError):
            return None
        packages = self._packages()
        if not os.access(self.python, os.X_OK) or not set(told["packages"]) <= set(packages):
            return None
        return Prepared(python=self.python, path=os.path.dirname(self.python), packages=packages, own=True)

    def _packages(self) -> list[str]:
        names = []
        for folder in glob.glob(os.path.join(glob.escape(self.folder), "lib", "python3*", "site-packages")):
            names += [normalised(name.split("-")[0]) for name in os.listdir(folder) if name.endswith(INFO)]
        return sorted(names)


class Cache:
    """The folder of all environments."""

    def __init__(self, root: str) -> None:
        self._root = os.path.join(root, "environments")
        os.makedirs(self._root, mode=0o700, exist_ok=True)

    def find(self, key: str) -> Prepared | None:
        """One that was made for this key, for any Python: the key says which are wanted."""
        for folder in sorted(glob.glob(os.path.join(glob.escape(self._root), f"{key}-{this_platform()}-*"))):
            found = None if folder.endswith(".lock") else Place(folder).ready()
            if found is not None:
                return found
        return None

    def place(self, key: str, interpreter: Interpreter) -> Place:
        """Where the one for this Python belongs."""
        return Place(os.path.join(self._root, f"{key}-{this_platform()}-{interpreter.minor}"))

    def names(self) -> Sequence[str]:
        """All that there are."""
        return sorted(name for name in os.listdir(self._root) if not name.endswith(".lock"))

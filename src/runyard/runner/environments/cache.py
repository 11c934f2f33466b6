"""Environments that this machine has made, each in a folder that says when it is complete."""

from __future__ import annotations

import glob
import json
import os
import shutil
import time
from dataclasses import dataclass

from ..job_file import write_private
from .interpreters import Interpreter
from .locked_folder import is_free
from .locks import this_platform
from .own_packages import normalised
from .prepared import Prepared

READY = ".ready"
LOCK = ".lock"
KEPT_S = 60 * 86_400  # longer than any job runs
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
        return self.folder + LOCK

    def clear(self) -> None:
        """Whatever is there is gone."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if os.path.lexists(self.folder):
            shutil.rmtree(self.folder)

    def complete(self, interpreter: str, image: str = "") -> None:
        """Say that it can be used, on this machine or in an image; written last."""
        packages = self._packages()
        told = {"python": interpreter, "packages": packages, "image": image}
        write_private(os.path.join(self.folder, READY), json.dumps(told).encode())

    def ready(self) -> Prepared | None:
        """It, unless it is incomplete or something of it went away since."""
        try:
            with open(os.path.join(self.folder, READY), encoding="utf-8") as file:
                told = json.load(file)
        except (OSError, ValueError):
            return None
        packages = self._packages()
        there = os.path.lexists(self.python) if told.get("image") else os.access(self.python, os.X_OK)
        if not there or not set(told["packages"]) <= set(packages):
            return None
        self._touch()
        return Prepared(python=self.python, path=os.path.dirname(self.python), packages=packages, own=True)

    def used(self) -> float:
        """When a job last wanted it, or when it was begun."""
        for path in (os.path.join(self.folder, READY), self.folder):
            if os.path.exists(path):
                return os.path.getmtime(path)
        return time.time()

    def _touch(self) -> None:
        try:
            os.utime(os.path.join(self.folder, READY))
        except OSError:
            return  # a folder that others own

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
            found = None if folder.endswith(LOCK) else Place(folder).ready()
            if found is not None:
                return found
        return None

    def place(self, key: str, interpreter: Interpreter) -> Place:
        """Where the one for this Python belongs."""
        return Place(os.path.join(self._root, f"{key}-{this_platform()}-{interpreter.minor}"))

    def tidy(self) -> None:
        """Remove what no job has used for long, and what a killed one has left half made."""
        now = time.time()
        for name in os.listdir(self._root):
            place = Place(os.path.join(self._root, name))
            if name.endswith(LOCK) or not os.path.isdir(place.folder):
                continue
            if now - place.used() > KEPT_S and is_free(place.turn):
                place.clear()

"""The Pythons of this machine, and which of them an environment gets."""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Callable, Iterable, Sequence

from .prepared import EnvironmentFailed

NEWEST_KNOWN = (3, 13)  # what is newer is taken only when it is asked for: packages follow slowly
ASK_S = 20.0
_TELL = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True)
class Interpreter:
    """A Python that can be started. `version`: (3, 11, 7)."""

    path: str
    version: tuple[int, int, int]

    @property
    def text(self) -> str:
        """3.11.7"""
        return ".".join(str(one) for one in self.version)

    @property
    def minor(self) -> str:
        """3.11"""
        return f"{self.version[0]}.{self.version[1]}"


def find_all(first: Sequence[str]) -> list[Interpreter]:
    """Those of this machine: the given ones, the runner's own, those on PATH and in the usual places; each once.

    One that does not start, such as a shim that leads nowhere, is none.
    """
    found: dict[str, Interpreter] = {}
    for path in _places(first):
        real = os.path.realpath(path)
        if real in found or not os.access(path, os.X_OK):
            continue
        version = ask(path)
        if version is not None:
            found[real] = Interpreter(path, version)
    return list(found.values())


def ask(path: str) -> tuple[int, int, int] | None:
    """An interpreter's version; None: it is none."""
    try:
        told = subprocess.run(
            [path, "-I", "-S", "-c", _TELL],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            timeout=ASK_S,
            check=False,
        )
        major, minor, patch = (int(one) for one in told.stdout.split()[0].split(b"."))
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return None
    return (major, minor, patch) if major == 3 else None


def _places(first: Sequence[str]) -> Iterable[str]:
    for name in first:
        found = shutil.which(os.path.expanduser(name))
        if found is not None:
            yield found
    if sys.executable:
        yield sys.executable
    folders = [one for one in os.environ.get("PATH", os.defpath).split(os.pathsep) if one]
    shims = os.sep + "shims"
    for folder in (*(one for one in folders if not one.endswith(shims)), "/usr/bin", "/usr/local/bin"):
        yield from sorted(glob.glob(os.path.join(glob.escape(folder), "python3.[0-9]*")), key=_by_number)
        yield os.path.join(folder, "python3")
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    for pattern in (
        f"{pyenv}/versions/*/bin/python3",
        f"{data}/uv/python/*/bin/python3",
        "/opt/python/*/bin/python3",
        "/opt/conda/bin/python3",
    ):
        yield from sorted(glob.glob(pattern), key=_by_number)


def _by_number(path: str) -> list[int]:
    return [int(one) for one in re.findall(r"\d+", path)]


def choose(
    wish: str, found: Sequence[Interpreter], least: tuple[int, ...] = (), why: str = ""
) -> list[Interpreter]:
    """Those that will do, the best first.

    Args:
        wish: a version as conda writes it; empty: any. least: that packages need, for the reason `why`.
    Raises: EnvironmentFailed, naming what there is and the ways out.
    """
    there = ", ".join(sorted({one.text for one in found}, key=_by_number)) or "none"
    fitting = [one for one in found if one.version[: len(least)] >= least]
    if not fitting:
        needed = ".".join(str(one) for one in least)
        raise EnvironmentFailed(
            f"{why} needs Python {needed} or newer; this machine has {there}. Install one, or leave the package out."
        )
    if not wish:
        usual = [one for one in fitting if one.version[:2] <= NEWEST_KNOWN]
        return usual or fitting
    exact = [one for one in fitting if matches(wish, one.version)]
    if exact:
        return exact
    near = [one for one in fitting if one.minor == _minor_of(wish)]
    if near:
        return near
    raise EnvironmentFailed(
        f"The environment asks for Python {wish.lstrip('=')}{_besides(wish, found, least, why)}; this machine has {there}. "
        "Ask for one of those (python_version=…), leave the version out, install that Python on the machine "
        "(`uv python install`, pyenv), or set user_managed_dependencies to use an interpreter of the machine."
    )


def _besides(wish: str, found: Sequence[Interpreter], least: tuple[int, ...], why: str) -> str:
    if least and any(matches(wish, one.version) for one in found):
        return f", but {why} needs {'.'.join(str(one) for one in least)} or newer"
    return ""


def matches(wish: str, version: Sequence[int]) -> bool:
    """Whether a version is one that is wished for: `3.8`, `=3.8`, `3.8.*`, `>=3.8,<3.11`."""
    return all(_matches(part.strip(), version) for part in wish.split(",") if part.strip())


def _matches(part: str, version: Sequence[int]) -> bool:
    relation = re.match(r"[=<>!~]*", part)
    sign = relation.group() if relation else ""
    found = _NUMBER.search(part)
    if found is None:
        return True
    wanted = [int(one) for one in found.group().split(".")]
    have = list(version[: len(wanted)])
    relations: dict[str, Callable[[], bool]] = {
        ">=": lambda: list(version) >= wanted,
        ">": lambda: have > wanted,
        "<=": lambda: have <= wanted,
        "<": lambda: list(version) < wanted,
        "!=": lambda: have != wanted,
        "~=": lambda: list(version) >= wanted and have[:-1] == wanted[:-1],
    }
    return relations.get(sign, lambda: have == wanted)()


def _minor_of(wish: str) -> str:
    """What 3.8.5 is near to: 3.8; empty for what is not one version exactly."""
    found = re.fullmatch(r"={0,3}(\d+\.\d+)\.\d+(\.\*)?", wish)
    return found.group(1) if found else ""

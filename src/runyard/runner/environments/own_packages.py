"""Packages that the server itself gives out: Runyard, and Azure ML's names for it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Sequence

from ..exchange import Away, Exchange, Refused
from .prepared import EnvironmentFailed

PATIENCE_S = 600.0
RUNYARD = "runyard"
NAMES = (RUNYARD, "azureml-")
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?([^;]*)(;.*)?")
_LEAST = re.compile(r">=\s*(\d+(?:\.\d+)*)")


@dataclass(frozen=True)
class OwnPackages:
    """Those of an environment that come from the server.

    Attributes:
        lines: with exactly the server's version. others: all other lines. named: all that the server has.
        notes: for the build log. least: version of Python that they need.
    """

    lines: Sequence[str] = ()
    others: Sequence[str] = ()
    named: Sequence[str] = ()
    notes: Sequence[str] = ()
    least: tuple[int, ...] = ()


def separate(lines: Sequence[str], server: Exchange) -> OwnPackages:
    """Find the lines that mean packages of the server, and pin them to the version that it has.

    Args:
        server: the server as a whole; asked only where a line may be meant.
    Raises: EnvironmentFailed.
    """
    if not any(may_be_own(line) for line in lines):
        return OwnPackages(others=lines)
    try:
        named = _projects(server)
        return _separated(lines, server, named)
    except (Away, Refused) as exc:
        raise EnvironmentFailed(f"The server's packages cannot be asked for: {exc}") from exc


def _separated(lines: Sequence[str], server: Exchange, named: Sequence[str]) -> OwnPackages:
    own, others, notes = [], [], []
    least: tuple[int, ...] = ()
    for line in lines:
        found = _NAME.fullmatch(line) if may_be_own(line) else None
        name = normalised(found.group(1)) if found else ""
        if found is None or name not in named:
            others.append(line)
            continue
        version, needs = _released(server, name)
        own.append(f"{name}{found.group(2) or ''}=={version}{found.group(4) or ''}")
        least = max(least, needs)
        if found.group(3).strip():
            notes.append(f"{line} is this server's {name} {version}.")
    return OwnPackages(own, others, named, notes, least)


def stamp(server: Exchange) -> str:
    """What differs when the server's packages do.

    Raises: EnvironmentFailed.
    """
    try:
        told = json.loads(server.read("GET", f"/simple/{RUNYARD}/", None, _ACCEPT, PATIENCE_S))
        return str(told["files"][-1]["hashes"]["sha256"])
    except Refused:
        return ""  # it gives out none of itself
    except Away as exc:
        raise EnvironmentFailed(f"The server's packages cannot be asked for: {exc}") from exc


def may_be_own(line: str) -> bool:
    """Whether a line of a requirements file could mean a package of the server."""
    return normalised(line).startswith(NAMES)


def normalised(name: str) -> str:
    """As names of packages are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _projects(server: Exchange) -> list[str]:
    told = json.loads(server.read("GET", "/simple/", None, _ACCEPT, PATIENCE_S))
    return [normalised(str(one["name"])) for one in told["projects"]]


def _released(server: Exchange, name: str) -> tuple[str, tuple[int, ...]]:
    told = json.loads(server.read("GET", f"/simple/{name}/", None, _ACCEPT, PATIENCE_S))
    needs = _LEAST.search(str(told["files"][-1].get("requires-python") or ""))
    least = tuple(int(one) for one in needs.group(1).split(".")) if needs else ()
    return str(told["versions"][-1]), least


_ACCEPT = {"accept": "application/vnd.pypi.simple.v1+json"}

"""What a script needs to run: Python, packages, variables. A definition is a JSON object with the keys of Azure ML's files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import msgspec


class Environment(msgspec.Struct, frozen=True):
    """A version of a registered environment.

    Attributes:
        definition: with its name and version.
        hash: of what matters for building it.
    """

    name: str
    version: str
    definition: Mapping[str, Any]
    hash: str
    created_ms: int
    created_by: str


class EnvironmentLock(msgspec.Struct, frozen=True):
    """Exact versions that an environment came to, on machines of one platform with one Python.

    Attributes:
        text: lines of a requirements file.
    """

    hash: str
    platform: str
    python: str
    text: str
    created_ms: int = 0
    created_by: str = ""


def canonical(value: object) -> str:
    """JSON without blanks, keys in order. Raises: ValueError, RecursionError for what JSON cannot say."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def environment_hash(definition: Mapping[str, Any]) -> str:
    """The SHA-256 of what matters for building an environment: two of one hash are the same to a script but for variables.

    That are the sections `python` and, where it is enabled, `docker`; neither names nor, for packages that are
    installed, the interpreter that installs them.
    """
    python, docker = _section(definition, "python"), _section(definition, "docker")
    if not python.get("userManagedDependencies"):
        python.pop("interpreterPath", None)
    packages = python.get("condaDependencies")
    if isinstance(packages, Mapping):
        python["condaDependencies"] = {key: value for key, value in packages.items() if key != "name"}
    parts = {"python": python, **({"docker": docker} if docker.get("enabled") else {})}
    return hashlib.sha256(canonical(parts).encode()).hexdigest()


def is_built(definition: Mapping[str, Any]) -> bool:
    """Whether anything is to be installed; else the machine's own Python is taken as it is."""
    python = _section(definition, "python")
    packages = bool(python.get("condaDependencies") or python.get("baseCondaEnvironment"))
    return (packages and not python.get("userManagedDependencies")) or bool(
        _section(definition, "docker").get("enabled")
    )


def _section(definition: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = definition.get(name)
    if not isinstance(found, Mapping):
        return {}
    return {key: value for key, value in found.items() if value is not None}

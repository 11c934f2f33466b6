"""Environments that the machine has already: the user's own, or whatever Python is there."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from .prepared import EnvironmentFailed, Prepared

USUAL = "python"


def is_user_managed(environment: Mapping[str, Any]) -> bool:
    """Whether nothing is to be made: no environment is named, or it says so."""
    python = environment.get("python")
    if not isinstance(python, Mapping):
        return True
    return bool(python.get("userManagedDependencies"))


def interpreter_of(environment: Mapping[str, Any]) -> str:
    """The interpreter that an environment names, as a command."""
    return str((environment.get("python") or {}).get("interpreterPath") or USUAL)


def of_machine(environment: Mapping[str, Any], first: Sequence[str]) -> Prepared:
    """The interpreter that the environment names, or the machine's.

    Args:
        first: interpreters that the target names; the first of them is meant by plain `python`.
    Raises: EnvironmentFailed.
    """
    named = interpreter_of(environment)
    found = _usual(first) if named == USUAL else shutil.which(os.path.expanduser(named))
    if found is None:
        raise EnvironmentFailed(
            f"The environment's interpreter_path {named!r} is no program on this machine. Name one that is there, or "
            "leave user_managed_dependencies off, so that the environment is made."
        )
    folder = os.path.dirname(os.path.abspath(found))
    first_found = shutil.which(os.path.basename(found))
    # what a command calls `python` or `torchrun` is then this interpreter's
    return Prepared(python=found, path="" if first_found == found else folder)


def _usual(first: Sequence[str]) -> str:
    for name in (*first, USUAL, "python3"):
        found = shutil.which(os.path.expanduser(name))
        if found is not None:
            return found
    return sys.executable

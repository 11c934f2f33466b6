"""What can be said of a command before it runs: its interpreter and the installed packages."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence

PACKAGES_TIMEOUT_S = 20.0
LIST_PACKAGES = (
    "import json, sys, importlib.metadata as m;"
    "print(json.dumps({'python': sys.version.split()[0], 'packages': sorted("
    "{(d.metadata['Name'] or '') + '==' + d.version for d in m.distributions()}, key=str.lower)}))"
)
_PYTHON = re.compile(r"python[0-9.]*(\.exe)?")


def python_of(command: Sequence[str]) -> str | None:
    """The Python interpreter that a command runs under; None when it is no Python program."""
    program = shutil.which(command[0])
    if program is None:
        return None
    if _PYTHON.fullmatch(os.path.basename(program)):
        return program
    try:
        with open(program, "rb") as file:
            first = file.readline(500).decode("utf-8", "replace").strip()
    except OSError:
        return None
    if not first.startswith("#!"):
        return None
    words = first[2:].split()
    if words and os.path.basename(words[0]) == "env":
        words = words[1:]
    found = shutil.which(words[0]) if words else None
    return found if found and _PYTHON.fullmatch(os.path.basename(found)) else None


def installed_packages(python: str) -> str | None:
    """The distributions that an interpreter sees, one `name==version` per line, its own version first."""
    try:
        done = subprocess.run(
            [python, "-c", LIST_PACKAGES], capture_output=True, text=True, timeout=PACKAGES_TIMEOUT_S
        )
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return "\n".join([f"# Python {found['python']}", *found["packages"], ""])

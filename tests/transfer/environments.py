"""MLflow as the source: environments of several releases, and what their stores need beside the clients' locks."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from tests.compat.building import built, environment, overlay
from tests.compat.environments import client_python

HERE = Path(__file__).parent
LOCKS = HERE / "envs"
OLD = "1.30.1"
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PYTHONWARNINGS": "ignore",
}


class Release(NamedTuple):
    """An interpreter with MLflow, and what its environment needs."""

    python: Path
    environment: dict[str, str]

    def run(self, script: str, *arguments: str, cwd: Path) -> str:
        """What a script of this folder prints. Raises: RuntimeError with what it said."""
        return self.call([str(HERE / script), *arguments], cwd)

    def call(self, arguments: list[str], cwd: Path) -> str:
        """What Python with these arguments prints."""
        done = subprocess.run(
            [str(self.python), *arguments],
            env=self.variables(),
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{arguments} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done.stdout

    def variables(self) -> dict[str, str]:
        """Of a process of this release."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MLFLOW_", "RUNYARD_", "PYTHON"))
        }
        path = f"{self.python.parent}{os.pathsep}{kept.get('PATH', '')}"
        return {**kept, **QUIET, "MLFLOW_ALLOW_FILE_STORE": "true", "PATH": path, **self.environment}


def release(version: str, *more: str) -> Release:
    """The environment of a release, built when it is absent. 2.17's stores want an SQLAlchemy older than its lock has.

    Args:
        more: locks of pure Python packages beside it, for example `mysql`.
    """
    python = _old_python() if version == OLD else client_python(version)
    own = ("stores-of-2.17.2",) if version == "2.17.2" else ()
    found = os.pathsep.join(str(_overlay(name, python)) for name in (*own, *more))
    return Release(python, {"PYTHONPATH": found} if found else {})


def dumped(of: Release, uri: str, cwd: Path) -> dict[str, Any]:
    """All that the real client reads."""
    found: dict[str, Any] = json.loads(of.run("client_dump.py", uri, cwd=cwd).splitlines()[-1])
    return found


def _old_python() -> Path:
    lock = LOCKS / f"mlflow-{OLD}.txt"
    return built(f"mlflow-{OLD}", lock, environment(lock)) / "bin" / "python"


def _overlay(name: str, python: Path) -> Path:
    lock = LOCKS / f"{name}.txt"
    return built(name, lock, overlay(lock, python))

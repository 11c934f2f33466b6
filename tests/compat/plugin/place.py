"""A server as a process on a port of its own, programs of real clients, and a home for their journals."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from runyard.client.transport import Connection
from tests.acceptance.server_process import ServerProcess
from tests.compat.environments import ROOT, client_python
from tests.components.processes import free_ports

from .installed import kept_environment, plugin_path

PROGRAMS = Path(__file__).parent / "programs"
PATIENCE_S = 150


class Place:
    """One of them.

    Args:
        folder: for data, journals and the installed plugin.
    """

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self._path = plugin_path(folder / "plugin")
        (self.port,) = free_ports(1)
        self.server = ServerProcess(folder / "data", "--port", str(self.port))
        self.connection = Connection(f"http://127.0.0.1:{self.port}", None, lambda: None)

    def start(self, release: str, program: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """A program of a client."""
        return subprocess.Popen(
            [str(client_python(release)), str(PROGRAMS / program), *arguments],
            env={
                **kept_environment(),
                "PYTHONPATH": self._path,
                "HOME": str(self.home),
                "MLFLOW_TRACKING_URI": f"runyard://127.0.0.1:{self.port}",
                **variables,
            },
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, release: str, program: str, *arguments: str, **variables: str) -> str:
        """What a program prints; it ends well."""
        process = self.start(release, program, *arguments, **variables)
        printed = process.communicate(timeout=PATIENCE_S)[0]
        assert process.returncode == 0, printed
        return printed

    def sync(self) -> str:
        """What `runyard sync` prints; nothing is left."""
        done = subprocess.run(
            [sys.executable, "-m", "runyard", "sync", "--server", self.connection.server],
            env={**kept_environment(), "PYTHONPATH": str(ROOT / "src"), "HOME": str(self.home)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def history(self, run_id: str, key: str) -> list[tuple[int, float]]:
        """(step, value) of the points of a metric at the server."""
        found = self.connection.get("/api/2.0/mlflow/metrics/get-history", run_id=run_id, metric_key=key)
        return [(int(one["step"]), float(one["value"])) for one in found.get("metrics", [])]

    def run_of(self, run_id: str) -> Any:
        """A run at the server."""
        return self.connection.get("/api/2.0/mlflow/runs/get", run_id=run_id)["run"]

    @property
    def journals(self) -> list[Path]:
        """The folders of the journals that are left."""
        return sorted(one.parent for one in (self.home / ".runyard" / "journal").glob("*/head.json"))


def run_told_by(process: subprocess.Popen[str]) -> str:
    """The run that a program prints when it has begun."""
    assert process.stdout is not None
    while line := process.stdout.readline():
        if re.fullmatch(r"[0-9a-f]{32}\n", line):
            return line.strip()
    raise AssertionError("it ended before it began a run")

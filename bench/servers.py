"""The servers under test: how each is started, found ready, measured and ended."""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from bench import environments
from bench.load import ask, get
from bench.processes import ProcessTree

START_PATIENCE_S = 240.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One server in a temporary directory of its own. Subclasses say the command.

    `start` may be called again after `stop`: the data stays until `remove`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    api: ClassVar[str] = "/api/2.0/mlflow"
    ajax: ClassVar[str] = "/ajax-api/2.0/mlflow"
    proxies_artifacts: ClassVar[bool] = True

    def __init__(self, parent: Path, database: str | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=parent))
        self.data = self.home / "data"
        self.data.mkdir()
        self.database = database
        self.port = 0
        self.idle_cpu_share = 0.0
        self._tree: ProcessTree | None = None
        self._others: list[ProcessTree] = []

    @staticmethod
    def prepare() -> None:
        """Installs what the command needs, when it is not there."""

    def command(self) -> Sequence[str]:
        raise NotImplementedError

    def version(self) -> str:
        raise NotImplementedError

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def tree(self) -> ProcessTree:
        if self._tree is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._tree

    def environment(self) -> dict[str, str]:
        return {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

    def start(self) -> float:
        """Starts the processes and waits for the first 200 on /health; returns the seconds between.

        Raises: RuntimeError with the end of the server's log, if it ends or stays silent.
        """
        self.port = free_port()
        begun = time.perf_counter()
        self._tree = ProcessTree(self.command(), self.home, self.environment(), self.home / "log.txt")
        while not self._healthy():
            if not self._tree.alive or time.perf_counter() - begun > START_PATIENCE_S:
                self._tree.end()
                raise RuntimeError(f"{self.name} did not become healthy:\n{self._tree.log_tail()}")
            time.sleep(0.004)
        return time.perf_counter() - begun

    def _healthy(self) -> bool:
        try:
            return ask(self.address, get("/health")).status == 200
        except (OSError, RuntimeError):
            return False

    def count_also(self, tree: ProcessTree) -> None:
        """Adds a tree (a database server) to this server's CPU."""
        self._others.append(tree)

    def pids(self) -> list[int]:
        return self.tree.pids()

    def cpu_ns(self) -> int:
        return self.tree.cpu_ns() + sum(tree.cpu_ns() for tree in self._others)

    def measure_idle(self, windows: int = 9, window_s: float = 0.4) -> None:
        """Notes the share of one core that the server takes while nobody asks it anything: the median window."""
        self.idle_cpu_share = statistics.median(self.cpu_share(window_s) for _ in range(windows))

    def cpu_share(self, window_s: float) -> float:
        """CPU per second over the next `window_s`, in cores."""
        begun, cpu = time.perf_counter(), self.cpu_ns()
        time.sleep(window_s)
        return (self.cpu_ns() - cpu) / 1e9 / (time.perf_counter() - begun)

    def stop(self) -> None:
        if self._tree is not None:
            self._tree.end()
            self._tree = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


class Runyard(Server):
    name = "runyard"
    title = "Runyard"

    def command(self) -> Sequence[str]:
        line = [_runyard(), "up", "--host", "127.0.0.1", "--port", str(self.port), "--data", str(self.data)]
        return [*line, "--database", self.database] if self.database else line

    def version(self) -> str:
        return "this tree"


def _runyard() -> str:
    beside = Path(sys.executable).parent / "runyard"
    return str(beside) if beside.exists() else "runyard"


class Mlflow(Server):
    """`mlflow server` as a user starts it: four workers, proxied artifacts, SQLite unless told otherwise."""

    name = "mlflow"
    title = f"MLflow {environments.MLFLOW}"

    @staticmethod
    def prepare() -> None:
        environments.mlflow()

    @property
    def file(self) -> Path:
        return self.data / "mlflow.db"

    def command(self) -> Sequence[str]:
        store = self.database or f"sqlite:///{self.file}"
        executable = environments.mlflow() / "bin" / "mlflow"
        place = ["--host", "127.0.0.1", "--port", str(self.port), "--backend-store-uri", store]
        return [str(executable), "server", *place, "--artifacts-destination", str(self.data / "artifacts")]

    def environment(self) -> dict[str, str]:
        own = environments.mlflow() / "bin"
        return {**super().environment(), "PATH": f"{own}{os.pathsep}{os.environ['PATH']}"}

    def version(self) -> str:
        return environments.MLFLOW


class FastTrackML(Server):
    name = "fasttrackml"
    title = f"FastTrackML {environments.FASTTRACKML}"
    proxies_artifacts = False

    @staticmethod
    def prepare() -> None:
        environments.fasttrackml()

    @property
    def file(self) -> Path:
        return self.data / "fasttrackml.db"

    def command(self) -> Sequence[str]:
        executable = environments.fasttrackml() / "bin" / "fml"
        place = ["--listen-address", f"127.0.0.1:{self.port}", "--database-uri", f"sqlite://{self.file}"]
        return [str(executable), "server", *place, "--default-artifact-root", str(self.data / "artifacts")]

    def version(self) -> str:
        return environments.FASTTRACKML


KINDS: dict[str, type[Server]] = {kind.name: kind for kind in (Runyard, Mlflow, FastTrackML)}

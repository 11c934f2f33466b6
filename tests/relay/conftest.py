"""A relay in this process, a real server behind it that can go away and come back, and no sender that stays."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runyard.client.journal.recorder import Recorder
from runyard.client.journal.target import Target
from runyard.relay.running import Running, running
from tests.api.live_server import Client
from tests.components.processes import free_ports
from tests.components.senders import end_senders
from tests.journal.trainers import ROOT, wait_for

CLEARED = (
    "RUNYARD_TOKEN",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_URI",
    "RUNYARD_SERVER",
    "RUNYARD_WORKSPACE",
    "RUNYARD_MODE",
)


START = "from runyard.cli.start import runyard; runyard()"


@dataclass
class ServerProcess:
    """A server on a port of its own, with its data in a folder."""

    data: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    clients: list[Client] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        """Start it."""
        command = [
            sys.executable,
            "-m",
            "runyard.cli",
            "up",
            "--port",
            str(self.port),
            "--data",
            str(self.data),
        ]
        command[1:3] = ["-c", "from runyard.cli.start import runyard; runyard()"]
        self.process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "RUNYARD_HOME": str(self.data / "home")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self._answers, "the server answers")

    def down(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def client(self) -> Client:
        """Calls past the relay."""
        found = Client(self.port)
        self.clients.append(found)
        return found

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2):
                return True
        except OSError:
            return False


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the journals. Senders that a test leaves are ended."""
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    place = tmp_path / "journal"
    monkeypatch.setenv("RUNYARD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RUNYARD_JOURNAL", str(place))
    monkeypatch.setenv("RUNYARD_LINGER_S", "20")
    yield place
    end_senders(place)


@pytest.fixture(scope="session")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The server of all tests."""
    found = ServerProcess(tmp_path_factory.mktemp("relayed") / "data", free_ports(1)[0])
    yield found
    found.down()


@pytest.fixture
def server(one_server: ServerProcess, home: Path) -> Iterator[ServerProcess]:
    """A server that runs; a test may take it down."""
    if one_server.process is None:
        one_server.up()
    yield one_server
    while one_server.clients:
        one_server.clients.pop().close()


@contextlib.contextmanager
def relayed(server: ServerProcess, *, guarded: bool = False) -> Iterator[tuple[Running, Client]]:
    """A relay in front of a server, and calls through it."""
    recorder = Recorder(Target(server.url))
    try:
        with running(recorder, guarded=guarded) as relay:
            client = Client(relay.port)
            try:
                yield relay, client
            finally:
                client.close()
    finally:
        recorder.close()

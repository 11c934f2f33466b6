"""The SDK against a real server over HTTP."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.sdk.experiment import Experiment
from runyard.sdk.run import Run
from runyard.sdk.workspace import Workspace
from tests.api.live_server import Client, live_server

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One server for all files here; each test has an experiment of its own."""
    with live_server(tmp_path_factory.mktemp("sdk")) as client:
        yield client


@pytest.fixture(scope="session")
def journals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One journal takes what all tests of the session log."""
    return tmp_path_factory.mktemp("journals")


@pytest.fixture(autouse=True)
def place(server: Client, journals: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty current directory, no stored login, and the address of the server in the environment."""
    for name in (
        "RUNYARD_TOKEN",
        "MLFLOW_TRACKING_TOKEN",
        "MLFLOW_TRACKING_URI",
        "RUNYARD_RUN_ID",
        "AZUREML_RUN_ID",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNYARD_SERVER", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("RUNYARD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RUNYARD_JOURNAL", str(journals))
    monkeypatch.setenv("RUNYARD_DRAIN_S", "5")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def ws(place: Path) -> Workspace:
    """The default workspace."""
    return Workspace.get("default")


@pytest.fixture
def other(place: Path) -> Workspace:
    """A workspace of the test's own."""
    return Workspace.create(f"ws-{next(_NUMBERS)}", show_output=False)


@pytest.fixture
def experiment(ws: Workspace) -> Experiment:
    """An experiment of the test's own."""
    return Experiment(ws, f"exp-{next(_NUMBERS)}")


@pytest.fixture
def run(experiment: Experiment) -> Run:
    """A running run."""
    return experiment.start_logging(snapshot_directory=None)

"""What the tests with real server processes share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.journal_trainers import end_all
from tests.acceptance.server_process import ServerProcess


@pytest.fixture(autouse=True)
def no_server_is_left() -> Iterator[None]:
    """End what a failed test left running."""
    yield
    while ServerProcess.spawned:
        process = ServerProcess.spawned.pop()
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of journals; no sender outlives the test."""
    place = tmp_path / "journal"
    for name in (
        "RUNYARD_TOKEN",
        "MLFLOW_TRACKING_TOKEN",
        "RUNYARD_SERVER",
        "RUNYARD_WORKSPACE",
        "RUNYARD_MODE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNYARD_JOURNAL", str(place))
    monkeypatch.setenv("RUNYARD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RUNYARD_LINGER_S", "15")
    yield place
    end_all(place, ())


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Where trainers note what they have logged."""
    place = tmp_path / "notes"
    place.mkdir()
    return place

"""What the tests of the journal's sender share: a stand-in server, a home of their own, and no sender that stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components.senders import end_senders
from tests.journal.standin import StandIn

CLEARED = ("RUNYARD_TOKEN", "MLFLOW_TRACKING_TOKEN", "RUNYARD_SERVER", "RUNYARD_WORKSPACE", "RUNYARD_MODE")


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """A server that can be made to fail."""
    found = StandIn()
    yield found
    found.stop()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the journals. Senders that a failed test leaves are ended."""
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    place = tmp_path / "journal"
    monkeypatch.setenv("RUNYARD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RUNYARD_JOURNAL", str(place))
    monkeypatch.setenv("RUNYARD_LINGER_S", "20")
    yield place
    end_senders(place)

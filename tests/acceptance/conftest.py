"""What the tests with real server processes share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.far_server import Far, owner
from tests.acceptance.journal_trainers import Trainer, end_all
from tests.acceptance.server_process import ServerProcess
from tests.components.network import SERVER, Cable, Refused, cable, missing


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
    while Trainer.spawned:
        process = Trainer.spawned.pop()
        process.kill()
        process.wait()
    end_all(place, ())


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Where trainers note what they have logged."""
    place = tmp_path / "notes"
    place.mkdir()
    return place


@pytest.fixture(scope="module")
def net() -> Iterator[Cable]:
    """Two namespaces of this module's own."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    try:
        with cable() as found:
            yield found
    except Refused as exc:
        pytest.skip(f"the kernel refuses: {exc}")


@pytest.fixture
def far(
    net: Cable, home: Path, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Far]:
    """A server in its own network, beyond loopback, so with a login."""
    data = tmp_path / "data"
    data.mkdir()
    token = owner(data)
    monkeypatch.setenv("RUNYARD_TOKEN", token)
    net.heal()
    with net.server.entered():
        server = ServerProcess(data, "--host", SERVER, "--insecure", host=SERVER, token=token).start()
    found = Far(net, server, home, notes)
    yield found
    assert found.server.stop() == 0

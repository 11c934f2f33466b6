"""The clocks of programs and of the server jump by hours and years, forward and back: all arrives once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.journal_trainers import Trainer, check_stored, end_all, send_all
from tests.acceptance.server_process import ServerProcess
from tests.components.clock import Clock, missing
from tests.journal.trainers import wait_for

JUMPS_S = (3_600, -3_600, 86_400 * 400, -86_400 * 400, 0)
TRAINERS = 2


@contextmanager
def under(clock: Clock) -> Iterator[None]:
    """Processes that the block starts have this clock."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in clock.environment.items():
            patch.setenv(name, value)
        yield


@pytest.mark.parametrize("whose", ["programs", "server"])
def test_clocks_that_jump_lose_and_double_nothing(
    home: Path, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    if (reason := missing()) is not None:
        pytest.skip(reason)
    monkeypatch.setenv("RUNYARD_HEARTBEAT_S", "1")
    true, jumping = Clock(tmp_path / "true"), Clock(tmp_path / "jumping")
    with under(jumping if whose == "server" else true):
        server = ServerProcess(tmp_path / "data").start()
    with under(jumping if whose == "programs" else true):
        trainers = [Trainer(f"http://127.0.0.1:{server.port}", notes, one) for one in range(TRAINERS)]
    for one in trainers:
        wait_for(lambda one=one: bool(last_step(server, one)), "the first points")  # type: ignore[misc]
    for ahead_s in JUMPS_S:
        jumping.set(ahead_s)
        for one in trainers:
            before = last_step(server, one)
            wait_for(lambda one=one, before=before: last_step(server, one) > before + 50, "more")  # type: ignore[misc]
    for one in trainers:
        wait_for(lambda one=one: status(server, one) == "RUNNING", "a sign of life")  # type: ignore[misc]
    end_all(home, trainers)
    send_all(home)
    for one in trainers:
        check_stored(server.call, one)
    assert server.stop() == 0


def test_a_run_counts_as_alive_again_when_the_clock_of_the_server_has_jumped(
    home: Path, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (reason := missing()) is not None:
        pytest.skip(reason)
    monkeypatch.setenv("RUNYARD_HEARTBEAT_S", "1")
    clock = Clock(tmp_path / "clock")
    with under(clock):
        server = ServerProcess(tmp_path / "data", "--liveness-s", "10").start()
    trainer = Trainer(f"http://127.0.0.1:{server.port}", notes, 7)
    wait_for(lambda: last_step(server, trainer) > 100, "points")
    for ahead_s in (86_400, 0, 172_800):
        clock.set(ahead_s)
        time.sleep(2)
        wait_for(lambda: status(server, trainer) == "RUNNING", "a sign of life")
    end_all(home, [trainer])
    send_all(home)
    check_stored(server.call, trainer)
    assert server.stop() == 0


def status(server: ServerProcess, trainer: Trainer) -> str:
    """How its run is."""
    _, answer = server.call("GET", f"/api/2.0/mlflow/runs/get?run_id={trainer.run}")
    return str(answer["run"]["info"]["status"])


def last_step(server: ServerProcess, trainer: Trainer) -> int:
    """The last step that a server has of a trainer; 0 where it has none."""
    code, answer = server.call("GET", f"/api/2.0/mlflow/runs/get?run_id={trainer.run}")
    if code != 200:
        return 0
    return max((int(one["step"]) for one in answer["run"]["data"].get("metrics", [])), default=0)

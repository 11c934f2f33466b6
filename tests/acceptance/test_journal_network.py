"""A trainer and a server in networks of their own: the cable is cut, loses packets, is slow; all arrives once.

`RUNYARD_CUTS` faults of each kind (default 5); `make test-long` makes more.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.line import FaultyLine
from runyard.client.journal.folder import journals
from tests.acceptance.journal_trainers import (
    ROOT,
    Trainer,
    check_stored,
    end_all,
    kill_sender,
    send_all,
    senders,
    stored_steps,
)
from tests.acceptance.server_process import ServerProcess
from tests.components.network import SERVER, Cable, Refused, cable, missing
from tests.journal.trainers import wait_for

FAULTS = int(os.environ.get("RUNYARD_CUTS", "5"))
MANY = 100
TRAINERS = 2
SLOW_BITS_PER_S = 400_000
LINE_DELAY_S = 0.5


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


@dataclass
class Far:
    """A server behind the cable, and what trains at the other end."""

    net: Cable
    server: ServerProcess
    home: Path
    notes: Path

    def train(self) -> list[Trainer]:
        """Trainers at the client's end; they have begun to send."""
        with self.net.client.entered():
            found = [
                Trainer(f"http://{SERVER}:{self.server.port}", self.notes, one) for one in range(TRAINERS)
            ]
        with self.net.server.entered():
            for one in found:
                wait_for(lambda one=one: self.has_begun(one), "the first points")  # type: ignore[misc]
        return found

    def has_begun(self, trainer: Trainer) -> bool:
        """Whether some of it has arrived. For a thread at the server's end."""
        path = f"/api/2.0/mlflow/metrics/get-history?run_id={trainer.run}&metric_key=loss"
        status, answer = self.server.call("GET", path)
        return status == 200 and bool(answer.get("metrics"))

    def check(self, trainers: list[Trainer]) -> None:
        """Once the cable is well: kill all, send the rest from the client's end, compare."""
        end_all(self.home, trainers)
        with self.net.client.entered():
            send_all(self.home)
        with self.net.server.entered():
            for one in trainers:
                check_stored(self.server.call, one)
        assert all(one.noted("points") > 100 for one in trainers)


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


def owner(data: Path) -> str:
    """A token of the one who owns the server."""
    command = ["-m", "runyard", "admin", "create-owner", "ada", "--token", "--data", str(data)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()[-1]


def lossy(net: Cable) -> None:
    net.lose(0.3)


def narrow(net: Cable) -> None:
    net.slow(SLOW_BITS_PER_S)


KINDS: dict[str, Callable[[Cable], None]] = {
    "cut": Cable.cut,
    "reset": Cable.reset,
    "lossy": lossy,
    "narrow": narrow,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("faults", [FAULTS, pytest.param(MANY, marks=pytest.mark.long)])
@pytest.mark.timeout(600)
def test_whatever_the_cable_does_all_arrives_once(far: Far, kind: str, faults: int) -> None:
    chance = random.Random(seed := random.randrange(2**32))
    print("seed", seed)
    trainers = far.train()
    for _ in range(faults):
        KINDS[kind](far.net)
        time.sleep(chance.uniform(0.02, 1.0))
        far.net.heal()
        time.sleep(chance.uniform(0.02, 0.4))
    far.check(trainers)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("faults", [2 * FAULTS, pytest.param(3 * MANY, marks=pytest.mark.long)])
def test_senders_and_servers_that_die_behind_a_bad_cable_double_nothing(far: Far, faults: int) -> None:
    chance = random.Random(seed := random.randrange(2**32))
    print("seed", seed)
    trainers = far.train()
    for _ in range(faults):
        KINDS[chance.choice(list(KINDS))](far.net)
        time.sleep(chance.uniform(0.02, 0.5))
        if chance.random() < 0.7:
            kill_sender(chance.choice(senders(far.home) or [0]))
        else:
            with far.net.server.entered():
                far.server.kill()
                far.server = far.server.again()
        if chance.random() < 0.5:
            far.net.heal()
    far.net.heal()
    far.check(trainers)


@pytest.mark.timeout(180)
def test_a_cable_that_loses_a_fifth_of_all_packets_all_the_time(far: Far) -> None:
    far.net.lose(0.2)
    trainers = far.train()
    time.sleep(3)
    end_all(far.home, trainers)
    with far.net.client.entered():
        send_all(far.home, patience_s=120)
    far.net.heal()
    with far.net.server.entered():
        for one in trainers:
            check_stored(far.server.call, one)


def test_a_line_of_half_a_second_each_way(home: Path, notes: Path, tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data").start()
    line = FaultyLine((server.host, server.port))
    try:
        line.delay_s = LINE_DELAY_S
        trainers = [Trainer(f"http://127.0.0.1:{line.port}", notes, one) for one in range(TRAINERS)]
        wait_for(lambda: all(one.noted("points") > 500 for one in trainers), "points")
        for one in trainers:
            one.kill()
        wait_for(lambda: not list(journals(home)), "their senders do the rest", timeout_s=60)
        for one in trainers:
            check_stored(server.call, one)
            assert len(stored_steps(server.call, one.run)) > 500
    finally:
        line.end()
    assert server.stop() == 0

"""A trainer and a server in networks of their own: the cable is cut, loses packets, is slow; all arrives once.

`RUNYARD_CUTS` faults of each kind (default 3); `make test-long` makes more.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from bench.line import FaultyLine
from runyard.client.journal.folder import journals
from tests.acceptance.far_server import KINDS, TRAINERS, Far
from tests.acceptance.journal_trainers import (
    Trainer,
    check_stored,
    end_all,
    kill_sender,
    send_all,
    senders,
    stored_steps,
)
from tests.acceptance.server_process import ServerProcess
from tests.journal.trainers import wait_for

FAULTS = int(os.environ.get("RUNYARD_CUTS", "3"))
MANY = 100
LINE_DELAY_S = 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("faults", [FAULTS, pytest.param(MANY, marks=pytest.mark.long)])
@pytest.mark.timeout(3_000)
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


@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("faults", [2 * FAULTS, pytest.param(2 * MANY, marks=pytest.mark.long)])
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
        wait_for(lambda: all(one.noted("points") > 300 for one in trainers), "points")
        for one in trainers:
            one.kill()
        wait_for(lambda: not list(journals(home)), "their senders do the rest", timeout_s=60)
        for one in trainers:
            check_stored(server.call, one)
            assert len(stored_steps(server.call, one.run)) > 300
    finally:
        line.end()
    assert server.stop() == 0

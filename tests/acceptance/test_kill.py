"""kill -9 at random moments under load: what was acknowledged is there, and nothing is there by half."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.acceptance.load import Client, PointClient
from tests.acceptance.server_process import ServerProcess

KILLS = int(os.environ.get("RUNYARD_KILLS", "50"))
KINDS: list[type[Client]] = [Client, Client, PointClient, PointClient]
START_S = 10  # of a server, on a very busy machine


@pytest.mark.timeout(60 + KILLS * START_S)
def test_acknowledged_writes_survive_kill_9_and_batches_are_whole(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    server = ServerProcess(tmp_path / "data").start()
    runs = [server.run() for _ in KINDS]
    acknowledged: list[set[int]] = [set() for _ in KINDS]
    clients = [kind(server, run_id) for kind, run_id in zip(KINDS, runs, strict=True)]
    for _ in range(KILLS):
        for client in clients:
            client.start()
        time.sleep(chance.uniform(0.005, 0.4))
        server.kill()
        for client, numbers in zip(clients, acknowledged, strict=True):
            client.join(timeout=30)
            numbers.update(client.acknowledged)
        server = ServerProcess(tmp_path / "data").start()
        clients = [type(client)(server, client.run_id, client.sent) for client in clients]
    for client, numbers in zip(clients, acknowledged, strict=True):
        client.check(server, numbers)
    assert sum(map(len, acknowledged)) > KILLS
    assert server.stop() == 0

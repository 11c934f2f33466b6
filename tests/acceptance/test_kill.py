"""kill -9 at random moments under load: what was acknowledged is there, and nothing is there by half."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.acceptance.load import Client, check_stored
from tests.acceptance.server_process import ServerProcess

KILLS = int(os.environ.get("RUNYARD_KILLS", "50"))
CLIENTS = 4
START_S = 10  # of a server, on a very busy machine


@pytest.mark.timeout(60 + KILLS * START_S)
def test_acknowledged_writes_survive_kill_9_and_batches_are_whole(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    server = ServerProcess(tmp_path / "data").start()
    runs = [server.run() for _ in range(CLIENTS)]
    acknowledged: dict[str, set[int]] = {run_id: set() for run_id in runs}
    first = dict.fromkeys(runs, 0)
    for _ in range(KILLS):
        clients = [Client(server, run_id, first[run_id]) for run_id in runs]
        for client in clients:
            client.start()
        time.sleep(chance.uniform(0.005, 0.4))
        server.kill()
        for client in clients:
            client.join(timeout=30)
            acknowledged[client.run_id].update(client.acknowledged)
            first[client.run_id] = client.sent
        server = ServerProcess(tmp_path / "data").start()
    for run_id in runs:
        check_stored(server, run_id, acknowledged[run_id])
    assert sum(map(len, acknowledged.values())) > KILLS
    assert server.stop() == 0

"""kill -9 of the server at random moments while journals are sent: every record counts once."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.acceptance.journal_load import Sender
from tests.acceptance.server_process import ServerProcess

KILLS = int(os.environ.get("RUNYARD_KILLS", "50")) // 3
SENDERS = 3
START_S = 10  # of a server, on a very busy machine


@pytest.mark.timeout(60 + KILLS * START_S)
def test_records_of_journals_count_once_whenever_the_server_dies(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    senders = [Sender(chance.randrange(2**32)) for _ in range(SENDERS)]
    for _ in range(KILLS):
        server = ServerProcess(tmp_path / "data").start()
        for sender in senders:
            sender.start(server)
        time.sleep(chance.uniform(0.005, 0.4))
        server.kill()
        for sender in senders:
            sender.join()
    server = ServerProcess(tmp_path / "data").start()
    for sender in senders:
        sender.start(server, end=True)
    for sender in senders:
        sender.join()
        sender.check(server)
    assert sum(sender.applied for sender in senders) > KILLS * 20
    assert server.stop() == 0

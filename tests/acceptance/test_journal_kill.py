"""kill -9 of training, of its senders and of the server at random moments: what was logged is there, once and in order."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.journal_trainers import (
    Trainer,
    check_stored,
    end_all,
    kill_sender,
    send_all,
    senders,
)
from tests.acceptance.server_process import ServerProcess
from tests.components.postgres import postgres
from tests.journal.trainers import wait_for

KILLS = 4 * int(os.environ.get("RUNYARD_KILLS", "50"))
KILLS_POSTGRESQL = KILLS // 5
TRAINERS = 4
WEIGHTS = {"trainer": 9, "sender": 9, "server": 2, "database": 1}
BACKENDS = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'runyard' AND datname = current_database()"
)


@pytest.mark.timeout(300 + 4 * KILLS)
def test_what_was_logged_survives_any_kill_once(home: Path, notes: Path, tmp_path: Path) -> None:
    server = killed(ServerProcess(tmp_path / "data").start(), home, notes, KILLS, None)
    assert server.stop() == 0


@pytest.mark.timeout(300 + 10 * KILLS_POSTGRESQL)
def test_the_same_on_postgresql_whose_own_processes_die_too(home: Path, notes: Path, tmp_path: Path) -> None:
    with postgres() as cluster:
        url = cluster.create_database()

        def crash() -> None:
            os.kill(backend(url), signal.SIGKILL)  # PostgreSQL then ends all others and replays its log
            wait_for(
                lambda: answers(url), "PostgreSQL"
            )  # a server that starts meanwhile would say so and end

        server = ServerProcess(tmp_path / "data", "--database", url).start()
        server = killed(server, home, notes, KILLS_POSTGRESQL, crash)
        assert server.stop() == 0


def killed(
    server: ServerProcess, home: Path, notes: Path, kills: int, crash: Callable[[], None] | None
) -> ServerProcess:
    """Kill at random moments, in the end all, and compare; returns the server that runs then.

    Args:
        crash: one more fault.
    """
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    url = f"http://127.0.0.1:{server.port}"
    trainers = [Trainer(url, notes, number) for number in range(TRAINERS)]
    alive = list(trainers)
    weights = {name: weight for name, weight in WEIGHTS.items() if crash is not None or name != "database"}
    done: Counter[str] = Counter()
    for _ in range(kills):
        time.sleep(chance.uniform(0.005, 0.15))
        (what,) = chance.choices(list(weights), list(weights.values()))
        done[what] += 1
        if what == "trainer":
            at = chance.randrange(TRAINERS)
            alive[at].kill()
            trainers.append(Trainer(url, notes, len(trainers)))
            alive[at] = trainers[-1]
        elif what == "sender":
            kill_sender(chance.choice(senders(home) or [0]))
        elif what == "server":
            server.kill()
            server = server.again()
        elif crash is not None:
            crash()
    print("kills", dict(done))
    end_all(home, alive)
    send_all(home)
    for one in trainers:
        check_stored(server.call, one)
    assert sum(one.noted("points") for one in trainers) > kills
    assert sum(one.noted("files") for one in trainers) > 0
    return server


def backend(database: str) -> int:
    """A process of PostgreSQL that serves the server, or else that of this very question."""
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        found = connection.execute(BACKENDS).fetchall()
        return int((found or [row])[0][0])


def answers(database: str) -> bool:
    """Whether PostgreSQL takes connections."""
    try:
        psycopg.connect(database).close()
    except psycopg.OperationalError:
        return False
    return True

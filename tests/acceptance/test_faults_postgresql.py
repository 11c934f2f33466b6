"""PostgreSQL restarts, is gone for seconds, crashes or turns read-only while a server writes to it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.load import Client, PointClient, seconds_until_acknowledged, wait_until_refused
from tests.acceptance.server_process import ServerProcess
from tests.components.postgres import Postgres, postgres

KINDS: tuple[type[Client], ...] = (Client, Client, PointClient)
RECOVERY_S = 20
BACKENDS = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'runyard' AND datname = current_database()"
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


class Loaded:
    """A server on a database of its own with clients that write all the time."""

    def __init__(self, cluster: Postgres, data: Path) -> None:
        self.url = cluster.create_database()
        self.server = ServerProcess(data, "--database", self.url).start()
        self.clients = [kind(self.server, self.server.run()) for kind in KINDS]
        for client in self.clients:
            client.start()
        seconds_until_acknowledged(self.clients)

    def reads(self) -> list[int]:
        """The status of each kind of read."""
        run_id = self.clients[0].run_id
        search = {"experiment_ids": ["0"], "filter": "metrics.m0 >= 0"}
        return [
            self.server.call("GET", f"/api/2.0/mlflow/runs/get?run_id={run_id}")[0],
            self.server.call("GET", f"/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key=m0")[0],
            self.server.call("POST", "/api/2.0/mlflow/runs/search", search)[0],
            self.server.call("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")[0],
            self.server.call("GET", "/ready")[0],
        ]

    def backends(self) -> list[int]:
        """Process ids of the connections that our server holds."""
        with psycopg.connect(self.url) as connection:
            return [row[0] for row in connection.execute(BACKENDS).fetchall()]

    def end(self) -> None:
        """Everything works and is stored as it was acknowledged."""
        assert seconds_until_acknowledged(self.clients) < RECOVERY_S
        assert set(self.reads()) == {200}
        for client in self.clients:
            client.end()
            assert client.wrong == []
            client.check(self.server)
        assert self.server.stop() == 0


@pytest.fixture
def loaded(cluster: Postgres, tmp_path: Path) -> Loaded:
    return Loaded(cluster, tmp_path / "data")


def test_restarts_mid_write_lose_nothing(cluster: Postgres, loaded: Loaded) -> None:
    for _ in range(3):
        cluster.stop()
        cluster.start()
        assert seconds_until_acknowledged(loaded.clients) < RECOVERY_S
    loaded.end()


def test_gone_for_seconds_is_a_503_for_writes_and_reads(cluster: Postgres, loaded: Loaded) -> None:
    cluster.stop()
    wait_until_refused(loaded.clients)
    assert set(loaded.reads()) == {503}
    status, answer, headers = loaded.server.ask("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")
    assert (status, answer["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert int(headers["retry-after"]) > 0
    assert loaded.server.call("GET", "/health")[0] == 200
    time.sleep(2)
    cluster.start()
    loaded.end()


def test_crash_of_all_backends_loses_nothing(loaded: Loaded) -> None:
    os.kill(loaded.backends()[0], signal.SIGKILL)  # the others are ended, then the log is replayed
    loaded.end()


def test_connections_cut_again_and_again_are_never_noticed(loaded: Loaded) -> None:
    for _ in range(10):
        with psycopg.connect(loaded.url, autocommit=True) as connection:
            connection.execute(f"SELECT pg_terminate_backend(pid) FROM ({BACKENDS}) AS ours".encode())
        assert set(loaded.reads()) == {200}
    loaded.end()


def test_database_that_turns_read_only_is_a_503_until_it_takes_writes(loaded: Loaded) -> None:
    name = loaded.url.rpartition("/")[2]
    with psycopg.connect(loaded.url, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
        connection.execute(f"SELECT pg_terminate_backend(pid) FROM ({BACKENDS}) AS ours".encode())
        wait_until_refused(loaded.clients)
        assert loaded.reads() == [200, 200, 200, 200, 503]
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'.encode())
    loaded.end()


def go_on(frozen: list[int]) -> None:
    for process in frozen:
        os.kill(process, signal.SIGCONT)


def test_database_that_stands_still_holds_answers_back_and_goes_on(cluster: Postgres, loaded: Loaded) -> None:
    frozen = loaded.backends()
    for process in frozen:
        os.kill(process, signal.SIGSTOP)
    thaw = threading.Timer(2, go_on, [frozen])
    thaw.start()
    assert loaded.server.call("GET", "/health")[0] == 200
    thaw.join()
    loaded.end()


def test_server_stops_in_order_while_the_database_is_gone(cluster: Postgres, loaded: Loaded) -> None:
    cluster.stop()
    try:
        wait_until_refused(loaded.clients)
        assert loaded.server.stop() == 0
        assert not any("Traceback" in line for line in loaded.server.log)
    finally:
        cluster.start()
    loaded.server.start()
    for client in loaded.clients:
        client.join(timeout=30)
        client.check(loaded.server)
    assert loaded.server.stop() == 0

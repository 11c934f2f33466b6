"""Another process holds the write lock of the SQLite file: a wait, then 503, never a lost or half write."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.load import Client, PointClient, seconds_until_acknowledged, wait_until_refused
from tests.acceptance.server_process import ServerProcess

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("BEGIN " + sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""
KINDS: tuple[type[Client], ...] = (Client, PointClient)


@contextlib.contextmanager
def locked(file: Path, how: str) -> Iterator[None]:
    """The lock is held by a process of its own until the block ends."""
    command = [sys.executable, "-c", HOLD, str(file), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        holder.communicate()


def loaded(server: ServerProcess) -> list[Client]:
    """Clients that have been answered at least once."""
    clients = [kind(server, server.run()) for kind in KINDS]
    for client in clients:
        client.start()
    seconds_until_acknowledged(clients)
    return clients


def ended(server: ServerProcess, clients: list[Client]) -> None:
    for client in clients:
        client.end()
        assert client.wrong == []
        client.check(server)
    assert server.stop() == 0


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_lock_of_a_second_only_delays(tmp_path: Path, how: str) -> None:
    server = ServerProcess(tmp_path / "data").start()
    clients = loaded(server)
    with locked(tmp_path / "data" / "runyard.db", how):
        time.sleep(1)
    seconds_until_acknowledged(clients)
    assert sum(client.refused for client in clients) == 0
    ended(server, clients)


def test_long_lock_is_a_503_and_reads_go_on(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data").start()
    clients = loaded(server)
    with locked(tmp_path / "data" / "runyard.db", "IMMEDIATE"):
        wait_until_refused(clients)
        assert server.call("GET", "/ready")[0] == 503
        for client in clients:
            assert server.call("GET", f"/api/2.0/mlflow/runs/get?run_id={client.run_id}")[0] == 200
        status, answer = server.call("POST", "/api/2.0/mlflow/runs/search", {"experiment_ids": ["0"]})
        assert (status, len(answer["runs"])) == (200, 2)
    assert seconds_until_acknowledged(clients) < 10
    assert server.call("GET", "/ready")[0] == 200
    ended(server, clients)

"""Event streams of real servers: several processes, readers that read nothing, and the end."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.server_process import ServerProcess
from tests.api.event_reader import Stream, opened
from tests.components import postgres

STREAMS = 12  # among two processes: by chance on both
STOPS_WITHIN_S = 9.0  # waiting for readers would take ten
GROWS_BYTES = 64 * 1024 * 1024


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    if not postgres.is_installed():
        pytest.skip("PostgreSQL's server package is not installed; run scripts/install-components")
    with postgres.postgres() as server:
        yield server.create_database()


def hears(stream: Stream, runs: set[str]) -> None:
    """Read until all these runs were told of."""
    missing = set(runs)
    while missing:
        missing -= told(stream)


@contextlib.contextmanager
def making_runs(server: ServerProcess) -> Iterator[set[str]]:
    """Runs that are made all the time, so that who reads a stream never waits long."""
    made, stop = set[str](), threading.Event()

    def make() -> None:
        while not stop.wait(0.2):
            made.add(server.run())

    maker = threading.Thread(target=make)
    maker.start()
    try:
        yield made
    finally:
        stop.set()
        maker.join()


def is_heard_of(stream: Stream, server: ServerProcess) -> None:
    """Return when the stream tells of a server's runs: then that has heard that somebody listens elsewhere."""
    with making_runs(server) as made:
        while not made & told(stream):
            pass


def told(stream: Stream) -> set[str]:
    """The runs of the next message."""
    return {one["run_id"] for one in stream.until("runs", 30).get("runs", [])}


def all_hear(streams: list[Stream], server: ServerProcess) -> bool:
    """Whether all streams tell of runs that were made once each, by whichever worker."""
    runs = {server.run() for _ in range(10)}
    with making_runs(server):
        for stream in streams:
            missing, deadline = set(runs), time.monotonic() + 5
            while missing and time.monotonic() < deadline:
                missing -= told(stream)
            if missing:
                return False
    return True


def test_readers_of_two_workers_hear_of_all_runs(database: str, tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", "--database", database, "--workers", "2").start()
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(opened(server.port)) for _ in range(STREAMS)]
        assert any(all_hear(streams, server) for _ in range(5))  # until workers know that others listen
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < STOPS_WITHIN_S
        for stream in streams:
            assert stream.until("end")["retry"] is True
            assert stream.next() is None


def test_two_servers_on_one_database_hear_each_other(database: str, tmp_path: Path) -> None:
    one = ServerProcess(tmp_path / "one", "--database", database).start()
    two = ServerProcess(tmp_path / "two", "--database", database).start()
    with opened(one.port) as stream:
        is_heard_of(stream, two)
        hears(stream, {two.run()})
        two.kill()
        hears(stream, {one.run()})
    assert one.stop() == 0


def test_readers_that_read_nothing_cost_little_and_hold_up_nobody(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data").start()
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            idle = stack.enter_context(socket.socket())
            idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            idle.connect(("127.0.0.1", server.port))
            idle.sendall(
                b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
            )
        before = resident(server)
        with opened(server.port) as stream:
            deadline = time.monotonic() + 6
            while time.monotonic() < deadline:
                server.run()
            is_heard_of(stream, server)  # of so many at once it may hear as of their experiment
        assert resident(server) - before < GROWS_BYTES
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < STOPS_WITHIN_S


def test_a_server_stops_at_once_beside_readers_that_read_nothing(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data").start()
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(opened(server.port))
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < STOPS_WITHIN_S


def resident(server: ServerProcess) -> int:
    """Bytes in memory."""
    assert server.process is not None
    text = Path(f"/proc/{server.process.pid}/statm").read_text()
    return int(text.split()[1]) * 4_096

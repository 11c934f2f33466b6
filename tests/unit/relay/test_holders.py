"""Which runs of a relay nobody has any more."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from runyard.client.journal.calls.desk import Desk
from runyard.client.journal.folder import journals
from runyard.client.journal.local_reads import records_of
from runyard.client.journal.processes import process_of, this_process
from runyard.client.journal.recorder import Recorder
from runyard.client.journal.settings import JournalSettings
from runyard.client.journal.target import Target
from runyard.entities.journal import RunChange
from runyard.relay.holders import QUIET_S, Holders, Marks, processes_at
from runyard.relay.server import Server

HERE = frozenset({this_process()})
SERVER = 5000
PORT = 40_000


class Scene:
    """A desk, a clock, and the processes that are found behind ports."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.now = 0.0
        self.found: dict[int, Marks] = {}
        self.looked: list[set[int]] = []
        self.holders = Holders(desk, lambda: self.now, self.find)
        self.run_id = desk.logbook.create_run("0", None, None, 1, "r", []).run_id

    def find(self, ports: Collection[int], server_port: int) -> dict[int, Marks]:
        self.looked.append(set(ports))
        return {port: self.found[port] for port in ports if port in self.found}

    def hear(self, port: int = PORT) -> None:
        self.holders.heard(port, self.run_id)

    def look(self, after_s: float = 0.0) -> None:
        self.now += after_s
        self.holders.look(SERVER)

    @property
    def changes(self) -> list[bool]:
        """What the journal says of the run: False: this process has it, True: it has left it."""
        found = [one for folder in journals(self.desk.home) for one in records_of(folder)]
        return [one.left for one in found if isinstance(one, RunChange) and one.status is None]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("RUNYARD_JOURNAL", str(tmp_path))
    target = Target("", offline=True)
    recorder = Recorder(target, JournalSettings())
    server = Server(target)
    yield Scene(Desk(recorder, server, server.reach))
    recorder.close()


@pytest.fixture
def ended() -> Marks:
    """A process that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        mark = process_of(process.pid)
    return frozenset({mark})


def test_a_run_whose_program_has_ended_is_left_once_it_was_quiet(scene: Scene, ended: Marks) -> None:
    scene.found[PORT] = ended
    scene.hear()
    scene.look()
    scene.look(QUIET_S - 1)
    assert scene.changes == []
    scene.look(1)
    scene.look(QUIET_S)
    assert scene.changes == [True]


def test_one_that_is_logged_to_again_is_taken_up(scene: Scene, ended: Marks) -> None:
    scene.found[PORT] = ended
    scene.hear()
    scene.look(QUIET_S)
    scene.found[PORT + 1] = HERE
    scene.hear(PORT + 1)
    scene.hear(PORT + 1)
    scene.look(QUIET_S)
    assert scene.changes == [True, False]


def test_one_whose_program_is_silent_for_hours_is_not_left(scene: Scene) -> None:
    scene.found[PORT] = HERE
    scene.hear()
    scene.look()
    scene.look(36_000)
    assert scene.changes == [] and scene.looked == [{PORT}]


def test_the_last_of_several_programs_counts(scene: Scene, ended: Marks) -> None:
    scene.found.update({PORT: ended, PORT + 1: HERE})
    scene.hear()
    scene.hear(PORT + 1)
    scene.look(QUIET_S)
    assert scene.changes == []


def test_a_port_is_looked_up_again_for_its_next_program(scene: Scene, ended: Marks) -> None:
    scene.found[PORT] = ended
    scene.hear()
    scene.look()
    scene.found[PORT] = HERE
    scene.hear()
    scene.look(QUIET_S)
    assert scene.changes == [] and len(scene.looked) == 2


def test_nothing_is_said_where_it_cannot_be_told_who_logs(scene: Scene) -> None:
    scene.hear()
    scene.look(QUIET_S)
    scene.look(QUIET_S)
    assert scene.changes == []


def test_one_that_has_ended_or_is_the_relays_own_is_no_matter(scene: Scene, ended: Marks) -> None:
    scene.found[PORT] = ended
    scene.holders.keep(scene.run_id)
    scene.hear()
    scene.look(QUIET_S)
    other = scene.desk.logbook.create_run("0", None, None, 1, "s", []).run_id
    scene.holders.heard(PORT, other)
    scene.desk.logbook.update(other, "FINISHED", 2, None)
    scene.look(QUIET_S)
    assert scene.changes == []


@pytest.mark.skipif(
    not Path("/proc/net/tcp").exists(), reason="the system does not tell whose connections they are"
)
def test_the_processes_of_a_connection_are_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket; s = socket.create_connection(('127.0.0.1', {port})); input()"
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
            accepted, (_, client) = server.accept()
            with accepted:
                found = processes_at({client, 1}, port)
                assert found == {client: frozenset({process_of(process.pid)})}
                assert processes_at({client}, port + 1) == {}
                assert os.getpid() not in {one.pid for one in found[client]}

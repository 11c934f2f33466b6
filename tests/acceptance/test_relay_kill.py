"""kill -9 of training, senders, relay and server at random, over a line that fails too: what was acknowledged is there once."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bench.line import FaultyLine
from tests.acceptance.far_server import KINDS, Far
from tests.acceptance.journal_trainers import (
    Trainer,
    check_stored,
    end_all,
    kill_sender,
    send_all,
    senders,
)
from tests.acceptance.relayed_trainers import Relay, Relayed
from tests.acceptance.server_process import ServerProcess
from tests.components.network import SERVER
from tests.components.processes import accepts, free_ports
from tests.journal.trainers import wait_for

KILLS = int(os.environ.get("RUNYARD_RELAY_KILLS", "30"))
MANY = 2_000
EACH = 2  # of programs with a journal of their own, and of such behind the relay
WEIGHTS = {"trainer": 8, "relayed": 8, "sender": 12, "relay": 5, "server": 4, "line": 8, "all": 1}
Inside = Callable[[], AbstractContextManager[None]]


class World:
    """All that can be killed.

    Args:
        server: it runs.
        url: how it is reached from where programs run.
        here, there: contexts in which programs, and the server, are started.
        fail, heal: the line between them.
    """

    def __init__(
        self,
        server: ServerProcess,
        url: str,
        home: Path,
        notes: Path,
        *,
        fail: Callable[[random.Random], None],
        heal: Callable[[], None],
        here: Inside = contextlib.nullcontext,
        there: Inside = contextlib.nullcontext,
    ) -> None:
        self.server = server
        self.heal = heal
        self._fail = fail
        self._url, self._home, self._notes = url, home, notes
        self._here, self._there = here, there
        self.relay = Relay(url, free_ports(1)[0])
        self.trainers: list[Trainer] = []
        self.relayed: list[Relayed] = []
        self.done: Counter[str] = Counter()

    def begin(self) -> None:
        with self._here():
            self.relay.start()
            for _ in range(EACH):
                self._train()
                self._train_behind()
            wait_for(lambda: all(one.noted("kept") for one in self.relayed), "points behind the relay")

    def harm(self, chance: random.Random) -> None:
        """One fault."""
        (what,) = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
        self.done[what] += 1
        with self._here():
            if what in ("trainer", "all"):
                one = chance.choice([one for one in self.trainers if one.process.poll() is None])
                one.kill()
                self._train()
            if what in ("relayed", "all"):
                other = chance.choice([one for one in self.relayed if one.process.poll() is None])
                other.kill()
                self._train_behind()
            if what in ("sender", "all"):
                kill_sender(chance.choice(senders(self._home) or [0]))
            if what in ("relay", "all"):
                wait_for(
                    lambda: accepts(self.relay.port), "the relay"
                )  # one that never serves proves nothing
                self.relay.kill()
                self.relay.start()
        if what in ("server", "all"):
            with self._there():
                self.server.kill()
                self.server = self.server.again()
        if what == "line":
            self._fail(chance)
            time.sleep(chance.uniform(0.02, 0.5))
            self.heal()

    def check(self) -> None:
        """Kill everybody but the server, send what is left, compare."""
        self.heal()
        for one in self.relayed:
            one.kill()
        self.relay.kill()
        end_all(self._home, self.trainers)
        began = time.monotonic()
        with self._here():
            send_all(self._home)
        print(f"sent in {time.monotonic() - began:.1f} s")
        with self._there():
            for trainer in self.trainers:
                check_stored(self.server.call, trainer)
            kept = sum(one.check(self.server.call) for one in self.relayed)
        logged = sum(one.noted("points") for one in self.trainers)
        print("kills", dict(self.done), "points", logged, "behind the relay", kept)
        assert logged > 10 * sum(self.done.values())
        assert kept > sum(self.done.values())

    def _train(self) -> None:
        self.trainers.append(Trainer(self._url, self._notes, len(self.trainers)))

    def _train_behind(self) -> None:
        self.relayed.append(Relayed(self.relay, self._notes, len(self.relayed)))


def suffer(world: World, kills: int) -> None:
    """So many faults, then compare."""
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    began = time.monotonic()
    world.begin()
    for _ in range(kills):
        time.sleep(chance.uniform(0.01, 0.2))
        world.harm(chance)
    print(f"{kills} faults in {time.monotonic() - began:.1f} s")
    world.check()


@pytest.mark.timeout(300 + 2 * MANY)
@pytest.mark.parametrize("kills", [KILLS, pytest.param(MANY, marks=pytest.mark.long)])
def test_whoever_dies_what_was_acknowledged_is_there_once(
    home: Path, notes: Path, tmp_path: Path, kills: int
) -> None:
    server = ServerProcess(tmp_path / "data").start()
    line = FaultyLine((server.host, server.port))

    def fail(chance: random.Random) -> None:
        if chance.random() < 0.5:
            line.cut()
        else:
            line.delay_s = 0.3

    def heal() -> None:
        line.delay_s = 0.0
        if not line.is_open:
            line.mend()

    world = World(server, f"http://127.0.0.1:{line.port}", home, notes, fail=fail, heal=heal)
    try:
        suffer(world, kills)
    finally:
        world.relay.kill()
        line.end()
    assert world.server.stop() == 0


@pytest.mark.long
@pytest.mark.timeout(3_000)
def test_the_same_with_the_server_behind_a_cable(far: Far) -> None:
    world = World(
        far.server,
        f"http://{SERVER}:{far.server.port}",
        far.home,
        far.notes,
        fail=lambda chance: KINDS[chance.choice(list(KINDS))](far.net),
        heal=far.net.heal,
        here=far.net.client.entered,
        there=far.net.server.entered,
    )
    try:
        suffer(world, MANY // 5)
    finally:
        world.relay.kill()
        far.server = world.server

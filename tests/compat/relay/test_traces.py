"""Traces of the plain client through `runyard relay`: each reaches the server once, whatever becomes of it meanwhile."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compat.environments import CLIENTS, ROOT
from tests.compat.plugin.installed import kept_environment
from tests.compat.plugin.place import Place
from tests.compat.plugin.test_traces import check

MODERN = CLIENTS[0]
MANY = 40
PATIENCE_S = 60


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    if place.server.process is not None:
        place.server.kill()


@contextlib.contextmanager
def relay_of(place: Place) -> Iterator[dict[str, str]]:
    """A relay as a process; the environment that it prints, for plain clients."""
    process = subprocess.Popen(
        [sys.executable, "-m", "runyard", "relay", "--server", place.connection.server],
        env={
            **kept_environment(),
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": str(place.home),
            "RUNYARD_DRAIN_S": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        found: dict[str, str] = {}
        assert process.stdout is not None
        while "MLFLOW_TRACKING_TOKEN" not in found:
            line = process.stdout.readline()
            assert line, "the relay did not start"
            name, _, value = line.removeprefix("export ").strip().partition("=")
            found[name] = value.strip("'\"")
        yield {**found, "PYTHONPATH": os.devnull}  # no plugin
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def test_traces_reach_a_server_that_is_there(place: Place) -> None:
    place.server.start()
    with relay_of(place) as told:
        printed = place.run(MODERN, "traces.py", "there", "5", "0", "read", **told)
    place.sync()
    check(place, "there", printed, 5)


def test_traces_are_kept_while_the_server_is_dead(place: Place) -> None:
    place.server.start()
    with relay_of(place) as told:
        program = place.start(MODERN, "traces.py", "dead", str(MANY), "0.05", **told)
        assert program.stdout is not None
        while program.stdout.readline().strip() != "begun":
            pass
        time.sleep(0.5)
        place.server.kill()
        time.sleep(1.5)
        place.server.start()
        printed = program.communicate(timeout=120)[0]
        assert program.returncode == 0, printed
    place.sync()
    check(place, "dead", printed, MANY)


def test_traces_without_a_server_are_read_from_the_journal_and_sent_later(place: Place) -> None:
    with relay_of(place) as told:
        printed = place.run(MODERN, "traces.py", "never", "5", "0", "read", **told)
    assert "Failed to" not in printed and "Traceback" not in printed
    assert len(place.journals) == 1
    place.server.start()
    place.sync()
    assert place.journals == []
    check(place, "never", printed, 5)

"""How jobs are ended from outside, and what is left of them: nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.runner import processes
from tests.runner.jobs import Runner, python, until
from tests.runner.standin import RUN, StandIn

SLOW = "import time; print('working', flush=True); time.sleep(100)"
# leaves its session, its parent and its group, as daemons do
FAMILY = """
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(100)
    os._exit(0)
os.wait()
print("working", flush=True)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("working", flush=True)
time.sleep(100)
"""


@pytest.fixture
def started(runner: Runner, server: StandIn) -> Iterator[Runner]:
    """A job that was begun, and does not outlive the test."""
    server.told.definition = python(SLOW)
    yield runner
    subprocess.run(runner.command("stop", runner.folder, RUN), env=runner.variables, check=False, timeout=60)


def left(runner: Runner) -> set[int]:
    """Processes of the job."""
    return processes.of_job(f"{runner.job}:")


def begin(runner: Runner, server: StandIn) -> int:
    """Start the job, wait until the script works, and return the runner's process."""
    told = runner.call("start", runner.lay(server))
    until(lambda: "working" in server.told.log())
    return int(told["pid"])


def test_start_returns_at_once_and_the_job_goes_on(started: Runner, server: StandIn) -> None:
    server.told.definition = python("import time; time.sleep(1); print('done')")
    began = time.monotonic()
    told = started.call("start", started.lay(server))
    assert time.monotonic() - began < 10
    assert told["again"] is False
    until(lambda: server.told.ends)
    assert server.told.log() == "done\n"
    assert until(lambda: started.state()["phase"] == "ended")


def test_the_same_job_twice_is_one(started: Runner, server: StandIn) -> None:
    file = started.lay(server)
    calls = [
        subprocess.Popen(started.command("start", file), stdout=-1, env=started.variables) for _ in range(4)
    ]
    pids = {one.communicate(timeout=60)[0].split(b",")[0] for one in calls}
    assert len(pids) == 1
    until(lambda: server.told.log())
    assert len(server.told.begun) == 1
    started.call("stop", started.folder, RUN)
    assert started.call("start", file)["phase"] == "ended"
    assert len(server.told.begun) == 1


def test_a_cancel_of_the_server_ends_all_processes(started: Runner, server: StandIn) -> None:
    server.told.definition = python(FAMILY + "time.sleep(100)")
    begin(started, server)
    assert len(left(started)) == 3
    server.told.cancel = True
    until(lambda: server.told.ends)
    assert server.told.ends[0]["state"] == "Canceled"
    assert not left(started)
    assert until(lambda: started.state()["phase"] == "ended")
    assert started.state()["state"] == "Canceled"


def test_what_a_script_leaves_behind_is_ended(started: Runner, server: StandIn) -> None:
    server.told.definition = python(FAMILY)
    began = time.monotonic()
    begin(started, server)
    until(lambda: server.told.ends)
    assert server.told.ends[0]["state"] == "Completed"
    assert time.monotonic() - began < 30
    assert not left(started)


def test_a_script_that_ignores_the_wish_is_killed(started: Runner, server: StandIn) -> None:
    server.told.definition = python(STUBBORN)
    begin(started, server)
    server.told.cancel = True
    began = time.monotonic()
    until(lambda: server.told.ends, 40)
    assert 9 < time.monotonic() - began < 30
    assert not left(started)


def test_stop_ends_runner_and_script(started: Runner, server: StandIn) -> None:
    pid = begin(started, server)
    server.told.cancel = True  # as an engine is asked to once the server wants it
    started.call("stop", started.folder, RUN)
    assert not left(started)
    assert not processes.born(pid)
    assert server.told.ends[0]["state"] == "Canceled"
    started.call("stop", started.folder, RUN)  # again is fine


def test_a_runner_that_its_machine_ends_says_so(started: Runner, server: StandIn) -> None:
    os.kill(begin(started, server), signal.SIGTERM)
    until(lambda: server.told.ends)
    assert server.told.ends[0]["state"] == "Failed"
    assert server.told.ends[0]["error"]["code"] == "EngineError"
    assert server.told.log() == "working\n"


def test_a_runner_that_is_ended_does_not_wait_for_a_server_that_is_away(
    started: Runner, server: StandIn
) -> None:
    pid = begin(started, server)
    for path in ("/beat", "/end", "/log-appends", "/get"):
        server.told.refusals[path] = None
    os.kill(pid, signal.SIGTERM)
    began = time.monotonic()
    until(lambda: not processes.born(pid), 30)
    assert time.monotonic() - began < 20
    assert started.state()["phase"] == "ended"


def test_a_killed_runner_takes_the_script_with_it(started: Runner, server: StandIn) -> None:
    server.told.definition = python(FAMILY + "time.sleep(100)")
    pid = begin(started, server)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not processes.born(pid))
    state = started.state()
    assert (state["phase"], state["code"]) == ("ended", "NodeLost")
    assert not left(started)


def test_a_new_attempt_follows_a_killed_one(started: Runner, server: StandIn) -> None:
    os.kill(begin(started, server), signal.SIGKILL)
    server.told.definition = python("print('second')")
    assert started.work(server) == 0
    first, _, second = server.told.log().partition("begun again on this machine")
    assert first.startswith("working\n")
    assert second.endswith("second\n")
    assert len({one["attempt"] for one in server.told.begun}) == 2


def test_states_of_jobs_that_are_not_begun_or_not_known(runner: Runner, server: StandIn) -> None:
    runner.lay(server)
    found = runner.call("states", runner.folder, RUN, "absent")
    assert found == {RUN: {"phase": "waiting"}, "absent": {"phase": "unknown"}}


def test_forget_removes_what_was_kept(started: Runner, server: StandIn) -> None:
    begin(started, server)
    assert started.call("nodes", started.folder)[0]["running"] == 1
    started.call("forget", started.folder, RUN)
    assert not started.job.exists()
    assert not left(started)


def test_tail_is_what_the_runner_said(started: Runner, server: StandIn) -> None:
    begin(started, server)
    shown = subprocess.run(
        started.command("tail", started.folder, RUN), capture_output=True, env=started.variables, check=True
    )
    assert b"rank 0" in shown.stdout


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "", "-rf"])
def test_names_that_lead_elsewhere_are_refused(runner: Runner, name: str, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    done = subprocess.run(
        runner.command("forget", runner.folder, name), env=runner.variables, capture_output=True
    )
    assert done.returncode == 64
    assert (tmp_path / "x").is_dir()

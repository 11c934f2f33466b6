"""kill -9 of the server at any moment: afterwards every job is in the state that it really has, and none ran twice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.job_server import JobServer
from tests.acceptance.server_process import ServerProcess
from tests.components.runners import end_runners

MARK = "echo x >> {place}/$RUNYARD_RUN_ID; sleep {seconds}"


@pytest.fixture(autouse=True)
def no_runner_is_left(tmp_path: Path) -> Iterator[None]:
    """Whatever comes of a test."""
    yield
    end_runners(tmp_path)


def marking(place: Path, seconds: float) -> str:
    """A script that leaves one mark each time that it runs."""
    return MARK.format(place=place, seconds=seconds)


def marks(place: Path, run_ids: list[str]) -> Counter[int]:
    """How many jobs ran how often."""
    files = [place / one for one in run_ids]
    return Counter(len(one.read_text().split()) if one.exists() else 0 for one in files)


def killed(server: JobServer, away_s: float = 0.0) -> None:
    """The server dies, and comes back at the same address after a while."""
    server.process.kill()
    time.sleep(away_s)
    server.process = server.process.again()


def test_what_runs_goes_on_and_what_waits_starts_after_a_kill(tmp_path: Path) -> None:
    server = JobServer(ServerProcess(tmp_path / "data").start())
    server.compute("here", limits={"max_running": 2})
    running = [server.shell("here", f"echo begun; {marking(tmp_path, 5)}; echo done") for _ in range(2)]
    waiting = [server.shell("here", marking(tmp_path, 0.1)) for _ in range(2)]
    for one in running:
        server.wait_log(one, "begun")
    killed(server, away_s=2)
    ended = server.wait_ended([*running, *waiting])
    assert [one["state"] for one in ended] == ["Completed"] * 4
    assert marks(tmp_path, [*running, *waiting]) == {1: 4}
    assert all("done" in server.log(one) for one in running)


def test_a_job_that_ends_while_the_server_is_away_is_told_afterwards(tmp_path: Path) -> None:
    server = JobServer(ServerProcess(tmp_path / "data").start())
    server.compute("here")
    good = server.shell("here", "echo begun; sleep 2; echo done")
    bad = server.shell("here", "echo begun; sleep 2; exit 7")
    for one in (good, bad):
        server.wait_log(one, "begun")
    killed(server, away_s=4)
    assert server.wait_state(good, "Completed", "Failed", "Canceled")["state"] == "Completed"
    job = server.wait_state(bad, "Completed", "Failed", "Canceled")
    assert (job["state"], job["error"]["exit_code"]) == ("Failed", 7)
    assert "done" in server.log(good)


def test_a_job_that_is_canceled_right_before_a_kill_is_canceled_afterwards(tmp_path: Path) -> None:
    server = JobServer(ServerProcess(tmp_path / "data").start())
    server.compute("here")
    run_id = server.shell("here", "echo begun; sleep 600")
    server.wait_log(run_id, "begun")
    server.ok("POST", f"/jobs/{run_id}/cancel")
    killed(server)
    assert server.wait_state(run_id, "Completed", "Failed", "Canceled")["state"] == "Canceled"


@pytest.mark.parametrize("round_", [0, *(pytest.param(one, marks=pytest.mark.long) for one in range(1, 4))])
def test_no_job_is_lost_or_doubled_by_kills_at_random_moments(tmp_path: Path, round_: int) -> None:
    chance = random.Random()
    server = JobServer(ServerProcess(tmp_path / "data").start())
    server.compute("here", limits={"max_running": 4})
    run_ids: list[str] = []
    kills = []
    for _ in range(3):
        run_ids += [server.shell("here", marking(tmp_path, 0.3)) for _ in range(4)]
        kills.append(chance.uniform(0.0, 1.5))
        time.sleep(kills[-1])
        killed(server, chance.uniform(0.0, 0.5))
    ended = server.wait_ended(run_ids, limit_s=180)
    assert Counter(one["state"] for one in ended) == {"Completed": len(run_ids)}, (kills, ended)
    assert marks(tmp_path, run_ids) == {1: len(run_ids)}, kills


def processes(place: Path, word: str) -> list[int]:
    """Of this machine, whose command line or environment names the place and the word."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            line = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
            if entry.name.isdecimal() and str(place) in line and word in line:
                found.append(int(entry.name))
    return found


@pytest.mark.long
@pytest.mark.timeout(900)
def test_states_agree_with_reality_after_kills_of_everything(tmp_path: Path) -> None:
    """The server, runners and scripts are killed, and jobs canceled, all at random."""
    chance = random.Random()
    server = JobServer(ServerProcess(tmp_path / "data").start())
    server.compute("here", limits={"max_running": 6})
    script = f"echo x >> {tmp_path}/$RUNYARD_RUN_ID; sleep $0; echo y >> {tmp_path}/$RUNYARD_RUN_ID.end"
    done: dict[str, list[int]] = {"runner": [], "script": [], "cancel": []}
    canceled: set[str] = set()
    run_ids: list[str] = []
    for _ in range(40):
        run_ids.append(server.submit("here", "sh", "-c", script, str(chance.uniform(0.5, 4))))
        time.sleep(chance.uniform(0.0, 0.8))
        what = chance.random()
        if what < 0.12:
            killed(server, chance.uniform(0.0, 1.0))
        elif what < 0.24 and (runners := processes(tmp_path / "data", "start")):
            os.kill(chance.choice(runners), signal.SIGKILL)
            done["runner"].append(1)
        elif what < 0.36 and (scripts := processes(tmp_path, "RUNYARD_RUN_ID.end")):
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(scripts), signal.SIGKILL)
            done["script"].append(1)
        elif what < 0.5:
            one = chance.choice(run_ids)
            server.ok("POST", f"/jobs/{one}/cancel")
            canceled.add(one)
    ended = server.wait_ended(run_ids, limit_s=300)
    for job in ended:
        run_id, state = job["run_id"], job["state"]
        begun, finished = (tmp_path / run_id).exists(), (tmp_path / f"{run_id}.end").exists()
        assert not begun or (tmp_path / run_id).read_text() == "x\n", job
        assert finished == (state == "Completed") or (finished and state in ("Failed", "Canceled")), job
        assert state != "Canceled" or run_id in canceled, job
        assert (
            server.run_status(run_id)
            == {"Completed": "FINISHED", "Failed": "FAILED", "Canceled": "KILLED"}[state]
        )
    failed = [job for job in ended if job["state"] == "Failed"]
    assert len(failed) <= len(done["runner"]) + len(done["script"]), (done, failed)
    jobs = tmp_path / "data" / "jobs" / "jobs"
    until = time.monotonic() + 90
    while processes(tmp_path, "RUNYARD_RUN_ID.end") or any(jobs.glob("*/work")):
        assert time.monotonic() < until, processes(tmp_path, "RUNYARD_RUN_ID.end")
        time.sleep(0.5)
    assert server.process.stop() == 0


def drained(tmp_path: Path, count: int, at_once: int, seconds: float) -> None:
    """Submit so many, and wait until all have run once."""
    server = JobServer(ServerProcess(tmp_path / "data").start())
    server.compute("here", limits={"max_running": at_once})
    run_ids = [server.shell("here", marking(tmp_path, seconds)) for _ in range(count)]
    ended = server.wait_ended(run_ids, limit_s=900)
    assert Counter(one["state"] for one in ended) == {"Completed": count}
    assert marks(tmp_path, run_ids) == {1: count}
    assert server.process.stop() == 0


def test_a_queue_is_drained_without_a_lost_or_doubled_job(tmp_path: Path) -> None:
    drained(tmp_path, 20, 4, 0.2)


@pytest.mark.long
@pytest.mark.timeout(1_000)
def test_two_hundred_jobs_of_a_second_are_drained(tmp_path: Path) -> None:
    drained(tmp_path, 200, 10, 1)

"""kill -9 of the server at any moment: afterwards every job is in the state that it really has, and none ran twice."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.job_server import JobServer
from tests.acceptance.server_process import ServerProcess

MARK = "echo x >> {place}/$RUNYARD_RUN_ID; sleep {seconds}"


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


@pytest.mark.parametrize("round_", range(3))
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

"""Jobs on the server's own machine, with a real server process: how they run, fail, wait, and are canceled."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.job_server import JobServer
from tests.acceptance.server_process import ServerProcess
from tests.components.runners import end_runners


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobServer]:
    process = ServerProcess(tmp_path_factory.mktemp("jobs")).start()
    process.spawned.remove(process.process)  # type: ignore[arg-type]  # it stays for all tests of this file
    server = JobServer(process)
    try:
        server.compute("here", limits={"max_running": 3})
        yield server
        assert process.stop() == 0, process.log
    finally:
        end_runners(process.data)


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def pid_of(server: JobServer, run_id: str) -> int:
    """Of a script that prints `pid=` and its own."""
    log = server.wait_log(run_id, "\n")
    return int(log.partition("pid=")[2].split()[0])


def crowding() -> float:
    """How many times longer than on a machine of its own a computation takes now, at least 1."""
    begun, computed = time.monotonic(), time.thread_time()
    while time.thread_time() - computed < 0.05:
        pass
    return (time.monotonic() - begun) / 0.05


def test_a_job_runs_and_its_run_is_finished(server: JobServer) -> None:
    run_id = server.shell("here", "echo out; echo err >&2; echo $RUNYARD_RUN_ID")
    job = server.wait_state(run_id, "Completed", "Failed", "Canceled")
    assert (job["state"], job["status"], job["error"]) == ("Completed", "FINISHED", None)
    assert server.run_status(run_id) == "FINISHED"
    log = server.log(run_id)
    assert all(text in log for text in ("out\n", "err\n", run_id))


def test_the_first_line_is_there_within_two_seconds(server: JobServer) -> None:
    """The best of some; seconds of a machine that does nothing else."""
    times: list[float] = []
    while not times or (times[-1] > 2.0 and len(times) < 15):
        crowded, begun = crowding(), time.monotonic()
        server.wait_log(server.shell("here", "echo hello"), "hello")
        took_s = time.monotonic() - begun
        times.append(took_s / min(crowded, crowding()))
    assert times[-1] <= 2.0, times


def test_a_failing_script_is_told_with_its_exit_code(server: JobServer) -> None:
    job = server.wait_state(server.shell("here", "echo no; exit 3"), "Failed")
    assert (job["error"]["code"], job["error"]["exit_code"]) == ("UserError", 3)
    assert server.run_status(job["run_id"]) == "FAILED"


def test_a_canceled_job_in_the_queue_never_runs(server: JobServer, tmp_path: Path) -> None:
    server.ok("POST", "/computes/here/stop")
    run_id = server.shell("here", f"touch {tmp_path}/ran")
    job = server.wait(run_id, lambda job: job["waits"] != "")
    assert job["state"] == "NotStarted" and "here is stopped" in job["waits"]
    assert server.ok("POST", f"/jobs/{run_id}/cancel")["state"] == "Canceled"
    server.ok("POST", "/computes/here/start")
    server.wait_state(server.shell("here", "true"), "Completed")
    assert server.job(run_id)["state"] == "Canceled" and not (tmp_path / "ran").exists()
    assert server.run_status(run_id) == "KILLED"


def test_a_canceled_job_ends_with_all_its_processes(server: JobServer) -> None:
    run_id = server.shell("here", "echo pid=$$; sleep 600 & sleep 601")
    pid = pid_of(server, run_id)
    server.ok("POST", f"/jobs/{run_id}/cancel")
    assert server.wait_state(run_id, "Canceled", "Failed", "Completed")["state"] == "Canceled"
    assert not is_alive(pid)


def test_jobs_wait_for_those_ahead_of_them(server: JobServer) -> None:
    """And a greater priority overtakes."""
    server.compute("narrow", limits={"max_running": 1})
    first = server.shell("narrow", "sleep 4")
    server.wait_state(first, "Starting", "Queued", "Preparing", "Running")
    waiting = [server.shell("narrow", "echo x") for _ in range(3)]
    job = server.wait(waiting[2], lambda job: "ahead" in job["waits"])
    assert job["waits"] == "Waits for 2 jobs ahead of it: narrow runs at most 1 at once."
    server.ok("PATCH", f"/jobs/{waiting[2]}", {"priority": 5})
    ended = server.wait_ended([first, *waiting])
    assert [job["state"] for job in ended] == ["Completed"] * 4
    started = [job["started_ms"] for job in ended]
    assert started[3] < started[1] < started[2]


def test_a_killed_runner_fails_its_job_and_its_script_is_ended(server: JobServer) -> None:
    run_id = server.shell("here", "echo pid=$$; sleep 600")
    script = pid_of(server, run_id)
    runner = int(Path(f"/proc/{script}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(runner, signal.SIGKILL)
    job = server.wait_state(run_id, "Failed", "Completed", "Canceled", limit_s=120)
    assert (job["state"], job["error"]["code"]) == ("Failed", "NodeLost")
    assert not is_alive(script)


def test_a_script_that_is_killed_is_told_with_the_signal(server: JobServer) -> None:
    run_id = server.shell("here", "echo pid=$$; sleep 600")
    os.kill(pid_of(server, run_id), signal.SIGKILL)
    job = server.wait_state(run_id, "Failed", "Completed", "Canceled")
    assert (job["state"], job["error"]["signal"]) == ("Failed", 9)


def test_nothing_is_left_of_ended_jobs(server: JobServer) -> None:
    run_id = server.shell("here", "true")
    server.wait_state(run_id, "Completed")
    place = server.process.data / "jobs" / "jobs"
    until = time.monotonic() + 60
    while (place / run_id).exists():
        assert time.monotonic() < until
        time.sleep(0.2)


def test_a_dry_run_shows_what_would_be_handed_over(server: JobServer) -> None:
    body = {"experiment_name": "jobs", "target": "here", "definition": {"command": ["true"]}, "dry_run": True}
    request = server.ok("POST", "/jobs", body)["request"]
    assert "runner-" in request and '"server": "http://127.0.0.1:' in request and "ry_" not in request


def test_a_pool_of_an_undeclared_size_is_this_machine(server: JobServer) -> None:
    pool = server.compute("laptop", "pool", size="STANDARD_D2_V2", limits={"max_nodes": 2})
    assert pool["error"] == "" and pool["nodes"]
    assert server.wait_state(server.shell("laptop", "true"), "Completed", "Failed")["state"] == "Completed"


def test_a_forced_deletion_cancels_what_runs(server: JobServer) -> None:
    server.compute("brief")
    run_id = server.shell("brief", "echo pid=$$; sleep 600")
    pid = pid_of(server, run_id)
    status, answer = server.process.call("DELETE", "/api/v1/computes/brief")
    assert status == 400 and "force" in answer["message"]
    server.ok("DELETE", "/computes/brief?force=true")
    assert server.wait_state(run_id, "Canceled", "Failed")["state"] == "Canceled"
    until = time.monotonic() + 60
    while is_alive(pid):
        assert time.monotonic() < until
        time.sleep(0.2)

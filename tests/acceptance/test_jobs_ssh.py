"""Jobs on machines that are reached by SSH: a real sshd on loopback, where another user logs in."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
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
    assert process.stop() == 0, process.log


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


def test_several_nodes_are_refused(server: JobServer) -> None:
    job = server.wait_state(server.shell("lab", "true", definition={"node_count": 2}), "Failed", "Completed")
    assert job["error"]["code"] == "SubmitError" and "slurm or ray" in job["error"]["message"]


@pytest.mark.long
@pytest.mark.timeout(600)
def test_no_job_is_lost_or_doubled_while_machines_and_the_server_come_and_go(
    tmp_path: Path, machines: list[SshMachine]
) -> None:
    chance = random.Random()
    server = JobServer(ServerProcess(tmp_path / "data").start())
    attach(server, "chaos", machines, settings={"jobs_per_host": 3})
    marks = tmp_path / "marks"
    marks.mkdir()
    for folder in (marks, *(one for one in marks.parents if one.stat().st_uid == 0 and "pytest" in str(one))):
        folder.chmod(0o777 if folder == marks else 0o755)
    run_ids = []
    for _ in range(24):
        mark = f"echo x >> {marks}/$RUNYARD_RUN_ID; sleep {chance.uniform(0.2, 3):.1f}"
        run_ids.append(server.shell("chaos", mark))
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
    ended = server.wait_ended(run_ids, limit_s=300)
    assert [one["state"] for one in ended] == ["Completed"] * len(run_ids), ended
    assert [(marks / one).read_text() for one in run_ids] == ["x\n"] * len(run_ids)
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

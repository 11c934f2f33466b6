"""Submitting, compute targets, environments and jobs from the command line, against a real server."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from runyard.cli.azml import main as azml
from tests.cli.command_line import UNKNOWN_RUN, CommandLine

SCRIPT = "import sys\nprint('hello', *sys.argv[1:], flush=True)\nsys.exit(3 if 'fail' in sys.argv else 0)\n"
SUBMIT = ["run", "submit", "-o", "json", "-t"]
SERVER = ["compute", "attach", "local"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(SCRIPT)
    return tmp_path


@pytest.fixture
def target(cli: CommandLine) -> str:
    """A compute target: the server's own machine."""
    name = cli.client.name("machine")
    url = f"http://127.0.0.1:{cli.client.port}"
    cli.ok(*SERVER, name, "--server-url", url, "--python", sys.executable)
    return name


def test_a_command_runs_on_this_machine_and_is_followed(cli: CommandLine, source: Path) -> None:
    said = cli.call(
        "run", "submit", "--follow", "-e", "first", "--", sys.executable, "train.py", "--alpha", "1"
    )
    assert said.exit_code == 0, said.stderr
    assert "hello --alpha 1\n" in said.stdout
    assert "Completed" in said.stderr and "/experiments/" in said.stderr
    (job,) = cli.data("job", "list", "-e", "first")
    assert (job["state"], job["target"], job["definition"]["script"]) == ("Completed", "local", "train.py")
    assert "hello --alpha 1" in cli.ok("run", "logs", job["run_id"])
    assert "hello --alpha 1" in cli.ok("run", "logs", job["run_id"], "--follow")
    assert cli.data("run", "show", job["run_id"])["status"] == "FINISHED"


def test_a_command_that_fails_has_an_exit_code_and_a_reason(cli: CommandLine, source: Path) -> None:
    done = cli.call("run", "submit", "--wait", "--", sys.executable, "train.py", "fail")
    assert done.exit_code == 1
    assert "is Failed" in done.stderr and "3" in done.stderr
    assert "State" in done.stdout
    (job,) = cli.data("job", "list", "--state", "failed", "--last", "1")
    shown = cli.ok("run", "show", job["run_id"])
    assert "Failed: UserError" in shown and "local" in shown
    assert cli.data("run", "show", job["run_id"])["job"]["error"]["exit_code"] == 3


def test_a_command_runs_on_a_compute_target_and_again(cli: CommandLine, source: Path, target: str) -> None:
    shape = ["--name", "mine", "--tag", "team=a", "--priority", "5", "--env", "A=1"]
    made = json.loads(cli.ok(*SUBMIT, target, *shape, "--", "python", "train.py", "1"))
    assert made["page"].endswith(f"/runs/{made['run_id']}") and made["priority"] == 5
    assert "hello 1" in cli.ok("run", "logs", made["run_id"], "--follow")
    assert cli.data("run", "show", made["run_id"])["tags"]["team"] == "a"
    again = cli.call("run", "resubmit", made["run_id"], "--follow", "--", "2")
    assert again.exit_code == 0 and "hello 2" in again.stdout
    jobs = cli.data("job", "list", "--target", target)
    assert [job["definition"]["arguments"] for job in jobs] == [["2"], ["1"]]
    assert cli.data("job", "show", made["run_id"])["run_name"] == "mine"
    assert [run["run_id"] for run in cli.data("run", "list", "--target", target)] == [
        job["run_id"] for job in jobs
    ]
    assert "has ended already" in cli.fails(1, "run", "cancel", made["run_id"])


def test_a_dry_run_prints_what_would_be_handed_over_and_makes_nothing(
    cli: CommandLine, source: Path, target: str
) -> None:
    said = cli.ok("run", "submit", "-t", target, "--dry-run", "-e", "nothing", "--", "python", "train.py")
    assert "work" in said and "ry_" not in said
    assert cli.data("job", "list", "--target", target) == []


def test_a_waiting_run_is_seen_put_first_and_canceled(cli: CommandLine, source: Path, target: str) -> None:
    assert cli.data("compute", "stop", target)["state"] == "Stopped"
    made = json.loads(cli.ok(*SUBMIT, target, "--", "python", "train.py"))
    assert cli.data("job", "list", "--active", "--target", target)[0]["state"] == "NotStarted"
    cli.fails(1, "compute", "delete", target)
    assert cli.data("run", "priority", made["run_id"], "9")["priority"] == 9
    done = cli.call("run", "cancel", made["run_id"])
    assert done.exit_code == 0 and "Cancel" in done.stderr
    assert cli.data("compute", "start", target)["state"] == "Running"
    cli.ok("compute", "delete", target, "--force")
    assert target in cli.fails(4, "compute", "show", target)


def test_an_environment_is_registered_shown_and_written(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("six==1.17.0\n")
    name = cli.client.name("env")
    made = cli.data("environment", "register", name, "--file", "requirements.txt")
    assert (made["version"], len(made["hash"])) == ("1", 64)
    (tmp_path / "conda.yml").write_text("dependencies:\n- python=3.11\n- pip:\n  - six\n")
    assert cli.data("environment", "register", name, "--file", "conda.yml")["version"] == "2"
    assert name in cli.ok("environment", "list")
    assert [one["version"] for one in cli.data("environment", "show", name, "--versions")] == ["2", "1"]
    assert cli.data("environment", "show", name, "--version", "1")["hash"] == made["hash"]
    cli.ok("environment", "download", name, "-d", "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "azureml_environment.json",
        "conda_dependencies.yml",
    ]
    assert "already" in cli.fails(1, "environment", "download", name, "-d", "out")
    (tmp_path / "out" / "conda_dependencies.yml").write_text("dependencies:\n- pip:\n  - idna\n")
    assert cli.data("environment", "register", "-d", "out")["version"] == "3"
    assert "is not registered" in cli.fails(4, "environment", "show", "nothing")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            ["run", "submit", "--requirements", "r.txt", "--environment", "x", "--", "python", "train.py"],
            "Give one of",
        ),
        (["run", "submit", "--max-seconds", "long", "--", "python"], "no duration"),
        (["run", "submit"], "COMMAND"),
        (["compute", "attach", "ssh", "m"], "--address"),
        (["compute", "update", "m"], "Nothing to change"),
        (["environment", "register", "x"], "--file or --directory"),
        (["run", "submit", "--source", "gone", "--", "python", "a.py"], "is no folder"),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(
    cli: CommandLine, source: Path, words: list[str], why: str
) -> None:
    (source / "r.txt").touch()
    assert why in cli.fails(2, *words)


def test_what_is_not_there_is_said(cli: CommandLine, source: Path) -> None:
    assert "gone" in cli.fails(4, "run", "submit", "-t", "gone", "--", "python", "train.py")
    assert "no submitted run" in cli.fails(4, "job", "show", UNKNOWN_RUN)
    assert "no submitted run" in cli.fails(4, "run", "resubmit", UNKNOWN_RUN)
    assert "compute list" in cli.fails(4, "compute", "show", "gone")
    assert "no gone.py" in cli.fails(1, "run", "submit", "--", "python", "gone.py")
    assert "-- python train.py" in cli.fails(1, "run", "submit", "--", "python train.py")


def test_what_cannot_be_is_not_submitted(cli: CommandLine, source: Path) -> None:
    nodes = ["run", "submit", "-e", "impossible", "--nodes", "2", "--", "python", "train.py"]
    assert "one machine" in cli.fails(1, *nodes)
    assert "experiment is empty" in cli.fails(1, "run", "submit", "-e", "", "--", "python", "train.py")
    assert cli.data("job", "list", "-e", "impossible") == []


def test_sizes_and_pools(cli: CommandLine, target: str) -> None:
    size = cli.client.name("size")
    made = cli.data("compute", "size", "set", size, "--compute", target, "--cpus", "1", "--max-nodes", "2")
    assert made["resources"]["cpus"] == 1
    assert size in cli.ok("compute", "size", "list")
    pool = cli.client.name("pool")
    found = cli.data("compute", "create", pool, "--size", size, "--max-nodes", "2", "--description", "small")
    assert (found["base"], found["limits"]["max_nodes"], found["limits"]["idle_seconds"]) == (target, 2, 120)
    changed = cli.data("compute", "update", pool, "--max-nodes", "1", "--max-running", "3", "--tag", "a=1")
    assert (changed["limits"]["max_nodes"], changed["limits"]["max_running"]) == (1, 3)
    assert cli.data("compute", "nodes", target)[0]["cpus"] >= 1
    assert cli.data("compute", "check", target)["error"] == ""
    cli.ok("compute", "delete", pool)
    cli.ok("compute", "size", "delete", size)


def test_a_machine_keeps_its_credentials_to_itself(cli: CommandLine, tmp_path: Path) -> None:
    name = cli.client.name("ssh")
    words = ["--address", "127.0.0.1:1", "--user", "nobody", "--password-stdin"]
    made = cli.call("compute", "attach", "ssh", name, *words, "--jobs-per-host", "2", typed="very secret\n")
    assert "secret" not in made.stdout and "password" in made.stdout
    for done in (made, cli.call("compute", "check", name)):  # nobody is there, and it is kept all the same
        assert done.exit_code == 1 and f"`runyard compute check {name}` asks it again" in done.stderr
    azure = ["computetarget", "attach", "remote", "-n", f"{name}-2", "-a", "127.0.0.1:1", "-u", "nobody"]
    done = cli.call(*azure, "--password-stdin", typed="very secret\n", root=azml)
    assert done.exit_code == 1 and json.loads(done.stdout)["name"] == f"{name}-2"
    found = cli.data("compute", "show", name)
    assert found["settings"]["hosts"][0]["port"] == 1 and found["has_credentials"] == {"password": True}
    (tmp_path / "key").write_text(
        "-----BEGIN OPENSSH PRIVATE KEY-----\nxx\n-----END OPENSSH PRIVATE KEY-----\n"
    )
    changed = cli.data("compute", "update", name, "--private-key", "key", "--setting", "jobs_per_host=1")
    assert changed["has_credentials"] == {"private_key": True}
    assert changed["settings"].get("jobs_per_host", 1) == 1


def test_azures_spelling(cli: CommandLine, source: Path) -> None:
    def said(*words: str) -> Any:
        done = cli.call(*words, root=azml)
        assert done.exit_code == 0, (words, done.stderr, done.exception)
        return done.stdout

    name = cli.client.name("cpu")
    pool = [
        "computetarget",
        "create",
        "amlcompute",
        "-n",
        name,
        "--vm-size",
        "STANDARD_D2_V2",
        "--max-nodes",
        "1",
    ]
    assert json.loads(said(*pool, "--vm-priority", "dedicated"))["name"] == name
    assert (
        json.loads(said("computetarget", "update", "amlcompute", "-n", name, "--max-nodes", "2"))["limits"][
            "max_nodes"
        ]
        == 2
    )
    assert name in [one["name"] for one in json.loads(said("computetarget", "list"))]
    assert json.loads(said("computetarget", "get-credentials", "-n", name)) == {"name": name}
    shown = said("run", "submit-script", "-e", "v1", "train.py", "--alpha", "0.3")
    assert "hello --alpha 0.3" in shown
    (source / ".azureml").mkdir()
    (source / ".azureml" / "mine.runconfig").write_text(
        "target: local\nenvironment:\n  python: {userManagedDependencies: true}\n"
    )
    made = json.loads(said("run", "submit-script", "-e", "v1", "-c", "mine", "--async", "train.py", "2"))
    assert "hello 2" in said("run", "monitor-logs", "-r", made["run_id"])
    said("environment", "scaffold", "-n", name, "-d", "scaffold")
    assert json.loads(said("environment", "register", "-d", "scaffold"))["name"] == name
    said("computetarget", "delete", "-n", name)

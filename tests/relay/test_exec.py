"""`runyard exec` as a process: a command as a run, whether it knows of MLflow or not, with and without a server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.api.live_server import Client
from tests.compat.environments import client_python
from tests.journal.trainers import ROOT
from tests.relay.conftest import START, ServerProcess

SCRIPT = """
import sys, mlflow
with mlflow.start_run() as run:
    for step in range(20):
        mlflow.log_metric("loss", step / 8, step=step)
    mlflow.log_text("hello", "notes.txt")
print("ran", run.info.run_id)
sys.exit(3)
"""


def execute(
    server: ServerProcess, folder: Path, *words: str, drain_s: int = 15
) -> subprocess.CompletedProcess[str]:
    """The command in a folder. The script's own environment does not see this code."""
    return subprocess.run(
        [sys.executable, "-c", START, "exec", "--server", server.url, *words],
        env={
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "RUNYARD_DRAIN_S": str(drain_s),
            "MLFLOW_DISABLE_TELEMETRY": "true",
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )


def only_run(client: Client, experiment: str) -> dict[str, Any]:
    """The one run of an experiment, its tags as a dictionary."""
    found = client.ok("GET", "experiments/get-by-name", experiment_name=experiment)["experiment"]
    (run,) = client.ok("POST", "runs/search", experiment_ids=[found["experiment_id"]])["runs"]
    return {**run["info"], "tags": {one["key"]: one["value"] for one in run["data"]["tags"]}}


def text_of(client: Client, run: dict[str, Any], path: str) -> str:
    """An artifact."""
    root = run["artifact_uri"].removeprefix("mlflow-artifacts:/")
    answer = client.send("GET", f"/api/2.0/mlflow-artifacts/artifacts/{root}/{path}")
    assert answer.status == 200, (path, answer.content)
    return answer.content.decode()


def git(folder: Path, *words: str) -> str:
    """What git says there."""
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_command_that_knows_nothing_of_it(server: ServerProcess, home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "a.txt").write_text("one\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    (folder / "a.txt").write_text("two\n")
    words = ("-e", "plain", "--name", "first", "--tag", "team=a=b", "--")
    done = execute(
        server, folder, *words, "sh", "-c", "echo out; echo err >&2; env | grep -c ^MLFLOW_TRACKING_"
    )
    assert (done.returncode, done.stdout) == (0, "out\n2\n"), done.stderr
    assert "err\n" in done.stderr
    client = server.client()
    run = only_run(client, "plain")
    assert (run["status"], run["run_name"]) == ("FINISHED", "first")
    tags = run["tags"]
    assert (tags["team"], tags["runyard.exit_code"], tags["mlflow.source.name"]) == ("a=b", "0", "sh")
    assert tags["mlflow.source.git.commit"] == git(folder, "rev-parse", "HEAD")
    assert text_of(client, run, "logs/stdout.txt") == "out\n2\n"
    assert text_of(client, run, "logs/stderr.txt") == "err\n"
    assert "+two" in text_of(client, run, "code/changes.patch")


def test_plain_mlflow_logs_to_the_run_while_the_server_is_away(
    server: ServerProcess, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    server.down()
    done = execute(server, tmp_path, "-e", "script", str(client_python("3.18.0")), "train.py", drain_s=1)
    assert done.returncode == 3, done.stderr
    assert "records are not sent yet" in done.stderr
    server.up()
    synced = subprocess.run(
        [sys.executable, "-c", START, "sync"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert synced.returncode == 0, synced.stderr
    client = server.client()
    run = only_run(client, "script")
    assert f"ran {run['run_id']}" in done.stdout
    assert run["status"] == "FAILED"  # the exit code decides; the script itself said FINISHED
    assert (run["tags"]["runyard.exit_code"], run["tags"]["mlflow.source.name"]) == ("3", "train.py")
    points = client.ok("GET", "metrics/get-history", run_id=run["run_id"], metric_key="loss")["metrics"]
    assert [one["step"] for one in points] == list(range(20))
    assert text_of(client, run, "notes.txt") == "hello"
    assert "mlflow==3.18.0" in text_of(client, run, "code/packages.txt")


@pytest.mark.parametrize(
    ("experiment", "command", "code", "status"),
    [
        ("missing", ["no-such-command"], 127, "FAILED"),
        ("killed", ["sh", "-c", "kill -9 $$"], 137, "KILLED"),
        ("high", ["sh", "-c", "exit 255"], 255, "FAILED"),
    ],
)
def test_how_it_ended(
    server: ServerProcess,
    home: Path,
    tmp_path: Path,
    experiment: str,
    command: list[str],
    code: int,
    status: str,
) -> None:
    done = execute(server, tmp_path, "-e", experiment, "--", *command)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert ("no command 'no-such-command'" in done.stderr) == (code == 127)
    run = only_run(server.client(), experiment)
    assert (run["status"], run["tags"]["runyard.exit_code"]) == (status, str(code))


NESTED = """
import http.client, json, os, sys
from urllib.parse import urlsplit
relay = urlsplit(os.environ["MLFLOW_TRACKING_URI"])
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
connection = http.client.HTTPConnection(relay.hostname, relay.port)
def ask(path, **fields):
    connection.request("POST", "/api/2.0/mlflow/" + path, json.dumps(fields), headers)
    return json.loads(connection.getresponse().read())
for name in ("left", "ended"):
    run = ask("runs/create", experiment_id="0", run_name=sys.argv[2] + name)["run"]["info"]["run_id"]
    ask("runs/log-metric", run_id=run, key="m", value=1, timestamp=1)
ask("runs/update", run_id=run, status="FINISHED", end_time=5)
os._exit(int(sys.argv[1]))
"""


@pytest.mark.parametrize(("code", "status"), [("3", "FAILED"), ("137", "KILLED"), ("0", "RUNNING")])
def test_runs_that_a_failed_command_could_not_end_end_with_it(
    server: ServerProcess, home: Path, tmp_path: Path, code: str, status: str
) -> None:
    done = execute(
        server, tmp_path, "-e", f"nested-{code}", "--", sys.executable, "-c", NESTED, code, f"{code}-"
    )
    assert done.returncode == int(code), done.stderr
    found = server.client().ok(
        "POST", "runs/search", experiment_ids=["0"], filter=f"run_name LIKE '{code}-%'"
    )
    ends = {one["info"]["run_name"]: one["info"]["status"] for one in found["runs"]}
    assert ends == {f"{code}-left": status, f"{code}-ended": "FINISHED"}


def test_a_tag_without_a_value_is_refused_before_anything_runs(
    server: ServerProcess, home: Path, tmp_path: Path
) -> None:
    done = execute(server, tmp_path, "--tag", "team", "--", "touch", "ran")
    assert done.returncode == 2 and "KEY=VALUE" in done.stderr
    assert not (tmp_path / "ran").exists()

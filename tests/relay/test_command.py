"""`runyard relay` as a process, with a real MLflow client that knows nothing of Runyard."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.live_server import Client
from tests.compat.environments import client_python
from tests.journal.trainers import ROOT, wait_for
from tests.relay.conftest import START, ServerProcess

TRAINING = """
import sys, mlflow
mlflow.set_experiment("digits")
with mlflow.start_run(run_name="real") as run:
    mlflow.log_param("lr", 0.1)
    for step in range(50):
        mlflow.log_metric("loss", step / 8, step=step)
    mlflow.log_text("first", "notes/first.txt")
    print("half", flush=True)
    sys.stdin.readline()
    for step in range(50, 100):
        mlflow.log_metric("loss", step / 8, step=step)
    mlflow.set_tag("late", "yes")
    mlflow.log_text("second", "notes/second.txt")
    print(run.info.run_id, flush=True)
"""


def client_environment(lines: list[str]) -> dict[str, str]:
    """What a shell has after the lines that the relay prints."""
    told = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, **told, "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}


@contextlib.contextmanager
def relay_process(
    server: ServerProcess, *words: str
) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The command, and the environment that it asks clients to have."""
    process = subprocess.Popen(
        [sys.executable, "-c", START, "relay", "--server", server.url, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "RUNYARD_DRAIN_S": "15"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(1 if "--open" in words else 2)]
        yield process, client_environment(told)
    finally:
        process.kill()
        process.communicate()


def test_a_plain_client_logs_while_the_server_goes_away_and_comes_back(
    server: ServerProcess, home: Path, tmp_path: Path
) -> None:
    with relay_process(server) as (relay, environment):
        training = subprocess.Popen(
            [str(client_python("3.18.0")), "-c", TRAINING],
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert training.stdout is not None and training.stdin is not None
            assert training.stdout.readline() == "half\n"
            server.down()
            training.stdin.write("go on\n")
            training.stdin.flush()
            output, errors = training.communicate(timeout=60)
        finally:
            training.kill()
        assert training.returncode == 0, errors
        server.up()
        relay.send_signal(signal.SIGINT)
        _, told = relay.communicate(timeout=30)
        assert relay.returncode == 0, told
        run_id = next(line for line in output.splitlines() if len(line) == 32)
        direct = server.client()
        points = direct.ok("GET", "metrics/get-history", run_id=run_id, metric_key="loss")["metrics"]
        assert [one["step"] for one in points] == list(range(100))
        run = direct.ok("GET", "runs/get", run_id=run_id)["run"]
        assert run["info"]["status"] == "FINISHED"
        assert {one["key"]: one["value"] for one in run["data"]["tags"]}["late"] == "yes"
        files = direct.call("GET", "artifacts/list", {"run_id": run_id, "path": "notes"}).json()["files"]
        assert [one["path"] for one in files] == ["notes/first.txt", "notes/second.txt"]


def test_offline_it_begins_runs_itself_and_sync_sends_them(server: ServerProcess, home: Path) -> None:
    with relay_process(server, "--offline") as (relay, environment):
        port = int(environment["MLFLOW_TRACKING_URI"].rpartition(":")[2])
        with contextlib.closing(Client(port)) as anyone:
            client = anyone.also(token=environment["MLFLOW_TRACKING_TOKEN"])
            run = client.run(
                client.ok("POST", "experiments/create", name="offline")["experiment_id"], start_time=1
            )
            for step in range(100):
                client.ok(
                    "POST", "runs/log-metric", run_id=run, key="loss", value=step, timestamp=1, step=step
                )
            client.ok("POST", "runs/update", run_id=run, status="FINISHED", end_time=2)
        relay.send_signal(signal.SIGTERM)
        _, told = relay.communicate(timeout=30)
        assert relay.returncode == 0 and "runyard sync" in told, told
    synced = subprocess.run(
        [sys.executable, "-c", START, "sync"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert synced.returncode == 0, synced.stderr
    direct = server.client()
    points = direct.ok("GET", "metrics/get-history", run_id=run, metric_key="loss")["metrics"]
    assert [one["step"] for one in points] == list(range(100))
    assert direct.ok("GET", "runs/get", run_id=run)["run"]["info"]["status"] == "FINISHED"


@pytest.mark.parametrize("kills", [2, pytest.param(30, marks=pytest.mark.long)])
def test_what_a_killed_relay_acknowledged_is_there_once(
    server: ServerProcess, home: Path, kills: int
) -> None:
    chance = random.Random(kills)
    direct = server.client()
    run = direct.run("0", start_time=1)
    acknowledged: list[int] = []
    sent = 0
    for _ in range(kills):
        with relay_process(server, "--open") as (relay, environment):
            assert "MLFLOW_TRACKING_TOKEN" not in environment
            client = Client(int(environment["MLFLOW_TRACKING_URI"].rpartition(":")[2]))
            threading.Timer(chance.uniform(0.05, 0.5), relay.kill).start()
            with contextlib.closing(client), contextlib.suppress(OSError, http.client.HTTPException):
                for step in itertools.count(sent):
                    sent = step + 1
                    client.ok(
                        "POST", "runs/log-metric", run_id=run, key="loss", value=1, timestamp=1, step=step
                    )
                    acknowledged.append(step)
            relay.wait(10)

    direct = server.client()  # the server has closed the first one, where the kills took long

    def there() -> list[int]:
        found = direct.call("GET", "metrics/get-history", {"run_id": run, "metric_key": "loss"}).json()
        return [one["step"] for one in found.get("metrics", [])]

    assert len(acknowledged) > 10 * kills
    wait_for(lambda: set(acknowledged) <= set(there()), "the senders send the rest")
    found = there()
    assert found == sorted(set(found))
    assert len(set(found) - set(acknowledged)) <= kills  # one that was under way may be there, or not


def test_a_port_that_is_taken_is_one_sentence(server: ServerProcess, home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", START, "relay", "--server", server.url, "--port", str(server.port)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1 and "--port" in done.stderr and "Traceback" not in done.stderr

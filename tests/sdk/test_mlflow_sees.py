"""A run of the SDK and a run of MLflow are the same record, whoever looks."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runyard.sdk.experiment import Experiment
from runyard.sdk.run import Run
from tests.api.live_server import Client
from tests.compat.environments import CLIENTS, client_python

READS = """
import json, sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
run = client.get_run(sys.argv[2])
history = [(one.step, one.value) for one in client.get_metric_history(sys.argv[2], "loss")]
files = [one.path for one in client.list_artifacts(sys.argv[2], "outputs")]
print(json.dumps([run.info.status, run.info.run_name, run.data.metrics, run.data.tags, history, files]))
"""
WRITES = """
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment(sys.argv[2])
with mlflow.start_run(run_name="theirs") as run:
    mlflow.log_metric("alpha", 0.03)
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.set_tag("team", "vision")
    mlflow.log_text("hello", "outputs/a.txt")
    with mlflow.start_run(nested=True):
        mlflow.log_metric("inner", 5)
print(run.info.run_id)
"""
ADOPTS = """
import os, sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
with mlflow.start_run():
    mlflow.log_metric("more", 7)
"""


def client(release: str, script: str, *words: str, **environment: str) -> str:
    done = subprocess.run(
        [str(client_python(release)), "-c", script, *words],
        capture_output=True, text=True, timeout=120,
        env={"PATH": "/usr/bin:/bin", "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


@pytest.fixture
def url(server: Client) -> str:
    return f"http://127.0.0.1:{server.port}"


@pytest.mark.parametrize("release", CLIENTS)
def test_mlflow_sees_a_run_of_the_sdk(run: Run, url: str, place: Path, release: str) -> None:
    for step in range(3):
        run.log("loss", step / 2)
    run.log("epochs", 3)
    run.log("note", "text")
    run.tag("team", "vision")
    (place / "a.txt").write_text("x")
    run.upload_file("outputs/a.txt", "a.txt")
    run.complete()
    seen: list[Any] = json.loads(client(release, READS, url, run.id))
    status, name, metrics, tags, history, files = seen
    assert (status, name, files) == ("FINISHED", f"run_{run.id}", ["outputs/a.txt"])
    assert metrics == {"loss": 1.0, "epochs": 3.0}
    assert history == [[0, 0.0], [1, 0.5], [2, 1.0]]
    assert tags["team"] == "vision" and tags["mlflow.source.type"] == "LOCAL"


@pytest.mark.parametrize("release", CLIENTS)
def test_the_sdk_sees_a_run_of_mlflow(experiment: Experiment, url: str, release: str) -> None:
    run_id = client(release, WRITES, url, experiment.name)
    run = Run(experiment, run_id)
    assert run.get_metrics() == {"alpha": 0.03, "loss": [1.0, 0.5, 1 / 3]}
    assert (run.name, run.status, run.get_tags()) == ("theirs", "Completed", {"team": "vision"})
    assert run.get_file_names() == ["outputs/a.txt"]
    (child,) = run.get_children()
    assert child.get_metrics() == {"inner": 5.0}
    assert [one.id for one in experiment.get_runs()] == [run_id]


@pytest.mark.parametrize("release", CLIENTS)
def test_mlflow_goes_on_in_a_run_of_the_sdk(run: Run, url: str, release: str) -> None:
    run.log("mine", 1)
    run.flush()
    client(release, ADOPTS, url, MLFLOW_RUN_ID=run.id, MLFLOW_EXPERIMENT_ID=run.experiment.id)
    assert run.get_metrics() == {"mine": 1, "more": 7.0}
    assert run.status == "Completed"

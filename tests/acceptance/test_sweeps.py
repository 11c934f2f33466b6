"""Sweeps with a real server process: trials run on its machine, hopeless ones are stopped, and a killed server goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.acceptance.job_server import JobServer
from tests.acceptance.job_sources import snapshot
from tests.acceptance.server_process import ServerProcess

SCRIPT = """
import argparse, json, os, time, urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--steps", type=int, default=3)
parser.add_argument("--pause", type=float, default=0.0)
asked = parser.parse_args()
for step in range(1, asked.steps + 1):
    body = {"run_id": os.environ["RUNYARD_RUN_ID"], "key": "loss", "value": asked.x + 1 / step, "step": step,
            "timestamp": int(time.time() * 1000)}
    request = urllib.request.Request(
        os.environ["RUNYARD_SERVER"] + "/api/2.0/mlflow/runs/log-metric", json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["RUNYARD_TOKEN"]})
    for _ in range(60):
        try:
            urllib.request.urlopen(request, timeout=5).close()
            break
        except OSError:
            time.sleep(0.5)
    time.sleep(asked.pause)
print("done", asked.x)
"""


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobServer]:
    process = ServerProcess(tmp_path_factory.mktemp("sweeps")).start()
    server = JobServer(process)
    server.compute("here")
    yield server
    assert server.process.stop() == 0, server.process.log


def submit(server: JobServer, *arguments: str, **fields: Any) -> str:
    definition = {"script": "train.py", "arguments": list(arguments)}
    asked = {
        "target": "here",
        "experiment_name": "sweeps",
        "definition": definition,
        "snapshot_id": snapshot(server, {"train.py": SCRIPT}),
        "metric": "loss",
        "goal": "minimize",
        **fields,
    }
    return str(server.ok("POST", "/sweeps", asked)["job"]["run_id"])


def sweep(server: JobServer, run_id: str) -> dict[str, Any]:
    return dict(server.ok("GET", f"/sweeps/{run_id}"))


def wait_for(true: Callable[[], Any], limit_s: float = 60) -> None:
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.2)


def _has_trials(server: JobServer, run_id: str, count: int) -> bool:
    return len(sweep(server, run_id)["trials"]) >= count


def run_of(server: JobServer, run_id: str) -> dict[str, Any]:
    answer = server.process.call("GET", f"/api/2.0/mlflow/runs/get?run_id={run_id}")[1]
    return dict(answer["run"])


def test_a_grid_is_tried_and_the_best_found(server: JobServer) -> None:
    space = {"x": {"kind": "choice", "options": [3, 1, 2]}}
    run_id = submit(server, space=space, sampling="grid", max_total=10, max_concurrent=2)
    server.wait_state(run_id, "Completed", limit_s=120)
    found = sweep(server, run_id)
    assert [(one["parameters"]["x"], one["state"]) for one in found["trials"]] == [
        (3, "Completed"),
        (1, "Completed"),
        (2, "Completed"),
    ]
    best = found["trials"][1]
    assert (found["best_run_id"], best["best"]) == (best["run_id"], True)
    assert best["metric"] == pytest.approx(1 + 1 / 3)
    tags = {one["key"]: one["value"] for one in run_of(server, run_id)["data"]["tags"]}
    assert tags["runyard.sweep.bestRun"] == best["run_id"]
    data = run_of(server, best["run_id"])["data"]
    assert data["params"] == [{"key": "x", "value": "1"}]
    child = {one["key"]: one["value"] for one in data["tags"]}
    assert json.loads(child["hyperparameters"]) == {"x": 1} and child["mlflow.parentRunId"] == run_id
    assert "done 1.0" in server.log(best["run_id"])
    assert "The best is trial 1; loss: 1.33" in server.log(run_id, "azureml-logs/hyperdrive.txt")


def test_hopeless_trials_are_stopped_early(server: JobServer) -> None:
    space = {"x": {"kind": "choice", "options": [0, 100, 200]}}
    policy = {"kind": "bandit", "slack_amount": 10, "evaluation_interval": 2, "delay_evaluation": 2}
    arguments = ("--steps", "600", "--pause", "0.2")
    run_id = submit(
        server, *arguments, space=space, sampling="grid", max_total=3, max_concurrent=3, policy=policy
    )
    wait_for(lambda: [one["stopped"] for one in sweep(server, run_id)["trials"]] == ["", "policy", "policy"])
    first, *others = (one["run_id"] for one in sweep(server, run_id)["trials"])
    assert [job["state"] for job in server.wait_ended(others)] == ["Canceled", "Canceled"]
    assert server.job(first)["state"] == "Running"
    server.ok("POST", f"/jobs/{run_id}/cancel")
    assert server.wait_ended([first, run_id])[1]["state"] == "Canceled"


def test_a_killed_server_loses_and_doubles_no_trial(server: JobServer) -> None:
    space = {"x": {"kind": "uniform", "min": 0, "max": 10}}
    run_id = submit(
        server,
        "--pause",
        "0.3",
        space=space,
        sampling="bayesian",
        max_total=6,
        max_concurrent=2,
        seed=3,
    )
    for count in (1, 3):
        wait_for(partial(_has_trials, server, run_id, count))
        server.process.kill()
        server.process = server.process.again()
    server.wait_state(run_id, "Completed", limit_s=150)
    found = sweep(server, run_id)["trials"]
    assert [one["number"] for one in found] == list(range(6))
    assert {one["state"] for one in found} == {"Completed"}
    assert len({one["parameters"]["x"] for one in found}) == 6
    listed = server.ok("GET", f"/jobs?parent_run_id={run_id}&max_results=100")["items"]
    assert len(listed) == 6
    for one in found:
        assert one["metric"] == pytest.approx(one["parameters"]["x"] + 1 / 3)

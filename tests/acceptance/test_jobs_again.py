"""A finished run that is submitted again: the same sources, the same packages, the same metrics."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.job_server import JobServer
from tests.acceptance.job_sources import PINNED, environment, metrics, outputs, snapshot
from tests.acceptance.server_process import ServerProcess

FOREST = """
import sys
import mlflow
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import train_test_split

seed = int(sys.argv[1])
train, test, wanted, right = train_test_split(*load_diabetes(return_X_y=True), random_state=seed)
with mlflow.start_run():
    for trees in (5, 10, 20):
        model = RandomForestRegressor(trees, random_state=seed).fit(train, wanted)
        mlflow.log_metric("r2", model.score(test, right), step=trees)
mlflow.log_param("after", "the run")  # which begins another one
open("outputs/seed.txt", "w").write(str(seed))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("again")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[JobServer]:
    process = ServerProcess(folder / "data").start()
    process.spawned.remove(process.process)  # type: ignore[arg-type]  # it stays for all tests of this file
    server = JobServer(process)
    for name in ("here", "there"):
        server.compute(name, settings={"folder": str(folder / name)})
    yield server
    assert process.stop() == 0, process.log


def started_by(server: JobServer, run_id: str) -> list[dict[str, str]]:
    """The params of the runs that the script of a job began besides."""
    wanted = {
        "experiment_ids": [server.ok("GET", f"/jobs/{run_id}")["experiment_id"]],
        "filter": f"tags.\"runyard.startedBy\" = '{run_id}'",
    }
    status, answer = server.process.call("POST", "/api/2.0/mlflow/runs/search", wanted)
    assert status == 200, answer
    return [
        {one["key"]: one["value"] for one in run["data"].get("params", [])} for run in answer.get("runs", [])
    ]


@pytest.mark.timeout(600)
def test_a_run_that_is_submitted_again_elsewhere_has_the_same_metrics(
    server: JobServer, folder: Path
) -> None:
    first = server.submit(
        "here",
        definition={"script": "train.py", "arguments": ["7"], "environment": environment(*PINNED)},
        snapshot_id=snapshot(server, {"train.py": FOREST}),
    )
    assert server.wait_state(first, "Completed", "Failed", limit_s=300)["state"] == "Completed", server.log(
        first
    )
    again = [server.ok("POST", f"/jobs/{first}/resubmit", {"target": "there"})["job"]["run_id"]]
    server.wait_state(again[0], "Completed", "Failed", limit_s=300)
    for one in (folder / "here" / "environments").iterdir():  # as if the machine had lost them
        shutil.rmtree(one) if one.is_dir() else one.unlink()
    again += [server.ok("POST", f"/jobs/{first}/resubmit", {})["job"]["run_id"]]
    for run_id in again:
        job = server.wait_state(run_id, "Completed", "Failed", limit_s=300)
        assert job["state"] == "Completed", (job, server.log(run_id))
        assert metrics(server, run_id) == metrics(server, first)
        assert outputs(server, run_id) == ["outputs/seed.txt"]
    for run_id in (first, *again):
        assert started_by(server, run_id) == [{"after": "the run"}]
    other = server.ok("POST", f"/jobs/{first}/resubmit", {"arguments": ["8"]})["job"]["run_id"]
    server.wait_state(other, "Completed", limit_s=300)
    assert metrics(server, other) != metrics(server, first)
    built = [server.log(one, "azureml-logs/20_image_build_log.txt") for one in (first, *again)]
    packages = [sorted(line.strip() for line in log.splitlines() if line.startswith(" + ")) for log in built]
    assert packages[0] and packages[1] == packages[2] == packages[0], built[2]

"""Sources and environments of jobs: what a client sends along."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from tests.acceptance.job_server import V1, JobServer

IRIS = """
import mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
import sklearn

data, kinds = load_iris(return_X_y=True)
with mlflow.start_run():
    model = LogisticRegression(max_iter=500).fit(data, kinds)
    mlflow.log_metric("accuracy", model.score(data, kinds))
    mlflow.log_param("sklearn", sklearn.__version__)
print("trained by", sklearn.__version__)
with open("outputs/model.txt", "w") as file:
    file.write(str(model.coef_.shape))
"""
"""A training script that knows mlflow only."""

PINNED = ("scikit-learn==1.7.2", "mlflow-skinny==3.4.0")


def snapshot(server: JobServer, files: Mapping[str, str]) -> str:
    """The id of sources that the server keeps now."""
    contents = {path: text.encode() for path, text in sorted(files.items())}
    listed = [
        {"path": path, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for path, content in contents.items()
    ]
    for content in contents.values():
        status, answer = server.process.call(
            "PUT", f"{V1}/snapshot-blobs/{hashlib.sha256(content).hexdigest()}", content
        )
        assert status == 200, answer
    kept = server.ok("POST", "/snapshots", {"files": listed})
    assert kept["missing"] == []
    return str(kept["snapshot_id"])


def environment(*requirements: str) -> dict[str, Any]:
    """One that is made of packages of the index."""
    return {
        "name": "training",
        "python": {
            "userManagedDependencies": False,
            "condaDependencies": {"name": "training", "dependencies": [{"pip": list(requirements)}]},
        },
    }


def metrics(server: JobServer, run_id: str) -> dict[str, float]:
    """The last values of a run."""
    answer = server.process.call("GET", f"/api/2.0/mlflow/runs/get?run_id={run_id}")[1]
    return {one["key"]: float(one["value"]) for one in answer["run"]["data"].get("metrics", [])}


def outputs(server: JobServer, run_id: str, folder: str = "outputs") -> list[str]:
    """Paths of the files that a run has below a folder."""
    answer = server.process.call("GET", f"/api/2.0/mlflow/artifacts/list?run_id={run_id}&path={folder}")[1]
    return [one["path"] for one in answer.get("files", [])]


def runs_of(server: JobServer, experiment: str) -> list[str]:
    """All runs of an experiment."""
    path = f"/api/2.0/mlflow/experiments/get-by-name?experiment_name={experiment}"
    found = server.process.call("GET", path)[1]["experiment"]["experiment_id"]
    body = {"experiment_ids": [found], "max_results": 1000}
    return [
        run["info"]["run_id"]
        for run in server.process.call("POST", "/api/2.0/mlflow/runs/search", body)[1]["runs"]
    ]


def train(server: JobServer, target: str) -> None:
    """A script with its own pinned requirements runs on a target: its metric, log and output are on the submitted run."""
    run_id = server.submit(
        target,
        experiment_name="iris",
        definition={"script": "train.py", "environment": environment(*PINNED)},
        snapshot_id=snapshot(server, {"train.py": IRIS}),
    )
    job = server.wait_state(run_id, "Completed", "Failed", limit_s=300)
    build = server.log(run_id, "azureml-logs/20_image_build_log.txt")
    assert job["state"] == "Completed", (job, build[-3000:], server.log(run_id), server.tail(run_id))
    assert metrics(server, run_id)["accuracy"] > 0.9
    assert "trained by 1.7.2" in server.log(run_id) and "scikit-learn" in build
    assert outputs(server, run_id) == ["outputs/model.txt"]
    assert runs_of(server, "iris") == [run_id], "the script's run is the submitted one"
    assert server.run_status(run_id) == "FINISHED"

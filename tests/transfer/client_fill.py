"""Runs in an environment with MLflow: logs some of everything that its version knows.

python client_fill.py TRACKING_URI [ARTIFACT_ROOT]
"""

import json
import math
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

VERSION = tuple(int(part) for part in mlflow.__version__.split(".")[:2])


def main(uri: str, artifact_root: str | None) -> None:
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    first = client.create_experiment(
        "vision", artifact_location=artifact_root and f"{artifact_root}/vision", tags={"team": "a/b: ü"}
    )
    empty = client.create_experiment("gone", artifact_location=artifact_root and f"{artifact_root}/gone")
    client.delete_experiment(empty)
    parent = fill_run(client, first, "parent")
    child = client.create_run(first, run_name="child", tags={"mlflow.parentRunId": parent}).info.run_id
    client.log_param(child, "p", "1")
    client.set_terminated(child, "FAILED", end_time=1_700_000_100_000)
    deleted = client.create_run(first, run_name="deleted").info.run_id
    client.log_metric(deleted, "m", 1.0, timestamp=5, step=5)
    client.delete_run(deleted)
    default = client.get_experiment_by_name("Default")  # workspaces beside the first have none
    other = default.experiment_id if default else client.create_experiment("another")
    client.log_metric(client.create_run(other, run_name="in default").info.run_id, "d", -0.0, timestamp=1)
    fill_registry(client, parent)
    if VERSION >= (2, 14):
        fill_traces(client, first)
    if VERSION >= (3, 0):
        fill_models(client, first)


def fill_run(client: MlflowClient, experiment: str, name: str) -> str:
    run = client.create_run(
        experiment, start_time=1_700_000_000_000, run_name=name, tags={"note": "line\nline", "ünï": "✓"}
    )
    id = run.info.run_id
    for start in range(0, 2_500, 500):
        points = [Metric("loss", 1 / (n + 1), 1_700_000_000_000 + n, n) for n in range(start, start + 500)]
        client.log_batch(id, metrics=points)
    odd = [math.nan, math.inf, -math.inf, 1e-320, -0.0, 1.7976931348623157e308]
    client.log_batch(id, metrics=[Metric("group/odd", value, 10 + n, -n) for n, value in enumerate(odd)])
    for step in (3, 1, 2):
        client.log_metric(id, "back and forth", step / 10, timestamp=1_000 - step, step=step)
    client.log_batch(id, params=[Param(f"p{n}", "x" * n) for n in range(50)], tags=[RunTag("t", "v" * 500)])
    client.log_param(id, "long", "y" * 500)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "deep" / "er").mkdir(parents=True)
        (Path(folder) / "deep" / "er" / "ä b.txt").write_text("inner")
        (Path(folder) / "big.bin").write_bytes(bytes(range(256)) * 2_000)
        (Path(folder) / "empty").write_text("")
        client.log_artifacts(id, folder, "files")
    if VERSION >= (2, 4):
        log_dataset(id)
    client.set_terminated(id, "FINISHED", end_time=1_700_000_050_000)
    return str(id)


def log_dataset(run_id: str) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        "train data",
        "abc123",
        "local",
        json.dumps({"uri": "/data"}),
        schema='{"cols": []}',
        profile='{"n": 3}',
    )
    MlflowClient().log_inputs(
        run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training"), InputTag("k", "v")])]
    )


def fill_registry(client: MlflowClient, run_id: str) -> None:
    client.create_registered_model("classifier", tags={"kind": "tree"}, description="classifies\nthings")
    source = f"{client.get_run(run_id).info.artifact_uri}/files"
    for number in range(1, 4):
        client.create_model_version(
            "classifier", source, run_id=run_id, tags={"n": str(number)}, description=f"v{number}"
        )
    client.delete_model_version("classifier", "2")
    client.transition_model_version_stage("classifier", "1", "Production")
    client.create_registered_model("empty one")
    if VERSION >= (2, 3):
        client.set_registered_model_alias("classifier", "champion", "3")
    if VERSION >= (3, 0):
        import mlflow.genai

        mlflow.genai.register_prompt("greeting", "Hello {{name}}", commit_message="first")


def fill_traces(client: MlflowClient, experiment: str) -> None:
    mlflow.set_experiment(experiment_id=experiment)

    @mlflow.trace  # type: ignore[untyped-decorator]
    def inner(x: int) -> int:
        return x + 1

    @mlflow.trace(name="outer", attributes={"mixedCase": [1, {"aKey": None}]})  # type: ignore[untyped-decorator]
    def outer(x: int) -> int:
        if VERSION >= (3, 0):
            mlflow.update_current_trace(tags={"who": "me"})
        return int(inner(x)) * 2

    outer(1)
    outer(2)
    if VERSION >= (3, 0):
        mlflow.flush_trace_async_logging()
        found = client.search_traces(experiment_ids=[experiment])
        trace_id = found[0].info.trace_id
        mlflow.log_feedback(trace_id=trace_id, name="good", value=True, rationale="because")
        mlflow.log_expectation(trace_id=trace_id, name="wanted", value={"a": [1]})
        mlflow.log_expectation(trace_id=trace_id, name="plain", value="x")


def fill_models(client: MlflowClient, experiment: str) -> None:
    from mlflow.entities import LoggedModelInput, LoggedModelOutput

    run_id = client.create_run(experiment, run_name="modelled").info.run_id
    model = client.create_logged_model(
        experiment,
        name="net",
        source_run_id=run_id,
        params={"depth": "3"},
        tags={"t": "1"},
        model_type="agent",
    )
    client.finalize_logged_model(model.model_id, "READY")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "weights.bin").write_bytes(b"weights")
        client.log_model_artifacts(model.model_id, folder)
    client.log_metric(
        run_id,
        "accuracy",
        0.5,
        step=1,
        timestamp=7,
        model_id=model.model_id,
        dataset_name="d",
        dataset_digest="e",
    )
    client.log_metric(
        run_id,
        "accuracy",
        0.75,
        step=2,
        timestamp=8,
        model_id=model.model_id,
        dataset_name="d",
        dataset_digest="e",
    )
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 2)])
    client.log_inputs(run_id, models=[LoggedModelInput(model.model_id)])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)

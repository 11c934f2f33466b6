"""Logs to two runs of an experiment, named by the argument, whatever a training may log."""

import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.entities import Metric, Param, RunTag

MODERN = mlflow.__version__.startswith("3")
client = mlflow.MlflowClient()
mlflow.create_experiment(sys.argv[1], tags={"team": "a"})
mlflow.set_experiment(sys.argv[1])
mlflow.set_experiment_tag("late", "b")


class Model(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Gives back what it gets."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return model_input


with mlflow.start_run(run_name="outer", description="told", tags={"given": "1"}) as outer:
    run = outer.info.run_id
    mlflow.log_params({"rate": 0.1, "layers": [1, 2], "long": "x" * 6_500})
    mlflow.log_param("rate", 0.1)
    for step in range(50):
        client.log_metric(run, "loss", 1 / (step + 1), timestamp=1_000 + step, step=step)
    for at, value in enumerate((math.nan, math.inf, -math.inf, -0.0, 5e-324)):
        client.log_metric(run, "odd", value, timestamp=at, step=-at)
    client.log_metric(run, "loss", 0.5, timestamp=1_000, step=3)
    points = [Metric("batch", float(step % 7), 500 + step // 2, step) for step in range(2_500)]
    client.log_batch(
        run, points, [Param(f"p{at}", str(at)) for at in range(130)], [RunTag("größe", "✓" * 9_000)]
    )
    mlflow.set_tags({"a": 1, "b": 2})
    mlflow.delete_tag("a")
    mlflow.log_text("first", "notes/a.txt")
    mlflow.log_text("second", "notes/a.txt")
    mlflow.log_dict({"a": [1, None]}, "d.json")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "deep").mkdir()
        (Path(folder) / "deep" / "größe 1.bin").write_bytes(bytes(70_000))
        (Path(folder) / "empty").touch()
        mlflow.log_artifacts(folder, "tree")
    mlflow.log_input(mlflow.data.from_pandas(pd.DataFrame({"a": [1.0]}), name="frame"), context="training")
    name = {"name": "model"} if MODERN else {"artifact_path": "model"}
    info = mlflow.pyfunc.log_model(python_model=Model(), pip_requirements=[], **name)
    if MODERN:
        client.set_logged_model_tags(info.model_id, {"kind": "echo"})
        client.log_metric(run, "score", 0.9, timestamp=7, model_id=info.model_id)
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    assert loaded.predict(pd.DataFrame({"a": [1.0]})).a[0] == 1.0
    assert mlflow.artifacts.load_text(f"runs:/{run}/notes/a.txt") == "second"
    assert [one.path for one in client.list_artifacts(run, "tree")] == ["tree/deep", "tree/empty"]
    seen = client.get_run(run)
    assert (
        seen.data.metrics["loss"] == 1 / 50
        and seen.data.params["p129"] == "129"
        and "a" not in seen.data.tags
    )
    assert len(client.get_metric_history(run, "batch")) == 2_500
    with mlflow.start_run(run_name="inner", nested=True) as inner:
        mlflow.log_metric("m", 1.0, step=1, timestamp=5)
    client.set_terminated(inner.info.run_id, "FAILED")
    found = mlflow.search_runs(
        filter_string="metrics.loss < 0.1 and params.rate = '0.1'", output_format="list"
    )
    assert [one.info.run_id for one in found] == [run]
assert client.get_run(run).info.status == "FINISHED"

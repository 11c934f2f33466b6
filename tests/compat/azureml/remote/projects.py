"""The notebooks train-projects-local and -remote: an MLflow project on this machine and on a compute target."""

import contextlib
import io
import warnings

import mlflow
from azureml.core import Run, Workspace
from mlflow.entities import RunStatus
from mlflow.exceptions import ExecutionException

ws = Workspace.from_config()
mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())
mlflow.set_experiment(f"projects-{mlflow.__version__.replace('.', '-')}")

local = mlflow.projects.run(
    uri="project", parameters={"alpha": 0.3}, backend="azureml", backend_config={"USE_CONDA": False}
)
remote = mlflow.projects.run(
    uri="project",
    parameters={"alpha": 0.3},
    backend="azureml",
    backend_config={"COMPUTE": "machine", "USE_CONDA": True},
    synchronous=False,
)
assert remote.wait()
client = mlflow.MlflowClient()
for submitted in (local, remote):
    seen = client.get_run(submitted.run_id)
    assert seen.info.status == "FINISHED"
    assert seen.data.params["alpha"] == "0.3" and seen.data.params["l1_ratio"] == "0.1"
    assert seen.data.metrics == {"rmse": 0.5}
    assert seen.data.tags["mlflow.project.backend"] == "azureml"
    assert seen.data.tags["mlflow.source.name"].endswith("project")
assert Run.get(ws, local.run_id).get_details()["target"] == "local"
assert Run.get(ws, remote.run_id).get_details()["target"] == "machine"
assert len(client.search_runs([client.get_run(local.run_id).info.experiment_id])) == 2

try:
    mlflow.projects.run(
        uri="project", parameters={"alpha": 0.3}, backend="azureml", backend_config={"COMPUTE": "nowhere"}
    )
except ExecutionException as exc:
    assert "nowhere" in str(exc), exc
else:
    raise AssertionError("a target that is not there was taken")

said = io.StringIO()
with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stderr(said):
    warnings.simplefilter("always")
    failing = mlflow.projects.run(
        uri="project",
        entry_point="fail",
        backend="azureml",
        backend_config={"USE_CONDA": False, "COMPUT": "machine"},
        synchronous=False,
    )
    assert not failing.wait()
assert any("COMPUT," in str(one.message) for one in warned)
assert f"Run {failing.run_id} was submitted to local" in said.getvalue()
assert f"Run {failing.run_id} is Failed: User program failed with exit code 3" in said.getvalue()

waiting = mlflow.projects.run(
    uri="project",
    entry_point="slow",
    backend="azureml",
    backend_config={"USE_CONDA": False, "STREAM_OUTPUT": False},
    synchronous=False,
)
waiting.cancel()
assert waiting.get_status() == RunStatus.KILLED
assert client.get_run(waiting.run_id).info.status == "KILLED"

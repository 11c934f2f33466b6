"""The seed's steps: tracking URI, log, metrics of the run, details of the workspace."""

import mlflow
from azureml.core import Workspace
from azureml.core.experiment import Experiment
from azureml.mlflow import get_portal_url

ws = Workspace.from_config()
uri = ws.get_mlflow_tracking_uri()
assert uri.startswith("azureml://127.0.0.1:"), uri
assert "/history/v1.0/subscriptions/research/resourceGroups/team/providers/" in uri
assert "/workspaces/lab?auth-type=" in uri
assert "&auth=" in uri
assert uri != ws.get_mlflow_tracking_uri()
assert "?" not in ws.get_mlflow_tracking_uri(with_auth=False)
mlflow.set_tracking_uri(uri)

experiment_name = "walk-through"
mlflow.set_experiment(experiment_name)
with open("notes.txt", "w") as file:
    file.write("what was seen")
with mlflow.start_run() as started:
    mlflow.log_metric("epoch_loss", 0.5, step=0)
    mlflow.log_metric("epoch_loss", 0.25, step=1)
    mlflow.log_metric("Training samples", 353)
    mlflow.log_artifact("notes.txt")
    print(get_portal_url(started))

run = next(Experiment(ws, experiment_name).get_runs())
assert run.id == started.info.run_id
assert run.get_metrics() == {"epoch_loss": [0.5, 0.25], "Training samples": 353}
assert get_portal_url(run) == get_portal_url(started)
run.download_file("notes.txt", "again.txt")
assert open("again.txt").read() == "what was seen"

details = ws.get_details()
assert details["name"] == "lab"
assert details["id"].endswith("/providers/Microsoft.MachineLearningServices/workspaces/lab")
assert details["type"] == "Microsoft.MachineLearningServices/workspaces"
assert {"location", "sku", "workspaceid", "friendlyName", "creationTime"} <= set(details)

# One record, two ways to it: what the SDK logs is seen by MLflow.
with Experiment(ws, experiment_name).start_logging() as other:
    other.log("accuracy", 0.9)
    other.tag("kind", "by hand")
seen = mlflow.get_run(other.id)
assert seen.data.metrics == {"accuracy": 0.9}
assert seen.data.tags["kind"] == "by hand"
assert seen.info.status == "FINISHED"

"""The other scheme, as clusters of Databricks have it, for runs, files and registered models."""

import mlflow
from azureml.core import Workspace
from mlflow.tracking import MlflowClient

ws = Workspace.from_config()
uri = ws.get_mlflow_tracking_uri(with_auth=False).replace("azureml://", "adbazureml://", 1)
mlflow.set_tracking_uri(uri)

mlflow.set_experiment("/Users/someone@example.org/pytorch-with-mlflow")
mlflow.log_metric("average_loss", 0.1)  # starts a run
run = mlflow.active_run()
assert run is not None
mlflow.log_text("weights", "model/weights.txt")
mlflow.end_run()

client = MlflowClient()
assert [file.path for file in client.list_artifacts(run.info.run_id, "model")] == ["model/weights.txt"]
client.create_registered_model("pytorch")
version = client.create_model_version("pytorch", f"{run.info.artifact_uri}/model", run.info.run_id)
assert str(version.version) == "1"
assert "pytorch" in [one.name for one in client.search_registered_models()]

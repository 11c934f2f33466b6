"""Does everything that writes to the server or the terminal, with all logging on."""

import logging
import os
import sys
import warnings

import mlflow

logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
logging.getLogger("mlflow").setLevel(logging.DEBUG)
warnings.simplefilter("always")


class Echo(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """A model."""

    def predict(self, context, model_input: list[str]):  # type: ignore[no-untyped-def]
        """Its input."""
        return model_input


name = f"talkative-{os.getpid()}"
mlflow.set_experiment(name)
mlflow.enable_system_metrics_logging()
place = {"name": "model"} if mlflow.__version__.startswith("3") else {"artifact_path": "model"}
with mlflow.start_run() as run:
    mlflow.log_param("p", 1)
    mlflow.log_metric("m", 1.0)
    mlflow.log_dict({"a": 1}, "folder/a.json")
    mlflow.log_input(mlflow.data.from_numpy(__import__("numpy").zeros(3)), "training")
    mlflow.pyfunc.log_model(python_model=Echo(), registered_model_name=name, pip_requirements=[], **place)
with mlflow.start_span("s") as span:
    span.set_inputs({"a": 1})
if hasattr(mlflow, "flush_trace_async_logging"):
    mlflow.flush_trace_async_logging()
client = mlflow.MlflowClient()
model = mlflow.pyfunc.load_model(f"models:/{name}/1")
print(model, model.metadata.to_dict(), run, client.get_model_version(name, "1"))
store = client._tracking_client.store
print(repr(client), vars(store), repr(store.get_host_creds))
repository = mlflow.store.artifact.artifact_repository_registry.get_artifact_repository(run.info.artifact_uri)
print(repository, repository.artifact_uri, repository._host_creds)
for work in (
    lambda: client.get_run("absent"),
    lambda: mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/absent"),
    lambda: mlflow.pyfunc.load_model("models:/absent/1"),
    lambda: mlflow.artifacts.list_artifacts("mlflow-artifacts:/../../x"),
):
    try:
        work()  # type: ignore[no-untyped-call]
    except Exception:
        logging.exception("as expected")
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
print("done")

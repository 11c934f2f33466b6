"""Files to the default datastore, a dataset of them, a model trained with it, a secret."""

import azureml.mlflow
import mlflow
import pandas
from azureml.core import Dataset, Datastore, Experiment, Model, Workspace
from azureml.exceptions import ModelPathNotFoundException, WebserviceException
from azureml.widgets import RunDetails

ws = Workspace.from_config()

pandas.DataFrame({"x": [1, 2, 3], "y": [2.0, 4.0, 6.0]}).to_csv("line.csv", index=False)
dstore = ws.get_default_datastore()
dstore.upload_files(["line.csv"], target_path="lines", overwrite=True, show_progress=False)
assert Datastore.get(ws, dstore.name).name in ws.datastores

dataset = Dataset.Tabular.from_delimited_files(path=dstore.path("lines/line.csv"))
dataset = dataset.register(workspace=ws, name="lines", create_new_version=True)
assert Dataset.get_by_name(ws, "lines").to_pandas_dataframe()["y"].tolist() == [2.0, 4.0, 6.0]
assert "lines" in ws.datasets

with open("slope.txt", "w") as file:
    file.write("2.0")
model = Model.register(
    model_path="slope.txt",
    model_name="slope",
    workspace=ws,
    tags={"kind": "line"},
    datasets=[(Dataset.Scenario.TRAINING, dataset)],
)
assert model.id == "slope:1"
assert Model(ws, "slope").tags["kind"] == "line"
assert open(model.download(target_dir="fetched")).read() == "2.0"
assert ws.models["slope"].version == 1
try:
    Model(ws, "no-such-model")
except WebserviceException as problem:
    assert "ModelNotFound" in problem.message

with Experiment(ws, "train-a-line").start_logging() as run:
    run.upload_file("outputs/slope.txt", "slope.txt")
    second = run.register_model(model_name="slope", model_path="outputs/slope.txt")
assert (second.version, second.run_id) == (2, run.id)
try:
    run.register_model(model_name="slope", model_path="outputs/absent.txt")
except ModelPathNotFoundException as problem:
    print(problem.message)
RunDetails(run).show()

mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())
mlflow.set_experiment("train-a-line")
with mlflow.start_run() as other:
    mlflow.log_artifact("slope.txt", "model")
third = azureml.mlflow.register_model(other, name="slope", path="model", tags={"from": "mlflow"})
assert (third.version, third.tags["from"], third.run_id) == (3, "mlflow", other.info.run_id)

keyvault = ws.get_default_keyvault()
keyvault.set_secret(name="password-of-the-source", value="not-for-the-log")
assert keyvault.get_secret("password-of-the-source") == "not-for-the-log"
assert keyvault.list_secrets() == [{"name": "password-of-the-source"}]

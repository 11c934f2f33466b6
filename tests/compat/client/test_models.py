"""Models: logged, found again by every URI, loaded and used; autologging of scikit-learn."""

import mlflow
import numpy as np
import pytest
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

X = np.array([[0.0], [1.0], [2.0], [3.0]])
Y = np.array([0, 0, 1, 1])


@pytest.fixture
def autolog():
    yield mlflow.sklearn.autolog
    mlflow.sklearn.autolog(disable=True, silent=True)


def _fitted():
    return LogisticRegression(C=1e3).fit(X, Y)


def _log(name="model", **more):
    """Log the fitted model; named requirements spare the client a search for them, which takes seconds."""
    signature = infer_signature(X, Y)
    return mlflow.sklearn.log_model(
        _fitted(), name, signature=signature, pip_requirements=["scikit-learn"], **more
    )


def _right(model):
    return list(model.predict(X)) == [0, 0, 1, 1]


def test_model_loads_by_run_uri(experiment):
    with mlflow.start_run() as run:
        _log(input_example=X[:2])
    assert _right(mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model"))
    assert _right(mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model"))
    info = mlflow.models.get_model_info(f"runs:/{run.info.run_id}/model")
    assert info.run_id == run.info.run_id
    assert info.signature is not None


def test_model_registers_while_logging_and_loads_by_version(experiment, client, name):
    with mlflow.start_run():
        first = _log(registered_model_name=name)
        second = _log(registered_model_name=name)
    assert [int(info.registered_model_version) for info in (first, second)] == [1, 2]
    for uri in (f"models:/{name}/1", f"models:/{name}/2", f"models:/{name}/latest"):
        assert _right(mlflow.sklearn.load_model(uri)), uri
    client.set_registered_model_alias(name, "champion", "2")
    assert _right(mlflow.pyfunc.load_model(f"models:/{name}@champion"))
    client.transition_model_version_stage(name, "1", "Production")
    assert _right(mlflow.sklearn.load_model(f"models:/{name}/Production"))


def test_model_registers_afterwards_from_its_run(experiment, client, name):
    with mlflow.start_run() as run:
        _log()
    made = mlflow.register_model(f"runs:/{run.info.run_id}/model", name, tags={"why": "test"})
    assert (int(made.version), made.run_id, made.status) == (1, run.info.run_id, "READY")
    assert made.tags == {"why": "test"}
    assert _right(mlflow.sklearn.load_model(f"models:/{name}/1"))
    assert mlflow.artifacts.list_artifacts(artifact_uri=f"models:/{name}/1")
    again = mlflow.register_model(f"runs:/{run.info.run_id}/model", name)
    assert int(again.version) == 2


def test_model_of_an_unknown_run_or_version_raises(client, name):
    with pytest.raises(mlflow.exceptions.MlflowException):
        mlflow.sklearn.load_model(f"models:/{name}/1")
    with pytest.raises(mlflow.exceptions.MlflowException):
        mlflow.sklearn.load_model(f"runs:/{'0' * 32}/model")


def test_python_function_model(experiment):
    class Doubler(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input * 2

    with mlflow.start_run() as run:
        mlflow.pyfunc.log_model("doubler", python_model=Doubler(), pip_requirements=["mlflow"])
    model = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/doubler")
    assert list(model.predict(np.array([1, 2]))) == [2, 4]


def test_autolog_records_a_fit(experiment, client, autolog):
    autolog(log_input_examples=True, silent=True)
    with mlflow.start_run() as run:
        LogisticRegression(C=0.5, max_iter=50).fit(X, Y)
    got = client.get_run(run.info.run_id)
    assert (got.data.params["C"], got.data.params["max_iter"]) == ("0.5", "50")
    assert got.data.metrics["training_accuracy_score"] == 1.0
    assert got.data.tags["estimator_name"] == "LogisticRegression"
    assert len(got.inputs.dataset_inputs) == 1
    assert "estimator.html" in [f.path for f in client.list_artifacts(run.info.run_id)]
    assert mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model").C == 0.5


def test_autolog_makes_its_own_run_and_children_of_a_search(experiment, client, autolog):
    autolog(max_tuning_runs=2, log_models=False, silent=True)
    features, labels = np.tile(X, (5, 1)), np.tile(Y, 5)
    GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(features, labels)
    runs = client.search_runs([experiment])
    parents = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    assert len(parents) == 1
    assert len(runs) == 3
    assert parents[0].info.status == "FINISHED"
    assert "best_C" in parents[0].data.params
    children = {r.data.params["C"] for r in runs if r is not parents[0]}
    assert children == {"0.1", "1.0"}


@pytest.mark.mlflow3
def test_logged_model_is_linked_to_its_run(experiment, client):
    with mlflow.start_run() as run:
        info = _log(params={"depth": "3"}, tags={"kind": "toy"}, model_type="classifier")
    model = mlflow.get_logged_model(info.model_id)
    assert (model.name, model.source_run_id, model.status, model.model_type) == (
        "model",
        run.info.run_id,
        "READY",
        "classifier",
    )
    assert model.params["depth"] == "3"
    assert model.tags["kind"] == "toy"
    assert model.artifact_location == f"mlflow-artifacts:/{experiment}/models/{info.model_id}/artifacts"
    outputs = client.get_run(run.info.run_id).outputs.model_outputs
    assert [o.model_id for o in outputs] == [info.model_id]
    assert _right(mlflow.sklearn.load_model(f"models:/{info.model_id}"))


@pytest.mark.mlflow3
def test_model_loads_by_model_id_without_a_run(experiment):
    info = _log("alone")
    assert not mlflow.get_logged_model(info.model_id).source_run_id
    assert _right(mlflow.sklearn.load_model(info.model_uri))
    assert info.model_uri == f"models:/{info.model_id}"
    assert mlflow.last_logged_model().model_id == info.model_id


@pytest.mark.mlflow3
def test_registered_version_knows_its_logged_model(experiment, client, name):
    with mlflow.start_run():
        info = _log(registered_model_name=name)
    version = client.get_model_version(name, "1")
    assert version.source.endswith(f"/models/{info.model_id}/artifacts") or version.source == info.model_uri
    assert name in mlflow.get_logged_model(info.model_id).tags["mlflow.modelVersions"]
    assert mlflow.register_model(f"models:/{info.model_id}", name).version in (2, "2")
    assert client.get_model_version_download_uri(name, "2").endswith(f"/models/{info.model_id}/artifacts")


@pytest.mark.mlflow3
def test_model_with_more_than_a_hundred_params(experiment):
    params = {f"p{i}": str(i) for i in range(250)}
    info = _log("wide", params=params)
    assert mlflow.get_logged_model(info.model_id).params == params


@pytest.mark.mlflow3
def test_checkpoints_are_models_with_steps(experiment, client):
    with mlflow.start_run() as run:
        for step in range(3):
            _log(f"checkpoint-{step}", step=step)
    outputs = client.get_run(run.info.run_id).outputs.model_outputs
    assert sorted(o.step for o in outputs) == [0, 1, 2]

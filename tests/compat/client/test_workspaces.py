"""Workspaces: every way in, artifacts and models included, and MLflow's own calls about them."""

import functools
import os
import uuid

import mlflow
import numpy as np
import pytest
import requests
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression
from support import SERVER, refused

X = np.array([[0.0], [1.0], [2.0], [3.0]])
Y = np.array([0, 0, 1, 1])
CREDENTIALS = (
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_WORKSPACE",
)


def ours(scenario):
    """Stock servers have no workspaces in their addresses, and none at all unless they are told to."""

    @functools.wraps(scenario)
    def run(*args, **kwargs):
        if SERVER != "stock":
            scenario(*args, **kwargs)

    return run


@pytest.fixture
def workspace(url):
    """The name of a fresh workspace."""
    name = f"ws-{uuid.uuid4().hex[:8]}"
    if SERVER != "stock":
        _post(url, "/api/v1/workspaces", name=name)
    return name


@pytest.fixture(autouse=True)
def _no_credentials():
    yield
    for name in CREDENTIALS:
        os.environ.pop(name, None)
    if mlflow.__version__.startswith("3"):
        mlflow.set_workspace(None)


def _post(url, path, **fields):
    answer = requests.post(url + path, json=fields, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _token(url, workspace):
    return _post(url, f"/workspaces/{workspace}/api/v1/workspace/tracking-token")["token"]


def _tour(tmp_path, name):
    """What people do with a tracking server; returns the run."""
    experiment = mlflow.set_experiment(name).experiment_id
    file = tmp_path / "data.bin"
    file.write_bytes(os.urandom(50_000))
    with mlflow.start_run() as run:
        mlflow.log_param("p", 1)
        mlflow.log_metric("m", 0.5)
        mlflow.log_metrics({"a": 1.0, "b": 2.0}, step=3)
        mlflow.log_artifact(str(file), "deep/er")
        mlflow.log_text("hello", "note.txt")
        mlflow.sklearn.log_model(
            LogisticRegression(C=1e3).fit(X, Y),
            "model",
            pip_requirements=["scikit-learn"],
            registered_model_name=name,
        )
    run_id = run.info.run_id
    found = mlflow.search_runs([experiment], "metrics.m > 0.4")
    assert list(found.run_id) == [run_id]
    client = mlflow.MlflowClient()
    assert {one.path for one in client.list_artifacts(run_id)} >= {"deep", "note.txt"}
    path = mlflow.artifacts.download_artifacts(
        run_id=run_id, artifact_path="deep/er/data.bin", dst_path=str(tmp_path / "back")
    )
    with open(path, "rb") as back:
        assert back.read() == file.read_bytes()
    assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/note.txt") == "hello"
    for uri in (f"runs:/{run_id}/model", f"models:/{name}/1", f"models:/{name}/latest"):
        assert list(mlflow.pyfunc.load_model(uri).predict(X)) == [0, 0, 1, 1], uri
    assert [one.name for one in client.search_registered_models(f"name = '{name}'")] == [name]
    return run_id


def _hidden(url, run_id, name, monkeypatch):
    """The default workspace knows nothing of it."""
    for variable in CREDENTIALS:
        monkeypatch.delenv(variable, raising=False)
    if mlflow.__version__.startswith("3"):
        mlflow.set_workspace(None)
    mlflow.set_tracking_uri(url)
    client = mlflow.MlflowClient(url)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_run(run_id)
    assert client.get_experiment_by_name(name) is None
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_registered_model(name)
    with pytest.raises(Exception, match="not found|404"):
        mlflow.artifacts.download_artifacts(f"runs:/{run_id}/note.txt")


@ours
def test_address_with_a_token(url, workspace, name, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", _token(url, workspace))
    mlflow.set_tracking_uri(f"{url}/workspaces/{workspace}")
    _hidden(url, _tour(tmp_path, name), name, monkeypatch)


@ours
def test_address_with_a_token_as_password(url, workspace, name, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "somebody")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", _token(url, workspace))
    mlflow.set_tracking_uri(f"{url}/workspaces/{workspace}")
    _hidden(url, _tour(tmp_path, name), name, monkeypatch)


@ours
def test_address_with_name_and_password(url, workspace, name, tmp_path, monkeypatch):
    user, password = f"u-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    _post(url, "/api/v1/users", name=user, password=password)
    _post(url, f"/workspaces/{workspace}/api/v1/role-assignments", principal=user, role="Data Scientist")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", user)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", password)
    mlflow.set_tracking_uri(f"{url}/workspaces/{workspace}")
    _hidden(url, _tour(tmp_path, name), name, monkeypatch)


@ours
def test_address_as_azure_writes_it(url, name, tmp_path, monkeypatch):
    workspace = f"ws-{uuid.uuid4().hex[:8]}"
    made = _post(url, "/api/v1/workspaces", name=workspace, subscription="s", group="g")
    mlflow.set_tracking_uri(url + made["id"])
    _hidden(url, _tour(tmp_path, name), name, monkeypatch)


@ours
def test_runs_without_an_experiment_go_to_the_default_of_the_workspace(url, workspace, monkeypatch):
    mlflow.set_tracking_uri(f"{url}/workspaces/{workspace}")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "0")
    run = mlflow.MlflowClient().create_run("0")
    assert mlflow.MlflowClient().get_experiment(run.info.experiment_id).name == "Default"
    with refused("RESOURCE_DOES_NOT_EXIST"):
        mlflow.MlflowClient(url).get_run(run.info.run_id)


@ours
def test_token_of_another_workspace(url, workspace, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", _token(url, workspace))
    mlflow.set_tracking_uri(url)
    with pytest.raises(MlflowException, match=r"get_mlflow_tracking_uri\(\) again"):
        mlflow.MlflowClient().get_experiment("0")


@ours
@pytest.mark.mlflow3
def test_header_by_set_workspace(url, workspace, name, tmp_path, monkeypatch):
    mlflow.set_workspace(workspace)
    run_id = _tour(tmp_path, name)
    assert mlflow.get_experiment_by_name(name).workspace == workspace
    _hidden(url, run_id, name, monkeypatch)


@ours
@pytest.mark.mlflow3
def test_header_by_environment(url, workspace, name, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_WORKSPACE", workspace)
    _hidden(url, _tour(tmp_path, name), name, monkeypatch)


@ours
@pytest.mark.mlflow3
def test_traces_belong_to_their_workspace(url, workspace, name):
    mlflow.set_workspace(workspace)
    experiment = mlflow.set_experiment(name).experiment_id
    with mlflow.start_span("s") as span:
        span.set_inputs({"a": 1})
    mlflow.flush_trace_async_logging()
    trace_id = span.trace_id
    assert mlflow.get_trace(trace_id).data.spans[0].name == "s"
    assert [
        one.info.trace_id for one in mlflow.search_traces(locations=[experiment], return_type="list")
    ] == [trace_id]
    mlflow.set_workspace(None)
    assert mlflow.get_trace(trace_id) is None
    assert mlflow.search_traces(locations=[experiment], return_type="list") == []


@ours
@pytest.mark.mlflow3
def test_prompts_belong_to_their_workspace(url, workspace, name):
    mlflow.set_workspace(workspace)
    mlflow.genai.register_prompt(name=name, template="Hello {{who}}")
    assert mlflow.genai.load_prompt(f"prompts:/{name}/1").template == "Hello {{who}}"
    mlflow.set_workspace(None)
    assert mlflow.genai.load_prompt(f"prompts:/{name}/1", allow_missing=True) is None


@ours
@pytest.mark.mlflow3
def test_workspaces_are_made_listed_changed_and_deleted(client):
    name = f"ws-{uuid.uuid4().hex[:8]}"
    made = mlflow.create_workspace(name, description="d")
    assert (made.name, made.description) == (name, "d")
    assert mlflow.get_workspace(name) == made
    assert {"default", name} <= {one.name for one in mlflow.list_workspaces()}
    assert mlflow.update_workspace(name, description="new").description == "new"
    with refused("RESOURCE_ALREADY_EXISTS"):
        mlflow.create_workspace(name)
    mlflow.set_workspace(name)
    mlflow.set_experiment("e")
    mlflow.set_workspace(None)
    with refused("INVALID_STATE"):
        mlflow.delete_workspace(name)
    mlflow.delete_workspace(name, mode="CASCADE")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        mlflow.get_workspace(name)
    mlflow.create_workspace(name)
    mlflow.delete_workspace(name)


@ours
@pytest.mark.mlflow3
def test_unknown_workspace(url):
    mlflow.set_workspace("no-such-workspace")
    with refused("RESOURCE_DOES_NOT_EXIST", "no-such-workspace"):
        mlflow.MlflowClient().search_experiments()


@ours
@pytest.mark.mlflow3
def test_default_workspace_by_name_is_the_bare_server(url, name):
    made = mlflow.MlflowClient(url).create_experiment(name)
    mlflow.set_workspace("default")
    assert mlflow.get_experiment_by_name(name).experiment_id == made

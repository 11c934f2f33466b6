"""Model: registered from files and runs, seen by MLflow's registry, found and downloaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from runyard import Dataset, Model, Workspace
from runyard.sdk.exceptions import (
    ModelNotFoundException,
    ModelPathNotFoundException,
    UserErrorException,
    WebserviceException,
)
from runyard.sdk.experiment import Experiment
from tests.api.live_server import Client

KEYS = {
    *("createdTime", "description", "id", "mimeType", "name", "properties", "unpack", "url", "version"),
    *("experimentName", "runId", "datasets", "createdBy", "framework", "frameworkVersion", "kvTags"),
}


@pytest.fixture
def file(place: Path) -> Path:
    (place / "model.pkl").write_text("weights")
    return place / "model.pkl"


def test_a_file_is_registered_and_downloaded(
    other: Workspace, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Model.register(
        other, "model.pkl", "m", tags={"area": "x"}, properties={"p": 1}, description="d", model_framework="f"
    )
    assert "Registering model m" in capsys.readouterr().out
    assert (made.id, made.version, made.tags, made.properties) == ("m:1", 1, {"area": "x"}, {"p": "1"})
    assert (made.description, made.model_framework, made.unpack) == ("d", "f", False)
    assert set(made.serialize()) == KEYS
    assert Path(made.download("down")).read_text() == "weights"
    with pytest.raises(WebserviceException, match="exist_ok"):
        made.download("down")
    assert made.download("down", exist_ok=True) == made.download("down", exists_ok=True)


def test_versions_count_up_and_the_latest_is_the_default(other: Workspace, file: Path, place: Path) -> None:
    Model.register(other, file, "m", tags={"k": "old"})
    (place / "folder/inner").mkdir(parents=True)
    (place / "folder/inner/a").write_text("a")
    (place / "folder/b").write_text("b")
    second = Model.register(other, "folder", "m")
    assert second.version == 2 and second.unpack
    assert Model(other, "m").version == 2 and Model(other, "m", version=1).id == "m:1"
    assert Model(other, id="m:1").tags == {"k": "old"} and Model(other, "m", tags=["k"]).version == 1
    assert Model(other, "m", tags=[["k", "old"]]).version == 1
    assert sorted(one.name for one in Path(second.download("second")).rglob("*")) == ["a", "b", "inner"]
    third = Model.register(other, "folder", "m", child_paths=["b"])
    assert [one.name for one in Path(third.download("third")).rglob("*")] == ["b"]
    assert [one.version for one in Model.list(other, "m")] == [3, 2, 1]
    assert [one.version for one in Model.list(other, latest=True)] == [3]
    assert other.models["m"].version == 3


@pytest.mark.parametrize(
    "fields", [{"name": "nope"}, {"id": "m:9"}, {"name": "m", "version": 7}, {"name": "m", "tags": ["x"]}]
)
def test_a_model_that_is_not_there(other: Workspace, file: Path, fields: dict[str, str]) -> None:
    Model.register(other, file, "m")
    with pytest.raises(WebserviceException, match="ModelNotFound"):
        Model(other, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "../x", "x" * 256])
def test_names_that_cannot_be(other: Workspace, file: Path, name: str) -> None:
    with pytest.raises(UserErrorException, match="invalid"):
        Model.register(other, file, name)


def test_a_path_that_is_not_there(other: Workspace) -> None:
    with pytest.raises(WebserviceException, match="nothing"):
        Model.register(other, "nothing.pkl", "m")


def test_tags_change_and_properties_do_not(other: Workspace, file: Path) -> None:
    made = Model.register(other, file, "m", tags={"a": "1"}, properties={"p": "1"})
    made.add_tags({"b": 2, "c": None})
    made.remove_tags(["a"])
    assert made.tags == {"b": "2", "c": ""}
    made.update(tags={"d": "4"}, description="new")
    made.add_properties({"q": "2", "p": "1"})
    with pytest.raises(UserErrorException, match="never changed"):
        made.add_properties({"r": "3", "p": "2"})
    again = Model(other, "m")
    assert (again.tags, again.properties, again.description) == ({"d": "4"}, {"p": "1", "q": "2"}, "new")
    assert [one.id for one in Model.list(other, tags={"d": "4"}, properties=[["q", "2"]])] == ["m:1"]


def test_a_deleted_version_takes_its_files_along(other: Workspace, file: Path, server: Client) -> None:
    first, second = Model.register(other, file, "m"), Model.register(other, file, "m")
    folder = second.url.removeprefix("mlflow-artifacts:/")
    second.delete()
    assert Model(other, "m").id == first.id
    inside = server.also(base=f"/workspaces/{other.name}")
    listed = inside.call("GET", "/api/2.0/mlflow-artifacts/artifacts", {"path": folder}).json()
    inside.close()
    assert not listed.get("files")


def test_mlflow_sees_the_same_version(other: Workspace, file: Path, server: Client) -> None:
    made = Model.register(other, file, "m", tags={"a": "1"}, description="d")
    inside = server.also(base=f"/workspaces/{other.name}")
    found = inside.ok("GET", "model-versions/get?name=m&version=1&x=")["model_version"]
    got = inside.send("GET", "/model-versions/get-artifact?name=m&version=1&path=model.pkl")
    inside.close()
    assert (found["source"], found["description"]) == (made.url, "d")
    assert {"key": "a", "value": "1"} in found["tags"] and got.content == b"weights"


def test_files_of_another_model_are_no_source(other: Workspace, file: Path, server: Client) -> None:
    made = Model.register(other, file, "m")
    inside = server.also(base=f"/workspaces/{other.name}")
    inside.ok("POST", "registered-models/create", name="n")
    for source in (made.url, "mlflow-artifacts:/models", "mlflow-artifacts:/models/n/../m/x"):
        assert inside.fails("POST", "model-versions/create", name="n", source=source)[0] == 400
    inside.close()


def test_where_a_model_is_on_this_machine(other: Workspace, file: Path) -> None:
    Model.register(other, file, "m")
    with pytest.raises(ModelNotFoundException, match="azureml-models"):
        Model.get_model_path("m")
    found = Model.get_model_path("m", _workspace=other)
    assert (
        found == "azureml-models/m/1/model.pkl" == Model.get_model_path("m") == Model.get_model_path("m", 1)
    )
    with pytest.raises(ModelNotFoundException):
        Model.get_model_path("m", 2)
    with pytest.raises(UserErrorException, match="int"):
        Model.get_model_path("m", "1")  # type: ignore[arg-type]


def test_a_runs_file_becomes_a_model(experiment: Experiment, file: Path) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.upload_file("outputs/model.pkl", file)
    run.upload_file("outputs/folder/a", file)
    made = run.register_model("of-run", "outputs/model.pkl", tags={"a": 1})
    assert (made.run_id, made.tags, made.experiment_name) == (run.id, {"a": "1"}, experiment.name)
    assert Path(made.download("down")).read_text() == "weights"
    folder = run.register_model("of-run", model_path="outputs/folder")
    assert folder.version == 2 and (Path(folder.download("down")) / "a").read_text() == "weights"
    assert [one.version for one in Model.list(experiment.workspace, run_id=run.id)] == [2, 1]
    with pytest.raises(ModelPathNotFoundException, match="outputs/nothing"):
        run.register_model("of-run", "outputs/nothing")


def test_the_data_that_a_model_was_made_with(other: Workspace, file: Path) -> None:
    store = other.get_default_datastore()
    store.upload_files([file], target_path="d", show_progress=False)
    data = Dataset.File.from_files((store, "d"))
    with pytest.raises(UserErrorException, match="must be registered"):
        Model.register(other, file, "m", datasets=[(Dataset.Scenario.TRAINING, data)])
    known = data.register(other, "data")
    made = Model.register(other, file, "m", datasets=[(Dataset.Scenario.TRAINING, known)])
    assert made.datasets == {"training": [{"name": "data", "id": known.id}]}
    assert [one.id for one in Model.list(other, dataset_id=known.id)] == ["m:1"]
    assert Model.list(other, dataset_id="other") == []

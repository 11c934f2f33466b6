"""Experiments: made, found, listed, archived, searched for runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runyard.sdk.exceptions import AzureMLException, UserErrorException, WorkspaceException
from runyard.sdk.experiment import Experiment
from runyard.sdk.run import Run
from runyard.sdk.workspace import Workspace
from tests.api.live_server import Client


def test_made_once_and_found_again(ws: Workspace) -> None:
    assert Experiment(ws, "same").id == Experiment(ws, name="same").id


def test_the_workspace_may_be_a_name(other: Workspace, place: Path) -> None:
    assert Experiment(other.name, "e") == Experiment(workspace=other, name="e")
    with pytest.raises(WorkspaceException, match="name=absent"):
        Experiment("absent", "e")
    with pytest.raises(UserErrorException, match="Workspace or its name"):
        Experiment(5, "e")  # type: ignore[arg-type]


def test_a_name_is_looked_for_where_the_config_file_says(
    other: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.write_config()
    monkeypatch.delenv("RUNYARD_SERVER")
    assert Experiment(other.name, "e").workspace == other


@pytest.mark.parametrize("name", ["", "a.b", "a b", "a/b", "-a", "_a", "x" * 256, 5, None])
def test_a_bad_name_is_refused(ws: Workspace, name: Any) -> None:
    with pytest.raises(UserErrorException, match="is invalid"):
        Experiment(ws, name)


def test_experiments_of_mlflow_with_other_names_are_there(ws: Workspace, server: Client) -> None:
    made = server.experiment(name="/Users/a b/c.d")
    assert ws.experiments["/Users/a b/c.d"].id == made


def test_str_and_table(experiment: Experiment, server: Client) -> None:
    assert str(experiment) == f"Experiment(Name: {experiment.name},\nWorkspace: default)"
    assert experiment.get_portal_url() == experiment.portal_url
    url = f"http://127.0.0.1:{server.port}/workspaces/default/experiments/{experiment.id}"
    assert f'<td>{experiment.name}</td><td>default</td><td><a href="{url}"' in experiment._repr_html_()


def test_archive_and_reactivate(experiment: Experiment) -> None:
    ws, name = experiment.workspace, experiment.name
    experiment.archive()
    assert experiment.archived_time is not None
    assert Experiment.list(ws, name) == []
    assert (
        Experiment.list(ws, name, view_type="ArchivedOnly")
        == [experiment]
        == Experiment.list(ws, name, "All")
    )
    with pytest.raises(UserErrorException, match="is archived"):
        Experiment(ws, name)
    experiment.reactivate(new_name=f"{name}-new")
    again = Experiment(ws, f"{name}-new")
    assert (again, again.archived_time) == (experiment, None)
    with pytest.raises(UserErrorException, match="view_type"):
        Experiment.list(ws, view_type="Some")


def test_tags(experiment: Experiment) -> None:
    experiment.tag("a", "1")
    experiment.set_tags({"b": "2", "c": None})
    experiment.remove_tags(["b", "absent"])
    assert experiment.tags == {"a": "1", "c": ""}
    assert experiment in Experiment.list(experiment.workspace, tags={"a": "1"})
    assert experiment in Experiment.list(experiment.workspace, tags="c")
    assert experiment not in Experiment.list(experiment.workspace, tags="b")


def test_delete_needs_it_to_be_empty(experiment: Experiment, ws: Workspace) -> None:
    empty = Experiment(ws, f"{experiment.name}-empty")
    Experiment.delete(ws, empty.id)
    assert empty.name not in ws.experiments
    experiment.start_logging(snapshot_directory=None)
    with pytest.raises(UserErrorException, match="has runs"):
        Experiment.delete(ws, experiment.id)


def test_what_cannot_be_submitted_is_refused(experiment: Experiment) -> None:
    with pytest.raises(UserErrorException, match="No submit function for str"):
        experiment.submit("train.py")


def test_what_says_how_is_submitted(experiment: Experiment) -> None:
    class Configuration:
        def submit_to(self, experiment: Experiment, tags: Any, **kwargs: Any) -> Run:
            assert (tags, kwargs) == ({"a": "b"}, {"run_id": "r"})
            return experiment.start_logging(snapshot_directory=None)

    assert isinstance(experiment.submit(Configuration(), tags={"a": "b"}, run_id="r"), Run)


def test_runs_newest_first_without_children(experiment: Experiment) -> None:
    runs = [experiment.start_logging(snapshot_directory=None, name=f"r{number}") for number in range(3)]
    child = runs[0].child_run()
    assert [run.id for run in experiment.get_runs()] == [run.id for run in reversed(runs)]
    assert child in list(experiment.get_runs(include_children=True))
    assert list(experiment.get_runs(type="azureml.scriptrun")) == []


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        ({"tags": {"a": "1"}}, 1),
        ({"tags": "a"}, 2),
        ({"tags": ["a", "b"]}, 1),
        ({"tags": {"a": "9"}}, 0),
        ({"tags": {"empty": None}}, 1),
        ({"properties": {"p": "1"}}, 1),
        ({"properties": "p"}, 2),
        ({"properties": "p", "tags": {"a": "2"}}, 1),
        ({"properties": ["p", "absent"]}, 0),
    ],
)
def test_runs_by_tags_and_properties(ws: Workspace, wanted: dict[str, Any], number: int) -> None:
    experiment = Experiment(ws, "searched")
    if not list(experiment.get_runs()):
        for tags, properties in (
            ({"a": "1", "b": "x", "empty": None}, {"p": "1"}),
            ({"a": "2"}, {"p": "2"}),
            ({}, {}),
        ):
            run = experiment.start_logging(snapshot_directory=None)
            run.set_tags(tags)
            run.add_properties(properties)
    assert len(list(experiment.get_runs(**wanted))) == number


def test_start_logging_makes_a_running_run_of_this_program(experiment: Experiment, server: Client) -> None:
    run = experiment.start_logging()
    stored = server.ok("GET", "runs/get", run_id=run.id)["run"]
    tags = {tag["key"]: tag["value"] for tag in stored["data"]["tags"]}
    assert (run.status, run.type, run.name) == ("Running", None, f"run_{run.id}")
    assert stored["info"]["status"] == "RUNNING" and stored["info"]["start_time"] > 0
    assert tags["mlflow.runName"] == run.name
    assert {"mlflow.user", "mlflow.source.name", "mlflow.source.type"} <= tags.keys()
    assert stored["info"]["user_id"] == tags["mlflow.user"]


def test_start_logging_notes_the_commit(
    experiment: Experiment, server: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    run = experiment.start_logging()
    properties = run.get_properties()
    if "azureml.git.commit" not in properties:
        pytest.skip("the tests do not lie in a git repository")
    stored = server.ok("GET", "runs/get", run_id=run.id)["run"]["data"]["tags"]
    assert {"key": "mlflow.source.git.commit", "value": properties["azureml.git.commit"]} in stored
    assert json.loads(properties["azureml.git.dirty"].lower()) in (True, False)


def test_start_logging_takes_a_name_and_an_id(experiment: Experiment) -> None:
    run = experiment.start_logging(name="n", run_id=f"{experiment.name}_1700000000_0a1b2c3d")
    assert (run.name, run.id) == ("n", f"{experiment.name}_1700000000_0a1b2c3d")
    with pytest.raises(AzureMLException, match="run_id"):
        experiment.start_logging(run_id="a/b")

"""The page of a run over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.server.settings import Settings
from tests.api.live_server import UNKNOWN_RUN, Client, live_server
from tests.api.people import People

SCOPE = "/subscriptions/default/resourceGroups/default/workspaces/default"


def path(run: str) -> str:
    return f"/api/v1/runs/{run}/page"


def with_models(server: Client, experiment: str) -> tuple[str, str, str]:
    """A run, the model that it logged, and the registered model made of that."""
    run, name = server.run(experiment), server.name("model")
    model = server.ok("POST", "logged-models", experiment_id=experiment, source_run_id=run, name="m")
    server.ok("POST", "registered-models/create", name=name)
    server.ok("POST", "model-versions/create", name=name, source="s3://bucket/m", run_id=run)
    server.ok("POST", "registered-models/alias", name=name, alias="best", version="1")
    return run, model["model"]["info"]["model_id"], name


def test_one_answer_holds_the_overview(server: Client) -> None:
    experiment = server.experiment(name=(title := server.name("exp")))
    run, model, name = with_models(server, experiment)
    child = server.run(experiment, tags=[{"key": "mlflow.parentRunId", "value": run}])
    found = server.ok("GET", path(run))
    assert found["run"] == server.ok("GET", "runs/get", run_id=run)["run"]
    assert found["experiment"] == {"experiment_id": experiment, "name": title, "stage": "active"}
    assert [one["run_id"] for one in found["children"]] == [child]
    assert (found["children"][0]["status"], found["children"][0]["stage"]) == ("RUNNING", "active")
    (version,) = found["model_versions"]
    assert (version["name"], version["version"], version["aliases"]) == (name, 1, ["best"])
    (logged,) = found["logged_models"]
    assert (logged["model_id"], logged["name"], logged["status"]) == (model, "m", "LOGGED_MODEL_PENDING")
    assert (found["parent"], found["life"], found["lost"]) == (None, None, None)
    assert server.ok("GET", path(child))["parent"]["run_id"] == run


def test_signs_of_life_are_shown(server: Client) -> None:
    run = server.run()
    server.ok("POST", "/api/v1/journals/" + "a" * 32 + "/beat", runs=[run], host="node7", interval_s=10)
    life = server.ok("GET", path(run))["life"]
    assert life["host"] == "node7" and life["due_ms"] > life["beat_ms"] and life["lost_ms"] is None


@pytest.mark.parametrize("run", [UNKNOWN_RUN, "x", "%00", "a%00b", "..%2f.."])
def test_bad_ids(server: Client, run: str) -> None:
    assert server.call("GET", path(run)).status in (400, 404)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path]]:
    directory = tmp_path_factory.mktemp("page")
    with live_server(directory, Settings(data=str(directory), auth="required")) as client:
        yield client, directory


def test_what_is_not_theirs_is_left_out(people: tuple[Client, Path]) -> None:
    client, directory = people
    made = People(directory)
    owner = client.also(token=made.with_roles(("Owner", "/")))
    experiment, other = owner.experiment(), owner.experiment()
    parent = owner.run(other)
    run, model, _ = with_models(owner, experiment)
    owner.ok("POST", "runs/set-tag", run_id=run, key="mlflow.parentRunId", value=parent)
    guest = client.also(token=made.with_roles(("Reader", f"{SCOPE}/experiments/{experiment}")))
    whole, part = owner.ok("GET", path(run)), guest.ok("GET", path(run))
    assert whole["parent"]["run_id"] == parent and part["parent"] is None
    assert len(whole["model_versions"]) == 1 and part["model_versions"] == []
    assert [one["model_id"] for one in part["logged_models"]] == [model]
    assert guest.fails("GET", path(parent)) == guest.fails("GET", path(UNKNOWN_RUN))
    some = client.also(token=made.token(made.add(("Reader", SCOPE)), actions='["runs/read"]'))
    assert some.ok("GET", path(run))["logged_models"] == []

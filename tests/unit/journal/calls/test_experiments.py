"""Requests about experiments, with and without a server."""

from __future__ import annotations

import pytest

from runyard.client.journal.offline_names import experiment_id_of
from runyard.errors import AlreadyExists, InvalidInput, NotFound

from .conftest import Place

BY_NAME = ("GET", "/api/2.0/mlflow/experiments/get-by-name")


def test_one_that_is_made_without_a_server_is_known_by_its_name(place: Place) -> None:
    place.away()
    made = place.call("CreateExperiment", name="e", tags=[{"key": "a", "value": "b"}])
    assert made == {"experiment_id": experiment_id_of("e")}
    assert place.call("GetExperiment", **made)["experiment"]["name"] == "e"
    found = place.call("GetExperimentByName", experiment_name="e")["experiment"]
    assert found["tags"] == [{"key": "a", "value": "b"}]
    assert place.records == []  # the server takes tags once there is a run
    run = place.call("CreateRun", **made)["run"].info
    assert run.experiment_id == made["experiment_id"]
    place.call("SetExperimentTag", **made, key="c", value="d")
    assert [one.body["key"] for one in place.records[1:]] == ["a", "c"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " "},
        {},
        {"name": "e", "artifact_location": "s3://b"},
        {"name": "e", "tags": [{"key": "a\n", "value": "b"}]},
        {"name": "e", "tags": 1},
    ],
)
def test_what_cannot_be_made_here_is_refused_and_leaves_nothing(
    place: Place, fields: dict[str, object]
) -> None:
    place.away()
    with pytest.raises(InvalidInput):
        place.call("CreateExperiment", **fields)
    assert place.desk.experiments.all() == []


def test_a_name_is_taken_once(place: Place) -> None:
    place.away()
    place.call("CreateExperiment", name="e")
    with pytest.raises(AlreadyExists):
        place.call("CreateExperiment", name="e")
    with pytest.raises(NotFound, match="other"):
        place.call("GetExperimentByName", experiment_name="other")
    with pytest.raises(NotFound, match="exists on this machine"):
        place.call("GetExperiment", experiment_id="offline-" + "0" * 20)


def test_what_the_server_told_is_told_again_while_it_is_away(place: Place) -> None:
    document = {"experiment": {"experiment_id": "7", "name": "seven"}}
    place.server.answers["POST", "/GetExperiment"] = document
    assert place.call("GetExperiment", experiment_id="7") == document
    place.away()
    assert place.call("GetExperiment", experiment_id="7") == document
    assert place.call("GetExperimentByName", experiment_name="seven") == document


def test_a_tag_of_one_that_was_made_here_goes_to_where_the_server_has_it(place: Place) -> None:
    place.away()
    made = place.call("CreateExperiment", name="e")
    place.server.up = True
    place.desk.reach.heard()
    place.server.answers[BY_NAME] = {"experiment": {"experiment_id": "9"}}
    place.server.answers["POST", "/SetExperimentTag"] = {}
    place.call("SetExperimentTag", **made, key="c", value="d")
    assert place.server.asked[-1][2] == {"experiment_id": "9", "key": "c", "value": "d"}


def test_a_server_that_leaves_over_a_tag_gets_it_later(place: Place) -> None:
    assert place.desk.reach.there()
    place.server.up = False
    place.call("SetExperimentTag", experiment_id="7", key="c", value="d")
    assert place.records[0].body == {"experiment_id": "7", "key": "c", "value": "d"}  # type: ignore[union-attr]


def test_the_runs_of_one_that_was_deleted_are_looked_up_again(place: Place) -> None:
    place.away()
    run_id = place.call("CreateRun", experiment_id="7")["run"].info.run_id
    place.server.up = True
    place.server.answers["POST", "/DeleteExperiment"] = {}
    place.call("DeleteExperiment", experiment_id="7")
    assert run_id not in place.desk.state.runs

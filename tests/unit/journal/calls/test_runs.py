"""Requests about runs: where they are answered, and what is left behind."""

from __future__ import annotations

from typing import Any

import pytest

from runyard.entities.journal import NewRun, PointRecord
from runyard.errors import InvalidInput, NotFound, StorageUnavailable, Unauthenticated

from .conftest import Place

GET = ("GET", "/api/2.0/mlflow/runs/get")
BY_NAME = ("GET", "/api/2.0/mlflow/experiments/get-by-name")
CREATE = ("POST", "/CreateRun")
ID = "a" * 32


def told(run_id: str = ID, *, stage: str = "active", **data: Any) -> dict[str, Any]:
    """A run as the server tells it."""
    info = {
        "run_uuid": run_id,
        "run_id": run_id,
        "experiment_id": "7",
        "run_name": "r",
        "user_id": "u",
        "status": "RUNNING",
        "artifact_uri": "mlflow-artifacts:/x",
        "lifecycle_stage": stage,
        "start_time": 1,
    }
    return {"run": {"info": info, "data": data, "inputs": {}}}


def test_a_run_is_begun_at_a_server_that_answers_and_noted_here(place: Place) -> None:
    place.server.answers[CREATE] = told()
    assert place.call("CreateRun", experiment_id="7", start_time=1) == told()
    asked = place.server.asked[-1][2]
    assert len(asked["run_id"]) == 32
    assert [type(one) for one in place.records] == [NewRun]
    place.call("LogMetric", run_id=ID, key="m", value=1, timestamp=1)
    assert len(place.server.asked) == 1


def test_the_server_that_leaves_over_it_does_not_make_a_second_one(place: Place) -> None:
    assert place.desk.reach.there()
    place.server.up = False
    made = place.call("CreateRun", experiment_id="7", start_time=1)["run"].info
    assert made.run_id == place.server.asked[-1][2]["run_id"] == place.records[0].run_id
    assert made.artifact_uri == f"runyard://experiments/7/runs/{made.run_id}/artifacts"


def test_a_run_of_an_experiment_that_was_made_here_makes_it_there_once_all_is_sent(place: Place) -> None:
    place.away()
    experiment = place.call("CreateExperiment", name="late", tags=[{"key": "a", "value": "b"}])
    place.server.up = True
    place.desk.reach.heard()
    place.server.answers[BY_NAME] = NotFound("none")
    place.server.answers["POST", "/api/2.0/mlflow/experiments/create"] = {"experiment_id": "9"}
    place.server.answers[CREATE] = told()
    place.call("CreateRun", **experiment)
    assert place.server.asked[-1][2]["experiment_id"] == "9"
    tag = place.records[-1]
    assert tag.body == {"experiment": "late", "key": "a", "value": "b"}  # type: ignore[union-attr]


def test_an_id_that_is_none_is_for_the_server_to_refuse(place: Place) -> None:
    place.server.answers[CREATE] = InvalidInput("no id")
    with pytest.raises(InvalidInput, match="no id"):
        place.call("CreateRun", experiment_id="0", run_id="mine")
    assert place.records == []


def test_a_read_of_a_settled_run_is_the_servers_and_is_remembered(place: Place) -> None:
    place.server.answers[GET] = told(params=[{"key": "p", "value": "1"}])
    place.call("GetRun", GET[1], "GET", run_id=ID)
    assert place.call("GetRun", GET[1], "GET", run_id=ID)["run"]["data"]["params"]
    with pytest.raises(InvalidInput, match="different value|Changing param"):
        place.call("LogParam", run_id=ID, key="p", value="1")
        place.call("LogParam", run_id=ID, key="p", value="2")


def test_a_read_of_what_is_not_sent_is_answered_here(place: Place) -> None:
    place.server.answers[CREATE] = told()
    place.call("CreateRun", experiment_id="7")
    place.call("LogMetric", run_id=ID, key="m", value=2, timestamp=1)
    found = place.call("GetRun", GET[1], "GET", run_id=ID)["run"]
    assert [one.value for one in found.data.metrics] == [2]
    assert len(place.server.asked) == 1


@pytest.mark.parametrize("error", [NotFound("not there"), Unauthenticated("the login has ended")])
def test_what_the_server_does_not_tell_of_an_unknown_run_is_its_error(place: Place, error: Exception) -> None:
    place.server.answers[GET] = error
    with pytest.raises(type(error)):
        place.call("GetRun", GET[1], "GET", run_id=ID)


def test_an_unknown_run_is_unavailable_without_the_server_yet_may_be_logged_to(place: Place) -> None:
    place.away()
    with pytest.raises(StorageUnavailable, match="which is away"):
        place.call("GetRun", GET[1], "GET", run_id=ID)
    with pytest.raises(StorageUnavailable, match="which is away"):
        place.call("GetMetricHistory", "", "GET", run_id=ID, metric_key="m")
    place.call("LogMetric", run_id=ID, key="m", value=1, timestamp=1)
    assert isinstance(place.records[-1], PointRecord)


def test_a_history_of_here_is_told_once_the_server_is_away_but_no_later_page_of_the_servers(
    place: Place,
) -> None:
    place.away()
    run_id = place.call("CreateRun", experiment_id="7")["run"].info.run_id
    for step in range(3):
        place.call("LogMetric", run_id=run_id, key="m", value=step, timestamp=step, step=step)
    found = place.call("GetMetricHistory", "", "GET", run_id=run_id, metric_key="m")
    assert [one.step for one in found.metrics] == [0, 1, 2]
    with pytest.raises(StorageUnavailable):
        place.call("GetMetricHistory", "", "GET", run_id=run_id, metric_key="m", page_token="x")


def test_a_deleted_run_is_looked_up_again(place: Place) -> None:
    place.server.answers[CREATE] = told()
    place.call("CreateRun", experiment_id="7")
    place.server.answers["POST", "/DeleteRun"] = {}
    place.call("DeleteRun", run_id=ID)
    place.server.answers[GET] = told(stage="deleted")
    with pytest.raises(InvalidInput, match="must be in the 'active' state"):
        place.call("LogMetric", run_id=ID, key="m", value=1, timestamp=1)


def test_a_tag_that_is_not_known_is_deleted_by_the_server(place: Place) -> None:
    place.server.answers[CREATE] = told()
    place.call("CreateRun", experiment_id="7")
    place.server.answers["POST", "/DeleteTag"] = {"done": 1}
    assert place.call("DeleteTag", run_id=ID, key="t") == {"done": 1}
    place.away()
    with pytest.raises(NotFound, match="No tag with name: t"):
        place.call("DeleteTag", run_id=ID, key="t")


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("LogMetric", {"key": "a", "value": 1, "timestamp": 1}),
        ("LogMetric", {"run_id": ID, "key": "a", "value": "x", "timestamp": 1}),
        ("LogBatch", {"run_id": ID, "metrics": [{"key": "a"}]}),
        ("LogParam", {"run_id": ID}),
        ("SetTag", {"run_id": ID, "key": "a/../b"}),
        ("LogInputs", {"run_id": ID, "datasets": 3}),
        ("LogOutputs", {}),
        ("LogModel", {"run_id": ID, "model_json": "{"}),
        ("UpdateRun", {"run_id": ID, "status": "NONSENSE"}),
        ("GetRun", {}),
        ("GetMetricHistory", {"run_id": ID}),
        ("SearchRuns", {"experiment_ids": ["0"], "max_results": "x"}),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(place: Place, name: str, fields: Any) -> None:
    place.away()
    with pytest.raises(InvalidInput):
        place.call(name, **fields)
    assert place.records == []

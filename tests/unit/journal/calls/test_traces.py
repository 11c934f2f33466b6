"""Requests about traces: what is said of this process's own is written down, of others it is asked."""

from __future__ import annotations

from typing import Any

import pytest

from runyard.errors import NotFound

from .conftest import Place

TRACES = "/api/3.0/mlflow/traces"
TAGS = f"{TRACES}/tr-1/tags"


def begun(place: Place, experiment_id: str = "7") -> Any:
    where = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}}
    return place.call(
        "StartTraceV3", TRACES, trace={"trace_info": {"trace_id": "tr-1", "trace_location": where}}
    )


def bodies(place: Place) -> list[Any]:
    return [(one.run_id, one.path, one.body) for one in place.records]  # type: ignore[union-attr]


def test_a_trace_and_its_tags_wait_for_no_server(place: Place) -> None:
    info = begun(place)["trace"]["trace_info"]
    assert info.tags["mlflow.artifactLocation"] == "runyard://experiments/7/traces/tr-1/artifacts"
    place.call("SetTraceTag", TAGS, "PATCH", key="a", value="b")
    fields = {"assessment_name": "good", "feedback": {"value": True}}
    said = place.call("CreateAssessment", f"{TRACES}/tr-1/assessments", assessment=fields)["assessment"]
    assert said.trace_id == "tr-1" and said.assessment_id.startswith("a-")
    assert place.server.asked == []
    assert [path for _, path, _ in bodies(place)] == [TRACES, TAGS, f"{TRACES}/tr-1/assessments"]


def test_a_tag_of_another_trace_is_asked_while_there_is_a_server(place: Place) -> None:
    place.server.answers["PATCH", TAGS] = NotFound("no trace")
    with pytest.raises(NotFound):
        place.call("SetTraceTag", TAGS, "PATCH", key="a", value="b")
    place.away()
    assert place.call("SetTraceTag", TAGS, "PATCH", key="a", value="b") == {}
    assert len(place.records) == 1


def test_spans_of_an_experiment_without_a_server_bring_its_tags(place: Place) -> None:
    place.away()
    made = place.call("CreateExperiment", name="e", tags=[{"key": "a", "value": "b"}])
    place.call("GetExperiment", **made)
    place.traces.log_spans(made["experiment_id"], ["tr-1"], [b"one", b"two"])
    found = bodies(place)
    assert found[0] == ("tr-1", "/api/v1/spans", {"spans": b"one", "experiment": "e"})
    assert (
        "",
        "/api/2.0/mlflow/experiments/set-experiment-tag",
        {"experiment": "e", "key": "a", "value": "b"},
    ) in found
    assert len(found) == 3


def test_which_tags_its_own_trace_has_is_asked_once_all_is_sent(place: Place) -> None:
    place.server.answers["DELETE", TAGS] = NotFound("no such tag")
    with pytest.raises(NotFound):
        place.call("DeleteTraceTag", TAGS, "DELETE", key="a")
    begun(place)
    assert place.call("DeleteTraceTag", TAGS, "DELETE", key="a") == {}  # the trace is not there yet
    assert [path for _, path, _ in bodies(place)] == [TRACES, TAGS]

"""Requests about traces: what is said of this process's own is written down, of others it is asked."""

from __future__ import annotations

from typing import Any

import pytest

from runyard.client.journal.trace_state import TraceBook
from runyard.entities.journal import Call
from runyard.errors import NotFound, StorageUnavailable

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


def test_while_no_server_is_there_the_journals_tell_of_traces(place: Place) -> None:
    place.away()
    begun(place)
    place.call("SetTraceTag", TAGS, "PATCH", key="a", value="b")
    place.call("LinkTracesToRun", "/api/2.0/mlflow/traces/link-to-run", trace_ids=["tr-1"], run_id="r")
    found = place.call("GetTraceInfoV3", f"{TRACES}/tr-1", "GET")["trace"]["trace_info"]
    assert found.tags["a"] == "b" and found.trace_location.mlflow_experiment.experiment_id == "7"
    where = [{"mlflow_experiment": {"experiment_id": one}} for one in ("7", "8")]
    for clause, count in (("run_id = 'r'", 1), ("tags.a = 'c'", 0)):
        page = place.call("SearchTracesV3", f"{TRACES}/search", locations=where, filter=clause)
        assert len(page["traces"]) == count
    for name, fields in (("GetTraceInfoV3", {}), ("BatchGetTraceInfos", {"trace_ids": ["tr-1", "tr-2"]})):
        with pytest.raises(StorageUnavailable, match="at the server, which is away"):
            place.call(name, f"{TRACES}/tr-2" if not fields else f"{TRACES}/batchGetInfos", "GET", **fields)


def test_spans_that_cannot_be_read_here_are_for_the_server(place: Place) -> None:
    """Nobody gave the fixture's calls a way to decode them."""
    place.away()
    begun(place)
    with pytest.raises(StorageUnavailable):
        place.call("GetTrace", f"{TRACES}/get", "GET", trace_id="tr-1")


def test_calls_in_journals_of_others_that_make_no_sense_are_passed_over() -> None:
    book = TraceBook(None)
    for path in (
        TRACES,
        TAGS,
        "/api/v1/spans",
        "/api/2.0/mlflow/traces/link-to-run",
        f"{TRACES}/tr-1/assessments",
    ):
        for body in ({}, {"trace": 1}, {"trace": {"trace_info": {"trace_id": "a/b"}}}, {"trace_ids": 3}):
            book.apply(Call("", "POST", path, body))
    assert book.traces == {}

"""Traces, tags, assessments and searches over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runyard.store.sql.search import compile_traces
from tests.api.traces_server import Traces, spans, trace_id, traces_server

BAD_VALUE = (400, "INVALID_PARAMETER_VALUE")
ABSENT = (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traces]:
    with traces_server(tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture
def experiment(server: Traces, request: pytest.FixtureRequest) -> str:
    return server.experiment(request.node.name)


def test_keys_of_the_caller_keep_their_spelling(server: Traces, experiment: str) -> None:
    server.start(experiment, 1, tags={"userName": "x", "user_name": "y"}, trace_metadata={"someKey": "z"})
    info = server.get(1)["trace_info"]
    assert (info["tags"]["userName"], info["tags"]["user_name"]) == ("x", "y")
    assert info["trace_metadata"]["someKey"] == "z"


def test_a_repeated_start_changes_nothing(server: Traces, experiment: str) -> None:
    said = {"assessment_name": "f", "feedback": {"value": 1}, "source": {"source_type": "CODE"}}
    first = server.start(experiment, 2, tags={"a": "1"}, assessments=[said])
    again = server.start(experiment, 2, tags={"a": "1"}, assessments=[said])
    assert len(again["trace_info"]["assessments"]) == 1
    assert first["trace_info"]["tags"] == again["trace_info"]["tags"]


def test_fixed_tags_are_the_servers(server: Traces, experiment: str) -> None:
    server.start(experiment, 3, tags={"mlflow.artifactLocation": "s3://elsewhere"})
    assert server.get(3)["trace_info"]["tags"]["mlflow.artifactLocation"].startswith("mlflow-artifacts:")
    place = f"2:traces/{trace_id(3)}/tags"
    assert server.fails("PATCH", place, key="mlflow.artifactLocation", value="x") == BAD_VALUE
    assert server.fails("DELETE", place, key="mlflow.artifactLocation") == BAD_VALUE


def test_expectations_keep_their_shape(server: Traces, experiment: str) -> None:
    server.start(experiment, 4)
    value = {"deepKey": [None, {"innerKey": True}]}
    said = {"assessmentName": "e", "expectation": {"value": value}}
    made = server.ok("POST", f"traces/{trace_id(4)}/assessments", assessment=said)["assessment"]
    got = server.ok("GET", f"traces/{trace_id(4)}/assessments/{made['assessment_id']}")["assessment"]
    assert got["expectation"] == {"value": value}


def test_removing_an_override_restores_what_it_overrode(server: Traces, experiment: str) -> None:
    server.start(experiment, 5)
    place = f"traces/{trace_id(5)}/assessments"

    def say(**more: Any) -> str:
        said = {"assessment_name": "f", "feedback": {"value": 1}, **more}
        return str(server.ok("POST", place, assessment=said)["assessment"]["assessment_id"])

    first = say()
    second = say(overrides=first)
    assert server.ok("GET", f"{place}/{first}")["assessment"]["valid"] is False
    server.ok("DELETE", f"{place}/{second}")
    assert server.ok("GET", f"{place}/{first}")["assessment"]["valid"] is True
    assert (
        server.fails("POST", place, assessment={"assessment_name": "f", "feedback": {}, "overrides": "a-0"})
        == ABSENT
    )
    assert server.found(experiment, "feedback.f >= 1") == [trace_id(5)]
    mask = {"update_mask": "trace_id", "assessment": {"trace_id": "x"}}
    assert server.fails("PATCH", f"{place}/{first}", **mask) == BAD_VALUE


def test_nul_is_refused_in_names_and_finds_nothing_in_ids(server: Traces, experiment: str) -> None:
    server.start(experiment, 7)
    said = {"assessment_name": "a\x00", "feedback": {"value": "b\x00"}}
    assert server.fails("POST", f"traces/{trace_id(7)}/assessments", assessment=said) == BAD_VALUE
    said["assessment_name"] = "a"
    server.ok("POST", f"traces/{trace_id(7)}/assessments", assessment=said)
    assert server.fails("GET", "traces/a%00b") == ABSENT


def test_pages_show_every_trace_once(server: Traces, experiment: str) -> None:
    for number in range(100, 107):
        server.start(experiment, number, request_time="2026-01-01T00:00:00Z", tags={"n": str(number % 2)})
    place = [{"mlflow_experiment": {"experiment_id": experiment}}]
    for order in ([], ["tags.n DESC"], ["status", "execution_time DESC"], ["metadata.none"]):
        found: list[str] = []
        token = ""
        while token is not None:
            asked = {"locations": place, "max_results": 3, "order_by": order, "page_token": token}
            page = server.ok("POST", "traces/search", **asked)
            found += [trace["trace_id"] for trace in page.get("traces", [])]
            token = page.get("next_page_token")
        assert sorted(found) == [trace_id(number) for number in range(100, 107)], order


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("span.attributes.`odd.key \"x\"` = 'yes'", "a"),
        ("span.attributes.colour != 'red'", "b"),
        ("span.attributes.n LIKE '4%'", "a"),
        ("span.attributes.n = '42'", "a"),
        ("span.attributes.n = '4'", ""),
        ("span.attributes.on = 'true'", "a"),
        ("span.attributes.colour = 'größe'", "b"),
        ("span.attributes.colour = 'red'", "a"),
        ("span.attributes.size = '1.5'", "a"),
        ('span.attributes.inner = \'{"colour":"red"}\'', "b"),
        ("span.name RLIKE '^lea'", "ab"),
        ("span.name = 'leaf'", "ab"),
        ("span.name LIKE 'twi%'", "b"),
        ("span.name IN ('twig', 'bud')", "b"),
        ("span.type = 'LLM' AND span.name = 'twig'", "b"),
        ("span.type = 'LLM'", "b"),
        ("span.type = 'LLM' AND span.name = 'leaf'", ""),
        ("span.name = 'leaf' AND span.attributes.colour = 'red'", "a"),
        ("span.name = 'root' AND span.attributes.colour = 'red'", ""),
        ("span.name = 'leaf' AND trace.text LIKE '%größe%' AND status = 'OK'", "b"),
        ("span.name = 'Leaf'", ""),
        ("trace.text LIKE '%größe%'", "b"),
        ("trace.end_time > 0 AND span.status = 'UNSET'", "ab"),
        ("issue.id = 'x'", ""),
    ],
)
@pytest.mark.parametrize("rare", [0, 1_000])
def test_filters_look_into_spans(
    server: Traces, clause: str, expected: str, rare: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compile_traces, "RARE", rare)
    if server.call("GET", "2:experiments/get-by-name", {"experiment_name": "spans"})[0] == 404:
        made = server.experiment("spans")
        server.export(
            made,
            spans(
                200,
                {
                    "root": {},
                    "leaf": {'odd.key "x"': "yes", "colour": "red", "n": 42, "on": True, "size": 1.5},
                },
            ),
        )
        twig = {"mlflow.spanType": "LLM", "inner": '{"colour":"red"}'}
        server.export(made, spans(201, {"root": {}, "leaf": {"colour": "größe"}, "twig": twig}))
    known = server.ok("GET", "2:experiments/get-by-name", experiment_name="spans")["experiment"]
    letters = {trace_id(200): "a", trace_id(201): "b"}
    found = server.found(known["experiment_id"], clause)
    assert "".join(sorted(letters[id] for id in found)) == expected


def test_linked_prompts_are_kept_once_and_found(server: Traces, experiment: str) -> None:
    server.start(experiment, 6)
    for _ in range(2):
        prompts = [{"name": "p/q", "version": "3"}]
        server.ok("POST", "2:traces/link-prompts", trace_id=trace_id(6), prompt_versions=prompts)
    assert server.get(6)["trace_info"]["tags"]["mlflow.linkedPrompts"] == '[{"name": "p/q", "version": "3"}]'
    assert server.found(experiment, "prompt = 'p/q/3'") == [trace_id(6)]
    assert server.found(experiment, "prompt = 'p/q/4'") == []


def test_traces_are_deleted_with_all_that_belongs_to_them(server: Traces, experiment: str) -> None:
    for number in range(300, 303):
        server.start(experiment, number, tags={"a": "b"})
        server.export(experiment, spans(number, {"root": {}}))
    server.ok(
        "POST", f"traces/{trace_id(300)}/assessments", assessment={"assessment_name": "f", "feedback": {}}
    )
    server.ok("POST", "2:traces/link-to-run", trace_ids=[trace_id(300)], run_id="r")
    gone = server.ok("POST", "traces/delete-traces", experiment_id=experiment, request_ids=[trace_id(300)])
    assert gone == {"traces_deleted": 1}
    asked = {"experiment_id": experiment, "max_timestamp_millis": 2**53}
    assert server.ok("POST", "2:traces/delete-traces", max_traces=1, **asked) == {"traces_deleted": 1}
    assert server.found(experiment) == [trace_id(302)]
    assert server.fails("POST", "2:traces/delete-traces", max_traces=0, **asked) == BAD_VALUE
    assert server.fails("GET", f"traces/{trace_id(300)}") == ABSENT


@pytest.mark.parametrize(
    "info",
    [
        {"trace_id": "a/b"},
        {"trace_id": ".."},
        {"state": "MAYBE"},
        {"request_time": "yesterday"},
        {"execution_duration": "long"},
        {"trace_location": {}},
        {"tags": {"a": "\x00"}},
        {"tags": {"a": 1}},
    ],
    ids=str,
)
def test_a_start_that_makes_no_sense_is_refused(
    server: Traces, experiment: str, info: dict[str, Any]
) -> None:
    place = {"mlflow_experiment": {"experiment_id": experiment}}
    whole = {"trace_id": "tr-x", "trace_location": place, **info}
    assert server.fails("POST", "traces", trace={"trace_info": whole}) == BAD_VALUE

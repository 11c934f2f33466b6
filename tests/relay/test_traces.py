"""Traces through a relay: written down like all that is logged, refused in the server's words, read while it is away."""

from __future__ import annotations

import gzip
import json
import uuid
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from runyard.client.journal.calls.traces import MOST_BYTES, PART_BYTES
from runyard.client.journal.folder import journals
from runyard.relay.running import Running
from tests.api.live_server import Client
from tests.relay.conftest import ServerProcess, relayed

TRACES = "/api/3.0/mlflow/traces"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
SPANS = "/v1/traces"
PROTOBUF = "application/x-protobuf"
START_NS = 1_700_000_000_000_000_000


def new_id() -> str:
    return f"tr-{uuid.uuid4().hex}"


def otlp(*trace_ids: str, spans: int = 2, padding: int = 0) -> ExportTraceServiceRequest:
    """The spans of some traces: a root, and others below it."""
    request = ExportTraceServiceRequest()
    batch = request.resource_spans.add().scope_spans.add()
    for trace_id in trace_ids:
        for number in range(1, spans + 1):
            span = batch.spans.add(
                trace_id=bytes.fromhex(trace_id[3:]),
                span_id=number.to_bytes(8, "big"),
                name=f"s{number}",
                start_time_unix_nano=START_NS + number,
                end_time_unix_nano=START_NS + 1_000_000_000,
            )
            if number > 1:
                span.parent_span_id = (1).to_bytes(8, "big")
            elif padding:
                span.attributes.add(key="pad").value.string_value = "x" * padding
    return request


def as_json(trace_id: str) -> bytes:
    """One span as OTLP's JSON has it."""
    span = {
        "traceId": trace_id[3:],
        "spanId": "0000000000000001",
        "name": "s1",
        "startTimeUnixNano": str(START_NS),
        "endTimeUnixNano": str(START_NS + 5_000_000),
    }
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()


def sent(client: Client, body: bytes, experiment: str | None = "0", kind: str = PROTOBUF, **more: str) -> Any:
    headers = {"Content-Type": kind, **more}
    if experiment is not None:
        headers["x-mlflow-experiment-id"] = experiment
    return client.send("POST", SPANS, body, headers=headers)


def start(client: Client, trace_id: str, experiment: str = "0", **info: Any) -> Any:
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
    fields = {"trace_id": trace_id, "trace_location": place, "state": "OK", **info}
    return client.ok("POST", TRACES, trace={"trace_info": fields})["trace"]["trace_info"]


def taken_down(server: ServerProcess, relay: Running) -> None:
    server.down()
    relay.desk.reach.lost()


def back(server: ServerProcess, relay: Running) -> Client:
    server.up()
    assert relay.desk.recorder.flush(20).sent
    relay.desk.reach.heard()
    return server.client()


@pytest.mark.parametrize("experiment", ["0", "new"])
def test_what_is_said_while_the_server_is_away_is_told_here_and_there(
    server: ServerProcess, experiment: str
) -> None:
    with relayed(server) as (relay, client):
        taken_down(server, relay)
        if experiment == "new":
            name = uuid.uuid4().hex
            experiment = client.ok("POST", "experiments/create", name=name)["experiment_id"]
        run, one, other = client.run(experiment), new_id(), new_id()
        assert sent(client, otlp(one).SerializeToString(), experiment).status == 200
        answer = sent(client, as_json(other), experiment, "application/json", **{"x-mlflow-run-id": run})
        assert (answer.status, answer.json()) == (200, {})
        info = start(client, one, experiment, request_preview="q", tags={"a": "b"}, execution_duration="0.5s")
        assert info["tags"]["mlflow.trace.spansLocation"] == "TRACKING_STORE"
        client.ok("PATCH", f"{TRACES}/{one}/tags", key="mood", value="good")
        client.ok("PATCH", f"{TRACES}/{one}/tags", key="gone", value="x")
        client.ok("DELETE", f"{TRACES}/{one}/tags", key="gone")
        said = client.ok(
            "POST",
            f"{TRACES}/{one}/assessments",
            assessment={"assessment_name": "fine", "feedback": {"value": 3}},
        )["assessment"]
        client.ok("POST", "/api/2.0/mlflow/traces/link-to-run", trace_ids=[one], run_id=run)
        place = info["tags"]["mlflow.artifactLocation"].removeprefix("mlflow-artifacts:/")
        assert client.send("PUT", f"{FILES}/{place}/attachments/p", b"picture").status == 200
        assert client.send("GET", f"{FILES}/{place}/attachments/p").content == b"picture"

        def told(by: Client, where: str) -> Any:
            got = by.ok("GET", f"{TRACES}/get", trace_id=one)["trace"]
            many = by.call("GET", f"{TRACES}/batchGet", {"trace_ids": [one, other]}).json()["traces"]
            infos = by.ok("POST", f"{TRACES}/batchGetInfos", trace_ids=[one, other])["trace_infos"]
            assert by.ok("GET", f"{TRACES}/{one}")["trace"]["trace_info"] == got["trace_info"]
            location = {"mlflow_experiment": {"experiment_id": where}}

            def search(clause: str, **more: Any) -> list[str]:
                page = by.ok("POST", f"{TRACES}/search", locations=[location], filter=clause, **more)
                return [found["trace_id"] for found in page.get("traces", [])]

            ours = f"attributes.run_id = '{run}'"
            searches = [
                search(ours),
                search(f"{ours} AND tags.mood LIKE 'g%'"),
                search(f"{ours} AND feedback.fine > 2"),
                search(f"{ours} AND span.name = 's2'"),
                search(ours, order_by=["execution_time_ms DESC"], max_results=1),
            ]
            for trace in (got, *many):
                trace["trace_info"]["trace_location"] = None
                trace["trace_info"]["tags"].pop("mlflow.artifactLocation")
            return got, many, [found["trace_id"] for found in infos], searches

        here = told(client, experiment)
        assert here[0]["trace_info"]["tags"] == {
            "a": "b", "mood": "good", "mlflow.trace.spansLocation": "TRACKING_STORE", "mlflow.traceName": "s1"
        }  # fmt: skip
        assert here[0]["trace_info"]["assessments"] == [said]
        assert sorted(here[3][0]) == sorted([one, other])
        assert here[3][1:4] == [[one]] * 3 and here[3][4] == [one]
        unknown = client.call("GET", f"{TRACES}/get", {"trace_id": new_id()})
        assert unknown.status == 503

        direct = back(server, relay)
        number = direct.ok("GET", "runs/get", run_id=run)["run"]["info"]["experiment_id"]
        assert told(direct, number) == here
        assert told(client, experiment) == here  # the server's answers, by the names that were given here
        assert client.send("GET", f"{FILES}/{place}/attachments/p").content == b"picture"
        root = direct.ok("GET", f"{TRACES}/{one}")["trace"]["trace_info"]["tags"]["mlflow.artifactLocation"]
        there = root.removeprefix("mlflow-artifacts:/")
        assert direct.send("GET", f"{FILES}/{there}/attachments/p").content == b"picture"


def test_a_trace_without_spans_says_so_that_its_client_brings_them(server: ServerProcess) -> None:
    with relayed(server) as (relay, client):
        one = new_id()
        info = start(client, one)
        assert "mlflow.trace.spansLocation" not in info["tags"]
        place = info["tags"]["mlflow.artifactLocation"].removeprefix("mlflow-artifacts:/")
        body = b'{"spans": []}'
        assert client.send("PUT", f"{FILES}/{place}/traces.json", body).status == 200
        assert relay.desk.recorder.flush(20).sent
        found = server.client().send("GET", f"/ajax-api/2.0/mlflow/get-trace-artifact?request_id={one}")
        assert found.content == body


BAD_SPANS: list[tuple[bytes, str | None, str, dict[str, str]]] = [
    (b"", "0", PROTOBUF, {}),
    (b"\xff\xff", "0", PROTOBUF, {}),
    (otlp("tr-" + "a" * 30).SerializeToString(), "0", PROTOBUF, {}),
    (b"{}", "0", "application/json", {}),
    (b"{", "0", "application/json", {}),
    (b"x", "0", "text/plain", {}),
    (b"x", "0", PROTOBUF, {"Content-Encoding": "gzip"}),
    (b"x", "0", PROTOBUF, {"Content-Encoding": "br"}),
    (gzip.compress(b"\0" * 300_000_000, 1), "0", PROTOBUF, {"Content-Encoding": "gzip"}),
    (b"x", None, PROTOBUF, {}),
    (otlp(new_id()).SerializeToString(), "987654321", PROTOBUF, {}),
    (otlp(new_id()).SerializeToString(), "nonsense", PROTOBUF, {}),
]


@pytest.mark.parametrize("case", BAD_SPANS, ids=range(len(BAD_SPANS)))
def test_spans_are_refused_in_the_servers_words(server: ServerProcess, case: Any) -> None:
    body, experiment, kind, headers = case
    with relayed(server) as (relay, client):
        ours = sent(client, body, experiment, kind, **headers)
        theirs = sent(server.client(), body, experiment, kind, **headers)
        assert (ours.status, ours.content) == (theirs.status, theirs.content)
        assert 400 <= ours.status < 500 and relay.desk.recorder.seq == 0


def test_what_is_wrong_with_a_trace_is_told_at_the_call_in_the_servers_words(server: ServerProcess) -> None:
    place = {"mlflow_experiment": {"experiment_id": "0"}}
    with relayed(server) as (relay, client):
        one, gone = new_id(), client.experiment(name=uuid.uuid4().hex)
        server.client().ok("POST", "experiments/delete", experiment_id=gone)
        start(client, one)
        assert relay.desk.recorder.flush(20).sent
        seq = relay.desk.recorder.seq
        of_one = f"{TRACES}/{one}"
        bad: list[tuple[str, str, dict[str, Any]]] = [
            ("POST", TRACES, {"trace": {"trace_info": {"trace_id": "a/b", "trace_location": place}}}),
            ("POST", TRACES, {"trace": {"trace_info": {"trace_id": "x" * 300, "trace_location": place}}}),
            ("POST", TRACES, {"trace": {"trace_info": {"trace_id": new_id()}}}),
            ("POST", TRACES, {"trace": {"trace_info": {"trace_id": new_id(), "trace_location": {
                "mlflow_experiment": {"experiment_id": "987654321"}}}}}),
            *(("POST", TRACES, {"trace": {"trace_info": {"trace_id": new_id(), "trace_location": place, **more}}})
              for more in ({"request_time": "never"}, {"execution_duration": "long"}, {"state": "GONE"},
                           {"tags": {"a": "\0"}}, {"tags": 3}, {"assessments": [{"assessment_name": "a"}]})),
            ("POST", TRACES, {"trace": {"trace_info": {"trace_id": new_id(), "trace_location": {
                "mlflow_experiment": {"experiment_id": gone}}}}}),
            ("POST", TRACES, {}),
            ("PATCH", f"{of_one}/tags", {"key": "mlflow.artifactLocation", "value": "x"}),
            ("PATCH", f"{of_one}/tags", {"key": "", "value": "x"}),
            ("PATCH", f"{of_one}/tags", {"key": "k" * 300, "value": "x"}),
            ("PATCH", f"{of_one}/tags", {"value": "x"}),
            ("DELETE", f"{of_one}/tags", {"key": "mlflow.artifactLocation"}),
            ("DELETE", f"{of_one}/tags", {"key": "absent"}),
            ("PATCH", f"{TRACES}/tr-absent/tags", {"key": "a", "value": "x"}),
            ("POST", f"{of_one}/assessments", {"assessment": {"assessment_name": "a"}}),
            ("POST", f"{of_one}/assessments", {"assessment": {"feedback": {"value": 1}}}),
            ("POST", f"{of_one}/assessments", {}),
            ("POST", f"{TRACES}/tr-absent/assessments", {"assessment": {"assessment_name": "a", "feedback": {}}}),
            ("POST", "/api/2.0/mlflow/traces/link-to-run", {"run_id": "r", "trace_ids": [one] * 101}),
            ("POST", "/api/2.0/mlflow/traces/link-to-run", {"trace_ids": [one]}),
            ("POST", "/api/2.0/mlflow/traces/link-prompts", {"trace_id": one, "prompt_versions": [{"name": "n"}]}),
            ("GET", f"{TRACES}/get", {"trace_id": one}),  # its spans are missing
            ("GET", f"{TRACES}/get", {}),
            ("POST", f"{TRACES}/search", {"locations": []}),
            ("POST", f"{TRACES}/search", {"locations": [place], "filter": "nonsense"}),
        ]  # fmt: skip
        direct = server.client()
        for method, path, fields in bad:
            ours, theirs = client.call(method, path, fields), direct.call(method, path, fields)
            assert (ours.status, ours.json()) == (theirs.status, theirs.json()), (path, fields)
            assert 400 <= ours.status < 500, (path, fields)
        assert relay.desk.recorder.seq == seq
        direct.ok("POST", "experiments/restore", experiment_id=gone)
        start(client, new_id(), gone)


def test_what_only_the_server_can_tell_is_503_while_it_is_away(server: ServerProcess) -> None:
    with relayed(server) as (relay, client):
        taken_down(server, relay)
        one, place = new_id(), {"mlflow_experiment": {"experiment_id": "0"}}
        sent(client, otlp(one).SerializeToString())
        for clause in (
            "span.attributes.x = 'y'",
            "span.name = 'a' AND span.type = 'b'",
            "trace.text LIKE 'x'",
        ):
            answer = client.call("POST", f"{TRACES}/search", {"locations": [place], "filter": clause})
            assert answer.status == 503, clause
        assert client.call("GET", f"{TRACES}/batchGet", {"trace_ids": [one, new_id()]}).status == 503
        assert client.call("POST", f"{TRACES}/search", {"locations": [place], "filter": "("}).status == 400
        assert client.call("POST", f"{TRACES}/delete-traces", {"experiment_id": "0"}).status == 503


def test_many_and_large_spans_go_in_several_records(server: ServerProcess) -> None:
    with relayed(server) as (relay, client):
        ids = [new_id() for _ in range(3)]
        whole = otlp(*ids, padding=PART_BYTES // 2).SerializeToString()
        assert sent(client, gzip.compress(whole, 0), **{"Content-Encoding": "gzip"}).status == 200
        assert relay.desk.recorder.seq >= 2
        large = otlp(new_id(), padding=MOST_BYTES + 1).SerializeToString()
        answer = sent(client, large)
        assert answer.status == 413 and "attachments" in answer.json()["detail"]
        assert relay.desk.recorder.flush(20).sent
        direct = server.client()
        for one in ids:
            assert len(direct.ok("GET", f"{TRACES}/get", trace_id=one)["trace"]["spans"]) == 2


def test_spans_of_a_relay_that_was_killed_are_in_its_journal(server: ServerProcess) -> None:
    """What was acknowledged is on the disk."""
    with relayed(server) as (relay, client):
        taken_down(server, relay)
        one = new_id()
        sent(client, otlp(one).SerializeToString())
        (folder,) = journals(relay.desk.home)
        text = b"".join(folder.segment(number).read_bytes() for number in folder.segments())
        assert bytes.fromhex(one[3:]) in text
        back(server, relay)


FILTERS = [
    "",
    "tags.a = 'x'",
    "tags.a != 'x'",
    "tags.a LIKE 'X%'",
    "tags.a ILIKE 'X%'",
    "tags.a RLIKE '^[xy]'",
    "tags.a IS NULL",
    "tags.a IN ('x', 'z')",
    "tags.a NOT IN ('x', 'z')",
    "metadata.m = '1'",
    "metadata.m IS NOT NULL",
    "status = 'ERROR'",
    "status != 'ERROR'",
    "name = 's1'",
    "name LIKE 's%' AND tags.a IS NOT NULL",
    "timestamp_ms > 1700000000500",
    "execution_time_ms >= 500",
    "execution_time_ms < 500",
    "attributes.end_time > 1700000001000",
    "request_id = '{0}'",
    "client_request_id = 'mine'",
    "run_id = '{run}'",
    "run_id != '{run}'",
    "prompt = 'p/3'",
    "prompt = 'p/4'",
    "feedback.f = 'good'",
    "feedback.f != 'good'",
    "feedback.n > 1",
    "feedback.n = 2",
    "feedback.b = 'true'",
    "feedback.f IS NULL",
    "expectation.e = 'yes'",
    "span.name = 's2'",
    "span.name LIKE 's%'",
    "span.status = 'UNSET'",
    "span.type = 'UNKNOWN'",
    "issue.id = 'i'",
]
ORDERS: list[list[str]] = [
    ["timestamp_ms ASC"],
    ["execution_time_ms DESC"],
    ["tags.a"],
    ["tags.a DESC", "timestamp_ms"],
    ["run_id"],
    ["status", "request_id"],
    ["metadata.m DESC"],
    ["name DESC", "request_id DESC"],
]


def test_searches_mean_here_what_they_mean_there(server: ServerProcess) -> None:
    with relayed(server) as (relay, client):
        experiment, ids = client.experiment(name=uuid.uuid4().hex), [new_id() for _ in range(6)]
        run = client.run(experiment)
        taken_down(server, relay)
        sent(client, otlp(*ids[:3]).SerializeToString(), experiment, **{"x-mlflow-run-id": run})
        sent(client, otlp(ids[5], spans=1).SerializeToString(), experiment)
        at = [f"2023-11-14T22:13:2{number}Z" for number in range(5)]
        start(client, ids[0], experiment, request_time=at[0], tags={"a": "x"}, execution_duration="0.5s")
        start(client, ids[1], experiment, request_time=at[1], tags={"a": "Xy"}, client_request_id="mine")
        start(client, ids[2], experiment, request_time=at[1], state="ERROR", trace_metadata={"m": "1"})
        start(client, ids[3], experiment, request_time=at[3], tags={"a": "z"}, trace_metadata={"m": "2"})
        start(client, ids[4], experiment, request_time=at[4], execution_duration="2s")
        client.ok("POST", "/api/2.0/mlflow/traces/link-to-run", trace_ids=ids[3:4], run_id=run)
        prompts = [{"name": "p", "version": "3"}]
        client.ok("POST", "/api/2.0/mlflow/traces/link-prompts", trace_id=ids[1], prompt_versions=prompts * 2)
        for one, name, kind, value in (
            (0, "f", "feedback", "good"),
            (1, "f", "feedback", "bad"),
            (1, "n", "feedback", 2),
            (2, "n", "feedback", 1.0),
            (2, "b", "feedback", True),
            (3, "e", "expectation", "yes"),
        ):
            said = {"assessment_name": name, kind: {"value": value}}
            client.ok("POST", f"{TRACES}/{ids[one]}/assessments", assessment=said)
        place = {"mlflow_experiment": {"experiment_id": experiment}}

        def found(by: Client, **fields: Any) -> Any:
            answer = by.call("POST", f"{TRACES}/search", {"locations": [place], **fields})
            if answer.status != 200:
                return answer.status, answer.json()
            return [one["trace_id"] for one in answer.json().get("traces", [])]

        queries: list[dict[str, Any]] = [
            *({"filter": one.format(*ids, run=run)} for one in FILTERS),
            *({"order_by": one} for one in ORDERS),
        ]
        here = [found(client, **one) for one in queries]
        assert len(here[0]) == 6
        pages: list[str] = []
        token = None
        while token is not None or not pages:
            more: dict[str, Any] = {"page_token": token} if token else {}
            page = client.ok("POST", f"{TRACES}/search", locations=[place], max_results=4, **more)
            pages += [one["trace_id"] for one in page["traces"]]
            token = page.get("next_page_token")
            if token is None:
                break
        assert pages == here[0]
        direct = back(server, relay)
        for query, ours in zip(queries, here, strict=True):
            assert found(direct, **query) == ours, query

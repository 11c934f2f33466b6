"""Spans over OTLP: either of span and description may come first; what cannot be read is refused whole."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator

import pytest

from tests.api.traces_server import PROTOBUF, START_NS, Traces, spans, trace_id, traces_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traces]:
    with traces_server(tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture
def experiment(server: Traces, request: pytest.FixtureRequest) -> str:
    return server.experiment(request.node.name)


def test_spans_alone_make_a_trace(server: Traces, experiment: str) -> None:
    body = spans(1, {"root": {"mlflow.spanInputs": "in", "mlflow.traceTag.mood": "good"}, "leaf": {}}, "shop")
    assert server.export(experiment, body) == (200, b"")
    trace = server.get(1)
    info = trace["trace_info"]
    assert (info["state"], info["execution_duration"], info["request_preview"]) == ("OK", "2s", "in")
    assert info["request_time"] == "2023-11-14T22:13:20Z"
    assert info["tags"] == {
        "mlflow.artifactLocation": f"mlflow-artifacts:/{experiment}/traces/{trace_id(1)}/artifacts",
        "mlflow.trace.spansLocation": "TRACKING_STORE",
        "mlflow.traceName": "root",
        "mood": "good",
        "service.name": "shop",
    }
    assert [span["name"] for span in trace["spans"]] == ["root", "leaf"]
    assert trace["spans"][1]["start_time_unix_nano"] == START_NS + 2


def test_spans_do_not_override_the_description(server: Traces, experiment: str) -> None:
    body = spans(2, {"root": {}})
    server.export(experiment, body)
    server.start(experiment, 2, state="ERROR", request_preview="mine")
    server.export(experiment, body)
    info = server.get(2)["trace_info"]
    assert (info["state"], info["execution_duration"], info["request_preview"]) == ("ERROR", "1.500s", "mine")
    assert info["trace_metadata"]["mlflow.trace.infoFinalized"] == "true"
    assert len(server.get(2)["spans"]) == 1


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body, wbits=-15)),
    ],
    ids=["gzip", "zlib", "raw"],
)
def test_compressed_spans_are_read(server: Traces, experiment: str, encoding: str, pack) -> None:  # type: ignore[no-untyped-def]
    assert server.export(experiment, pack(b""), content_encoding=encoding)[0] == 400
    body = spans(1_000 + int(experiment), {"root": {}})
    assert server.export(experiment, pack(body), content_encoding=encoding) == (200, b"")
    assert len(server.found(experiment)) == 1


def test_a_small_body_that_inflates_hugely_is_refused(server: Traces, experiment: str) -> None:
    bomb = gzip.compress(bytes(65 * 1024 * 1024), compresslevel=1)
    assert server.export(experiment, bomb, content_encoding="gzip")[0] == 413


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_damaged_or_unknown_compression_is_refused(server: Traces, experiment: str, encoding: str) -> None:
    assert server.export(experiment, b"nonsense", content_encoding=encoding)[0] == 400
    cut = gzip.compress(spans(3, {"root": {}}))[:-4]
    assert server.export(experiment, cut, content_encoding=encoding)[0] == 400


def test_json_spans_with_hex_ids_are_read(server: Traces, experiment: str) -> None:
    span = {"traceId": f"{4:032x}", "spanId": f"{1:016x}", "name": "json", "startTimeUnixNano": str(START_NS)}
    attribute = {"key": "k", "value": {"arrayValue": {"values": [{"intValue": "7"}, {"boolValue": True}]}}}
    span |= {"status": {"code": 2}, "attributes": [attribute], "unknown": 1}  # type: ignore[dict-item]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    assert server.export(experiment, body, content_type="application/json") == (200, b"{}")
    got = server.get(4)["spans"][0]
    values = [{"int_value": 7}, {"bool_value": True}]
    assert got["attributes"] == [{"key": "k", "value": {"array_value": {"values": values}}}]
    assert got["status"]["code"] == "STATUS_CODE_ERROR"


def test_one_bad_span_refuses_the_whole_export(server: Traces, experiment: str) -> None:
    good = spans(5, {"root": {}})
    bad = spans(5, {"a": {}}).replace((1).to_bytes(8, "big"), b"1234567", 1)
    assert server.export(experiment, good + bad[:-1])[0] in (400, 422)
    nameless = good.replace(b"\x12\x08" + (1).to_bytes(8, "big"), b"\x12\x00")
    assert server.export(experiment, nameless)[0] in (400, 422)
    assert server.found(experiment) == []


def test_numbers_that_json_cannot_hold_become_text(server: Traces, experiment: str) -> None:
    server.export(experiment, spans(6, {"root": {"loss": float("nan"), "text": "a\x00b", "n": 2**62}}))
    found = {pair["key"]: pair["value"] for pair in server.get(6)["spans"][0]["attributes"]}
    assert found == {
        "loss": {"string_value": "nan"},
        "text": {"string_value": "a\ufffdb"},
        "n": {"int_value": 2**62},
    }


def test_a_trace_stays_in_its_experiment(server: Traces, experiment: str) -> None:
    other = server.experiment("other-" + experiment)
    server.export(experiment, spans(7, {"root": {}}))
    assert server.export(other, spans(7, {"root": {}}))[0] == 400
    assert server.export("987654321", spans(8, {"root": {}}))[0] == 404
    assert server.found(other) == []


def test_spans_sent_for_a_run_are_found_by_the_run(server: Traces, experiment: str) -> None:
    server.export(experiment, spans(9, {"root": {}}), x_mlflow_run_id="r1")
    server.export(experiment, spans(10, {"root": {}}))
    server.ok("POST", "2:traces/link-to-run", trace_ids=[trace_id(10)], run_id="r2")
    assert server.found(experiment, "run_id = 'r1'") == [trace_id(9)]
    assert server.found(experiment, "run_id IN ('r1', 'r2')", order_by=["request_id"]) == [
        trace_id(9),
        trace_id(10),
    ]


def test_a_trace_without_all_its_spans_is_partial(server: Traces, experiment: str) -> None:
    server.start(experiment, 11, trace_metadata={"mlflow.trace.sizeStats": '{"num_spans": 2}'})
    server.export(experiment, spans(11, {"root": {}}))
    asked = {"trace_id": trace_id(11), "allow_partial": "False"}
    assert server.fails("GET", "traces/get", **asked)[0] == 404
    assert server.ok("GET", "traces/batchGet", trace_ids=[trace_id(11)]) == {}
    server.export(experiment, spans(11, {"root": {}, "leaf": {}}))
    assert len(server.ok("GET", "traces/get", **asked)["trace"]["spans"]) == 2


def test_the_browser_gets_the_spans_as_a_file(server: Traces, experiment: str) -> None:
    server.export(experiment, spans(12, {"root": {}}), content_type=PROTOBUF)
    path = f"/ajax-api/2.0/mlflow/get-trace-artifact?request_id={trace_id(12)}"
    status, body = server.send("GET", path, None, {})
    assert status == 200
    assert [span["name"] for span in json.loads(body)["spans"]] == ["root"]


def test_bodies_that_cost_far_more_than_they_weigh_are_refused(server: Traces, experiment: str) -> None:
    repeated = gzip.compress(spans(13, {"root": {"a": "x" * 3_000_000}}))
    status, body = server.export(experiment, repeated, content_encoding="gzip")
    assert (status, list(json.loads(body))) == (413, ["detail"])
    many = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{}] * 20_001}]}]}).encode()
    status, body = server.export(experiment, many, content_type="application/json")
    assert (status, "20000 spans" in json.loads(body)["detail"]) == (413, True)
    assert server.found(experiment) == []

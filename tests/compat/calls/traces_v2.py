"""Trace routes of MLflow 2: start, end, info, search; tags and deletion are the same as in MLflow 3."""

from typing import Any

from .call import Call, delete, get, patch, post, put

SCHEMA = {"key": "mlflow.trace_schema.version", "value": "2"}
BROWSER = "/ajax-api/2.0/mlflow/get-trace-artifact"
NAME = {"key": "mlflow.traceName", "value": "name"}


def _start(name: str, **more: Any) -> Call:
    body = {
        "experiment_id": "{exp}",
        "timestamp_ms": 1700000000000,
        "request_metadata": [SCHEMA],
        "tags": [NAME],
    }
    keep = more.pop("keep", {"trace": "trace_info.request_id"})
    return post(name, "traces", {k: v for k, v in (body | more).items() if v is not None}, keep=keep)


def _end(name: str, **more: Any) -> Call:
    body = {
        "timestamp_ms": 1700000000250,
        "status": "OK",
        "request_metadata": [{"key": "mlflow.traceInputs", "value": "asked"}, {"key": "deep", "value": "1"}],
        "tags": [{"key": "t", "value": "1"}],
    }
    trace = more.pop("trace", "{trace}")
    return patch(name, f"traces/{trace}", {k: v for k, v in (body | more).items() if v is not None})


def _search(name: str, *query: tuple[str, str]) -> Call:
    return get(name, "traces", ("experiment_ids", "{exp}"), *query)


FILTERS = ("status = 'OK'", "tags.t = '1'", "request_metadata.deep = '1'", "timestamp_ms > 1600000000000", "execution_time_ms = 250", "attributes.name = 'name'", "tags.`mlflow.traceName` = 'name'", "foo = 'x'")  # fmt: skip

CALLS = (
    post("experiment", "experiments/create", {"name": "{nonce}"}, keep={"exp": "experiment_id"}),
    post("gone experiment", "experiments/create", {"name": "g-{nonce}"}, keep={"gone": "experiment_id"}),
    post("delete experiment", "experiments/delete", {"experiment_id": "{gone}"}),
    _search("search before"),
    _start("start", keep={"trace": "trace_info.request_id"}),
    _start("start another", keep={"other": "trace_info.request_id"}, timestamp_ms="1700000001000", tags=None),
    _start("start third", keep={"third": "trace_info.request_id"}, timestamp_ms=1700000002000, request_metadata=None),
    _start("start in deleted experiment", experiment_id="{gone}", keep={}),
    _start("start in unknown experiment", experiment_id="987654321", keep={}),
    _start("start without experiment", experiment_id=None, keep={}),
    _start("start with experiment as number", experiment_id=0, keep={}),
    _start("start without time", timestamp_ms=None, keep={}),
    _start("start with time as text", timestamp_ms="soon", keep={}),
    _start("start with fixed tags", timestamp_ms=1700000000010, tags=[{"key": "mlflow.artifactLocation", "value": "x"}, {"key": "mlflow.trace.spansLocation", "value": "x"}, {"key": "k", "value": "v"}], keep={"fixed": "trace_info.request_id"}),
    _start("start with long values", timestamp_ms=1700000000020, tags=[{"key": "k", "value": "v" * 5000}], request_metadata=[{"key": "m", "value": "w" * 300}], keep={"long": "trace_info.request_id"}),
    _start("start with tag without key", tags=[{"value": "v"}], keep={}),
    get("info", "traces/{trace}/info", ("request_id", "{trace}")),
    get("info without query", "traces/{trace}/info"),
    get("info of unknown", "traces/" + "0" * 32 + "/info", phrase="not found"),
    _end("end"),
    _end("end again", status="ERROR", timestamp_ms=1700000000300, tags=[NAME | {"value": "renamed"}]),
    _end("end with number", trace="{other}", status=2, request_metadata=None, tags=None),
    _end("end without anything", trace="{third}", status=None, timestamp_ms=None, request_metadata=None, tags=None),
    _end("end with unknown status", trace="{third}", status="DONE"),
    _end("end with state of MLflow 3", trace="{third}", status="STATE_UNSPECIFIED"),
    _end("end before the start", trace="{third}", timestamp_ms=1600000000000),
    _end("end with fixed tags", trace="{fixed}", timestamp_ms=1700000000260, tags=[{"key": "mlflow.artifactLocation", "value": "x"}, {"key": "k", "value": "w"}]),
    _end("end of unknown", trace="0" * 32),
    get("info in the end", "traces/{trace}/info"),
    get("seen by MLflow 3", "3:traces/{trace}", compare="shape"),
    post("found by MLflow 3", "3:traces/search", {"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "{exp}"}}]}, compare="shape"),
    _search("search"),
    _search("search one", ("max_results", "1")),
    _search("search in order", ("order_by", "timestamp_ms ASC"), ("max_results", "2")),
    *(_search(f"filter {text}", ("filter", text)) for text in FILTERS),
    _search("limit 0", ("max_results", "0")),
    _search("limit 501", ("max_results", "501")),
    _search("bad token", ("page_token", "zzz")),
    get("search without experiments", "traces"),
    get("search unknown experiment", "traces", ("experiment_ids", "987654321")),
    patch("tag", "traces/{trace}/tags", {"key": "k", "value": "v"}),
    get("info with tag", "traces/{trace}/info"),
    delete("delete tag", "traces/{trace}/tags", {"key": "k"}),
    post("trace of MLflow 3", "3:traces", {"trace": {"trace_info": {"trace_id": "tr-{nonce}", "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "{exp}"}}, "request_time": "2026-01-02T03:04:05.678Z", "execution_duration": "0.250s", "state": "OK", "request_preview": "asked", "trace_metadata": {"m": "1"}, "tags": {"t": "1"}}}}),
    get("trace of MLflow 3 by MLflow 2", "traces/tr-{nonce}/info"),
    post("trace of MLflow 3 in deleted experiment", "3:traces", {"trace": {"trace_info": {"trace_id": "tr-d{nonce}", "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "{gone}"}}, "request_time": "2026-01-02T03:04:05.678Z", "state": "OK"}}}),
    get("spans for the browser before they are there", BROWSER, ("request_id", "{trace}"), compare="status"),
    put("spans as a file", "/api/2.0/mlflow-artifacts/artifacts/{exp}/traces/{trace}/artifacts/traces.json", b'{"spans": []}'),
    get("spans for the browser", BROWSER, ("request_id", "{trace}"), compare="status"),
    post("delete", "traces/delete-traces", {"experiment_id": "{exp}", "request_ids": ["{trace}", "{other}"]}),
    post("delete the oldest", "traces/delete-traces", {"experiment_id": "{exp}", "max_timestamp_millis": "1700000000000", "max_traces": 1}),
    get("info of deleted", "traces/{trace}/info"),
)  # fmt: skip

from typing import Any

from .call import Call, delete, get, patch, post


def _info(**more: Any) -> dict[str, Any]:
    location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "{exp}"}}
    info = {
        "trace_id": "tr-{nonce}",
        "trace_location": location,
        "request_time": "2026-01-02T03:04:05.678Z",
        "execution_duration": "0.250s",
        "state": "OK",
        "request_preview": "asked",
        "response_preview": "told",
        "client_request_id": "c1",
        "trace_metadata": {"mlflow.trace_schema.version": "3", "deep": "1"},
        "tags": {"mlflow.traceName": "name", "t": "1"},
    }
    return {"trace": {"trace_info": info | more}}


def _search(name: str, **fields: Any) -> Call:
    location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "{exp}"}}
    return post(name, "3:traces/search", {"locations": [location]} | fields)


SOURCE = {"source_type": "HUMAN", "source_id": "me"}
ASSESSMENTS = "3:traces/tr-{nonce}/assessments"
FEEDBACK = {
    "assessment_name": "f",
    "trace_id": "tr-{nonce}",
    "source": SOURCE,
    "feedback": {"value": 0.5},
    "rationale": "why",
    "metadata": {"m": "1"},
}
GOOD_FILTERS = ("trace.name = 'name'", "status = 'OK'", "tags.t = '1'", "metadata.deep = '1'", "timestamp > 0", "execution_time_ms = 250", "trace.client_request_id = 'c1'", "tags.zz IS NULL", "feedback.f > 0.1")  # fmt: skip
BAD_FILTERS = ("foo = 'x'", "status > 'OK'", "timestamp = 'x'", "name = 'a' OR name = 'b'", "tags.t > 'a'", "trace.foo = 'x'", "name = x")  # fmt: skip

CALLS = (
    post("experiment", "experiments/create", {"name": "{nonce}"}, keep={"exp": "experiment_id"}),
    post("other experiment", "experiments/create", {"name": "o-{nonce}"}, keep={"oexp": "experiment_id"}),
    post("run", "runs/create", {"experiment_id": "{exp}", "run_name": "n"}, keep={"run": "run.info.run_id"}),
    post("start", "3:traces", _info()),
    post("start again", "3:traces", _info(state="ERROR", tags={"mlflow.traceName": "name", "t": "1"})),
    post("start third", "3:traces", _info(state="OK")),
    post("start in other experiment", "3:traces", _info(trace_location={"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "{oexp}"}})),
    post("start in unknown experiment", "3:traces", _info(trace_id="tr-x-{nonce}", trace_location={"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "987654321"}})),
    post("start with path id", "3:traces", _info(trace_id="../x")),
    post("start nothing", "3:traces", {}),
    post("start with long values", "3:traces", _info(trace_id="tr-l-{nonce}", trace_location={"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "{oexp}"}}, tags={"t": "v" * 9000}, trace_metadata={"m": "w" * 300}, request_preview="p" * 1500), compare="shape"),
    get("get with long values", "3:traces/tr-l-{nonce}", ("trace_id", "tr-l-{nonce}"), compare="shape"),
    get("get", "3:traces/tr-{nonce}", ("trace_id", "tr-{nonce}"), compare="status"),
    get("get unknown", "3:traces/tr-" + "0" * 32, ("trace_id", "tr-" + "0" * 32), phrase="not found"),
    get("get by query", "3:traces/get", ("trace_id", "tr-{nonce}"), ("allow_partial", "True"), compare="status"),
    get("get by query unknown", "3:traces/get", ("trace_id", "tr-" + "0" * 32), ("allow_partial", "False")),
    get("batch of unknown", "3:traces/batchGet", ("trace_ids", "tr-" + "0" * 32)),
    post("infos", "3:traces/batchGetInfos", {"trace_ids": ["tr-{nonce}", "tr-zz"]}, compare="shape"),
    _search("search"),
    *(_search(f"filter {text}", filter=text) for text in (*GOOD_FILTERS, *BAD_FILTERS)),
    _search("order", order_by=["timestamp DESC", "name"]),
    _search("order by nonsense", order_by=["foo"]),
    _search("limit 0", max_results=0),
    _search("limit 501", max_results=501),
    _search("bad token", page_token="zzz"),
    post("search without locations", "3:traces/search", {}),
    patch("tag", "traces/tr-{nonce}/tags", {"request_id": "tr-{nonce}", "key": "k", "value": "v"}),
    patch("tag v3", "3:traces/tr-{nonce}/tags", {"trace_id": "tr-{nonce}", "key": "k3", "value": "v"}),
    patch("tag of unknown", "traces/tr-zz/tags", {"request_id": "tr-zz", "key": "k", "value": "v"}),
    patch("tag that is fixed", "traces/tr-{nonce}/tags", {"request_id": "tr-{nonce}", "key": "mlflow.artifactLocation", "value": "v"}),
    patch("tag with long key", "traces/tr-{nonce}/tags", {"request_id": "tr-{nonce}", "key": "k" * 251, "value": "v"}),
    delete("delete tag", "traces/tr-{nonce}/tags", {"request_id": "tr-{nonce}", "key": "k"}),
    delete("delete tag again", "traces/tr-{nonce}/tags", {"request_id": "tr-{nonce}", "key": "k"}),
    post("feedback", ASSESSMENTS, {"assessment": FEEDBACK}, keep={"f": "assessment.assessment_id"}),
    post("expectation", ASSESSMENTS, {"assessment": {"assessment_name": "e", "trace_id": "tr-{nonce}", "source": SOURCE, "expectation": {"value": "x"}}}, keep={"e": "assessment.assessment_id"}),
    post("override", ASSESSMENTS, {"assessment": FEEDBACK | {"overrides": "{f}", "feedback": {"value": 1}}}, keep={"f2": "assessment.assessment_id"}),
    post("feedback for unknown", "3:traces/tr-zz/assessments", {"assessment": FEEDBACK | {"trace_id": "tr-zz"}}),
    post("feedback without anything", ASSESSMENTS, {}),
    post("feedback without value", ASSESSMENTS, {"assessment": {"assessment_name": "f", "trace_id": "tr-{nonce}", "source": SOURCE}}),
    get("get feedback", ASSESSMENTS + "/{f}"),
    get("get expectation", ASSESSMENTS + "/{e}"),
    get("get unknown assessment", ASSESSMENTS + "/a-zz"),
    patch("update feedback", ASSESSMENTS + "/{e}", {"assessment": {"assessment_id": "{e}", "trace_id": "tr-{nonce}", "assessment_name": "renamed", "expectation": {"value": "y"}}, "update_mask": "assessmentName,expectation"}),
    patch("update unknown", ASSESSMENTS + "/a-zz", {"assessment": {"assessment_id": "a-zz", "trace_id": "tr-{nonce}", "assessment_name": "renamed"}, "update_mask": "assessmentName"}),
    delete("delete feedback", ASSESSMENTS + "/{f2}"),
    delete("delete feedback again", ASSESSMENTS + "/{f2}"),
    post("infos in the end", "3:traces/batchGetInfos", {"trace_ids": ["tr-{nonce}"]}, compare="shape"),
    post("link", "traces/link-to-run", {"trace_ids": ["tr-{nonce}"], "run_id": "{run}"}),
    post("link nothing", "traces/link-to-run", {"trace_ids": [], "run_id": "{run}"}),
    post("link 101", "traces/link-to-run", {"trace_ids": [f"tr-{i}" for i in range(101)], "run_id": "{run}"}),
    _search("search by run", filter="run_id = '{run}'", max_results=5),
    post("delete with both", "traces/delete-traces", {"experiment_id": "{exp}", "request_ids": ["x"], "max_timestamp_millis": 5}),
    post("delete with none", "traces/delete-traces", {"experiment_id": "{exp}"}),
    post("delete without experiment", "traces/delete-traces", {"request_ids": ["x"]}),
    post("delete unknown", "traces/delete-traces", {"experiment_id": "{exp}", "request_ids": ["x"]}),
    post("delete", "traces/delete-traces", {"experiment_id": "{exp}", "request_ids": ["tr-{nonce}"]}),
    _search("search after delete"),
    Call("spans without experiment", "POST", "/v1/traces", b"", headers={"Content-Type": "application/x-protobuf"}, compare="status"),
    Call("spans that are none", "POST", "/v1/traces", b"nonsense", headers={"Content-Type": "application/x-protobuf", "x-mlflow-experiment-id": "0"}, compare="status"),
    Call("spans as text", "POST", "/v1/traces", b"x", headers={"Content-Type": "text/plain", "x-mlflow-experiment-id": "0"}, compare="status"),
    Call("spans as JSON nothing", "POST", "/v1/traces", b"{}", headers={"Content-Type": "application/json", "x-mlflow-experiment-id": "0"}, compare="status"),
)  # fmt: skip

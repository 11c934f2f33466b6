"""Requests as clients of other languages spell them: 64-bit numbers as text, lowerCamelCase, numbers for enums.

The Java client sends protobuf's JSON, the R and JavaScript clients plain JSON with numbers of their own kinds.
"""

from typing import Any

from .call import get, post

MS = "1700000000000"


def _metric(**more: Any) -> dict[str, Any]:
    return {"run_id": "{run}", "key": "m", "value": 1.5, "timestamp": MS, "step": "7"} | more


CALLS = (
    post("experiment in camel case", "experiments/create", {"name": "{nonce}", "artifactLocation": "s3://b/x", "tags": [{"key": "k", "value": "v"}]}, keep={"exp": "experiment_id"}),
    post("experiment", "experiments/create", {"name": "{nonce}-2", "artifact_location": None, "tags": None}, keep={"plain": "experiment_id"}),
    get("experiment by name", "experiments/get-by-name", ("experiment_name", "{nonce}")),
    post("run with times as text", "runs/create", {"experimentId": "{plain}", "userId": "me", "runName": "n", "startTime": MS, "tags": [{"key": "mlflow.user", "value": "me"}]}, keep={"run": "run.info.run_id"}),
    post("run with a float for a time", "runs/create", {"experiment_id": "{plain}", "start_time": 1700000000000.0, "run_name": "r"}, keep={"floated": "run.info.run_id"}),
    post("metric with numbers as text", "runs/log-metric", _metric()),
    post("metric with value as text", "runs/log-metric", _metric(value="2.5", step="8")),
    post("metric with NaN as text", "runs/log-metric", _metric(key="n_nan", value="NaN")),
    post("metric with infinity as text", "runs/log-metric", _metric(key="o_inf", value="-Infinity")),
    post("metric in camel case", "runs/log-metric", {"runId": "{floated}", "runUuid": "{floated}", "key": "camel", "value": 1, "timestamp": MS, "step": "0"}),
    post("metric with float step", "runs/log-metric", _metric(key="p_floats", step=3.0, timestamp=1700000000000.0)),
    post("metric with text step", "runs/log-metric", _metric(key="bad", step="seven")),
    post("metric without step", "runs/log-metric", {"run_id": "{run}", "key": "q_stepless", "value": 1, "timestamp": MS}),
    post("param", "runs/log-parameter", {"run_uuid": "{run}", "run_id": "{run}", "key": "p", "value": "1"}),
    post("param in camel case", "runs/log-parameter", {"runUuid": "{floated}", "runId": "{floated}", "key": "p", "value": "1"}),
    post("batch", "runs/log-batch", {"run_id": "{run}", "metrics": [{"key": "r", "value": "3", "timestamp": MS, "step": "2"}], "params": [{"key": "q", "value": "x"}], "tags": [{"key": "t", "value": "y"}]}),
    post("batch in camel case", "runs/log-batch", {"runId": "{floated}", "metrics": [{"key": "r", "value": "3", "timestamp": MS, "step": "2"}], "params": [{"key": "camel", "value": "x"}], "tags": [{"key": "t", "value": "y"}]}),
    post("tag", "runs/set-tag", {"run_id": "{run}", "run_uuid": "{run}", "key": "j", "value": "java"}),
    post("tag in camel case", "runs/set-tag", {"runId": "{floated}", "runUuid": "{floated}", "key": "j", "value": "java"}),
    post("end with number for the status", "runs/update", {"run_id": "{run}", "status": 3, "end_time": "1700000001000"}),
    post("end with name for the status", "runs/update", {"run_id": "{run}", "run_uuid": "{run}", "status": "FINISHED", "end_time": "1700000002000"}),
    post("end in camel case", "runs/update", {"runId": "{floated}", "status": "FINISHED", "endTime": "1700000002000"}),
    get("run", "runs/get", ("run_id", "{run}"), ("run_uuid", "{run}")),
    get("history", "metrics/get-history", ("run_uuid", "{run}"), ("run_id", "{run}"), ("metric_key", "m")),
    post("search in camel case", "runs/search", {"experimentIds": ["{plain}"], "filter": "attributes.run_id = '{run}'", "runViewType": "ACTIVE_ONLY", "maxResults": "10", "orderBy": ["metrics.m DESC"]}),
    post("search with number for the view", "runs/search", {"experiment_ids": ["{plain}"], "run_view_type": 3, "max_results": 10, "filter": "params.q = 'x'"}),
    post("search with numbers for ids", "runs/search", {"experiment_ids": [0], "max_results": 1, "filter": "params.none = 'x'"}, compare="status"),
    post("search experiments", "experiments/search", {"viewType": "ALL", "maxResults": "5", "filter": "name = '{nonce}'"}),
    get("search experiments by query", "experiments/search", ("max_results", "5"), ("filter", "name = '{nonce}'"), ("view_type", "ALL")),
    post("registered model", "registered-models/create", {"name": "{nonce}", "description": "d"}),
    post("version", "model-versions/create", {"name": "{nonce}", "source": "s3://b/x", "runId": "{run}"}),
    post("latest versions in camel case", "registered-models/get-latest-versions", {"name": "{nonce}", "stages": ["None"]}),
    get("search versions", "model-versions/search", ("filter", "name='{nonce}'"), ("max_results", "5")),
    post("stage", "model-versions/transition-stage", {"name": "{nonce}", "version": "1", "stage": "production", "archiveExistingVersions": True}),
    post("stage with text for a boolean", "model-versions/transition-stage", {"name": "{nonce}", "version": "1", "stage": "Staging", "archive_existing_versions": "true"}),
    get("artifacts", "artifacts/list", ("run_uuid", "{run}"), ("run_id", "{run}"), ("path", "")),
    post("delete run in camel case", "runs/delete", {"runId": "{floated}"}),
)  # fmt: skip

"""What raw routes read and answer, for the OpenAPI description; typed routes describe themselves."""

from __future__ import annotations

import msgspec

BYTES = "application/octet-stream"
ANY = "*/*"  # a file's type follows from its name
TEXT = "text/plain"
JSON = "application/json"
PROTOBUF = "application/x-protobuf"
HTML = "text/html"
INDEX = "application/vnd.pypi.simple.v1+json"
ZIP = "application/zip"
GZIP = "application/gzip"
ZIP = "application/zip"
LINES = "application/jsonl"
EVENTS = "text/event-stream"
FRAMES = "application/vnd.runyard.journal"


class RawShape(msgspec.Struct, frozen=True):
    """One raw route. Parameters are name → whether it is required."""

    query: dict[str, bool] = {}
    headers: dict[str, bool] = {}
    body: tuple[str, ...] = ()  # media types that are read
    answer: tuple[str, ...] = (JSON,)  # media types that are answered; none: an empty body
    error: str = "Error"  # the shape of errors: Error, or Detail for exporters of spans


_FILE = "/2.0/mlflow-artifacts/artifacts/{artifact_path:path}"
_STORED = "/v1/datastores/{name}/file/{path:path}"
_RANGE = {"range": False}
_SPANS = RawShape(query={"request_id": True})
_IMPORTS = (
    *("experiments", "runs", "points", "logged", "logged-models", "traces", "registered-models"),
    *("datasets", "datastores"),
)
_SHAPES = {
    **{("POST", f"/v1/import/{noun}"): RawShape(body=(JSON,)) for noun in _IMPORTS},
    ("POST", "/v1/export/files"): RawShape(body=(JSON,)),
    ("POST", "/v1/journals/{journal_id}/records"): RawShape(body=(FRAMES, BYTES)),
    ("POST", "/v1/runs/{run_id}/log-appends"): RawShape(query={"name": True, "offset": False}, body=(BYTES,)),
    ("GET", "/v1/runs/{run_id}/logs/content"): RawShape(
        query={"name": True, "offset": False, "limit": False}, answer=(TEXT,)
    ),
    ("GET", "/v1/jobs/{run_id}/tail"): RawShape(answer=(TEXT,)),
    ("PUT", "/v1/snapshot-blobs/{sha256}"): RawShape(body=(BYTES,)),
    ("GET", "/v1/runs/{run_id}/snapshot/archive"): RawShape(answer=(GZIP,)),
    ("GET", "/v1/runs/{run_id}/snapshot/file"): RawShape(
        query={"path": True}, headers={"range": False}, answer=(ANY,)
    ),
    ("GET", "/v1/events"): RawShape(
        query={"experiment_id": False}, headers={"accept": True}, answer=(EVENTS,)
    ),
    ("GET", "/health"): RawShape(answer=(TEXT,)),
    ("GET", "/login/oidc"): RawShape(query={"next": False}, answer=()),
    ("GET", "/login/oidc/callback"): RawShape(
        query={"state": True, "code": False, "error": False, "iss": False}, answer=()
    ),
    ("GET", "/v1/audit/export"): RawShape(
        query=dict.fromkeys(("principal", "workspace", "action", "outcome", "since_ms", "until_ms"), False),
        answer=(LINES,),
    ),
    ("GET", "/v1/workspace/audit/export"): RawShape(
        query=dict.fromkeys(("principal", "action", "outcome", "since_ms", "until_ms"), False),
        answer=(LINES,),
    ),
    ("GET", "/studio/assets/{file}"): RawShape(headers={"accept-encoding": False}, answer=(ANY,)),
    ("GET", "/studio/{file}"): RawShape(headers={"accept-encoding": False}, answer=(ANY,)),
    ("GET", "/version"): RawShape(answer=(TEXT,)),
    ("GET", "/ready"): RawShape(answer=(TEXT,)),
    ("GET", "/metrics"): RawShape(answer=(TEXT,)),
    ("POST", "/v1/traces"): RawShape(
        headers={"x-mlflow-experiment-id": True, "x-mlflow-run-id": False},
        body=(PROTOBUF, JSON),
        answer=(PROTOBUF, JSON),
        error="Detail",
    ),
    ("GET", "/2.0/mlflow/get-trace-artifact"): _SPANS,
    ("GET", "/3.0/mlflow/get-trace-artifact"): _SPANS,
    ("GET", _FILE): RawShape(query={"presigned": False}, headers=_RANGE, answer=(ANY,)),
    ("PUT", _FILE): RawShape(body=(BYTES,), answer=()),
    ("GET", _STORED): RawShape(headers=_RANGE, answer=(ANY,)),
    ("PUT", _STORED): RawShape(body=(BYTES,)),
    ("GET", "/2.0/mlflow/logged-models/{model_id}/artifacts/files"): RawShape(
        query={"artifact_file_path": True, "presigned": False}, headers=_RANGE, answer=(ANY,)
    ),
    ("GET", "/v1/archive"): RawShape(query={"run_id": True, "path": False}, answer=(ZIP,)),
    ("GET", "/v1/preview"): RawShape(query={"run_id": True, "path": True}, headers=_RANGE, answer=(ANY,)),
    ("GET", "/v1/preview/logged-models"): RawShape(
        query={"model_id": True, "path": True}, headers=_RANGE, answer=(ANY,)
    ),
    ("GET", "/v1/preview/model-versions"): RawShape(
        query={"name": True, "version": True, "path": True}, headers=_RANGE, answer=(ANY,)
    ),
    ("GET", "/v1/datastores/{name}/preview/{path:path}"): RawShape(headers=_RANGE, answer=(ANY,)),
    ("GET", "/get-artifact"): RawShape(query={"run_id": True, "path": True}, headers=_RANGE, answer=(ANY,)),
    ("GET", "/model-versions/get-artifact"): RawShape(
        query={"name": True, "version": True, "path": True}, headers=_RANGE, answer=(ANY,)
    ),
    ("GET", "/simple"): RawShape(answer=()),
    ("GET", "/simple/"): RawShape(headers={"accept": False}, answer=(HTML, INDEX)),
    ("GET", "/simple/{project}"): RawShape(answer=()),
    ("GET", "/simple/{project}/"): RawShape(headers={"accept": False}, answer=(HTML, INDEX)),
    ("GET", "/simple/{project}/{file}"): RawShape(answer=(ZIP,)),
    ("POST", "/2.0/mlflow/upload-artifact"): RawShape(
        query={"run_id": True, "path": True}, body=(BYTES,), answer=()
    ),
}


def shape_of(method: str, path: str) -> RawShape:
    """The shape of a raw route; its path may begin with one of MLflow's prefixes."""
    bare = path.removeprefix("/ajax-api").removeprefix("/api")
    return _SHAPES.get((method, bare), RawShape())

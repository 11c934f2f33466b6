"""Sends a plan to a workspace, through the API that every client uses."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from io import BytesIO
from itertools import chain, islice
from math import isfinite, isnan
from typing import Any
from urllib.parse import quote

import msgspec

from runyard.client.transport import Connection
from runyard.demo.model_files import RUN_ID
from runyard.demo.plan import Data, ExperimentPlan, Registered, RunPlan, Series, Span, TracePlan
from runyard.errors import InvalidInput

MLFLOW = "/api/2.0/mlflow"
TRACES = "/api/3.0/mlflow/traces"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
OWN_SCHEME = "mlflow-artifacts:/"
STORE = "/api/v1/datastores/workspaceblobstore/file"
AT_ONCE = 6
POINTS_AT_ONCE = 900  # beside up to 100 params
Pairs = Sequence[tuple[str, str]]


class Version(msgspec.Struct):
    """A run whose files become a version of a registered model."""

    made_ms: int
    what: Registered
    run_id: str
    source: str
    model_id: str | None


class Written(msgspec.Struct):
    """How much was made."""

    experiments: int = 0
    runs: int = 0
    points: int = 0
    files: int = 0
    traces: int = 0
    model_versions: int = 0
    datasets: int = 0


class Writer:
    """Writes experiments, several runs at a time.

    Args:
        here: the workspace.
        user: whose runs they are.
        moved: told of every run and trace that is there.
    """

    def __init__(self, here: Connection, user: str, moved: Callable[[int], None]) -> None:
        self._here = here
        self._user = user
        self._moved = moved
        self._versions: list[Version] = []
        self._written = Written()

    def write(self, plans: Sequence[ExperimentPlan]) -> Written:
        """All of them. Raises: RunyardError; what was made until then stays."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            homes = [self._experiment(plan) for plan in plans]
            futures = list(
                chain.from_iterable(
                    self._begin(pool, plan, home) for plan, home in zip(plans, homes, strict=True)
                )
            )
            try:
                for future in futures:
                    done = future.result()
                    self._written.runs += done.runs
                    self._written.points += done.points
                    self._written.files += done.files
                    self._written.traces += done.traces
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        for plan, home in zip(plans, homes, strict=True):
            if plan.deleted:
                self._post("experiments/delete", experiment_id=home)
        self._register()
        return self._written

    def dataset(
        self, name: str, kind: str, files: Mapping[str, bytes], glob: str, about: str, **more: Any
    ) -> None:
        """A registered dataset, and the files that it is about, in the workspace's own datastore."""
        for path, content in files.items():
            self._here.upload(f"{STORE}/{quote(path)}", BytesIO(content))
        definition = {"paths": [{"path": glob, "datastore": "workspaceblobstore"}], **more}
        fields = {"name": name, "kind": kind, "definition": definition, "description": about}
        self._here.post("/api/v1/datasets", {**fields, "tags": {"made": "up"}})
        self._written.datasets += 1

    def _experiment(self, plan: ExperimentPlan) -> str:
        tags = {**plan.tags, "mlflow.note.content": plan.note}
        made = self._post("experiments/create", name=plan.name, tags=_pairs(tags))
        self._written.experiments += 1
        return str(made["experiment_id"])

    def _begin(self, pool: ThreadPoolExecutor, plan: ExperimentPlan, home: str) -> Iterator[Future[Written]]:
        for run in plan.runs:
            if run.children:
                parent_id = self._create(run, home, None)["info"]["run_id"]
                yield pool.submit(self._fill, run, home, parent_id)
                for child in run.children:
                    yield pool.submit(self._run, child, home, parent_id)
            else:
                yield pool.submit(self._run, run, home, None)
        for trace in plan.traces:
            yield pool.submit(self._trace, trace, home)

    def _create(self, run: RunPlan, home: str, parent_id: str | None) -> Any:
        tags = {**run.tags, "mlflow.user": self._user}
        if run.note:
            tags["mlflow.note.content"] = run.note
        if parent_id is not None:
            tags["mlflow.parentRunId"] = parent_id
        fields = {
            "experiment_id": home,
            "user_id": self._user,
            "run_name": run.name,
            "start_time": run.start_ms,
        }
        return self._post("runs/create", **fields, tags=_pairs(tags))["run"]

    def _run(self, run: RunPlan, home: str, parent_id: str | None) -> Written:
        return self._fill(run, home, self._create(run, home, parent_id)["info"]["run_id"])

    def _fill(self, run: RunPlan, home: str, run_id: str) -> Written:
        done = Written(runs=1, files=len(run.files))
        params: list[dict[str, str]] | None = _pairs(run.params)
        for points in _batches(run.series):
            self._post("runs/log-batch", run_id=run_id, metrics=points, params=params or [])
            params = None
            done.points += len(points)
        if params:
            self._post("runs/log-batch", run_id=run_id, params=params)
        root = f"{OWN_SCHEME}{home}/{run_id}/artifacts"
        if run.files:
            root = self._post_get_root(run_id)
            self._upload(root, run_id, run.files)
        if run.inputs:
            self._post("runs/log-inputs", run_id=run_id, datasets=[_input(one) for one in run.inputs])
        model_id = self._logged_model(run, home, run_id) if run.logged_model is not None else None
        if run.registered is not None:
            source = f"{root}/{run.registered.folder}"
            self._versions.append(
                Version(run.end_ms or run.start_ms, run.registered, run_id, source, model_id)
            )
        if run.end_ms is not None:
            self._post("runs/update", run_id=run_id, status=run.status, end_time=run.end_ms)
        if run.deleted:
            self._post("runs/delete", run_id=run_id)
        self._moved(1)
        return done

    def _post_get_root(self, run_id: str) -> str:
        return str(self._here.get(f"{MLFLOW}/runs/get", run_id=run_id)["run"]["info"]["artifact_uri"])

    def _upload(self, root: str, run_id: str, files: Mapping[str, bytes]) -> None:
        if not root.startswith(OWN_SCHEME):
            raise InvalidInput(f"This server keeps files at {root[:100]}, where the demo cannot put any.")
        base = root.removeprefix(OWN_SCHEME).strip("/")
        for path, content in files.items():
            if path.endswith("MLmodel"):
                content = content.replace(RUN_ID.encode(), run_id.encode())
            self._here.upload(f"{FILES}/{quote(base)}/{quote(path)}", BytesIO(content))

    def _logged_model(self, run: RunPlan, home: str, run_id: str) -> str:
        assert run.logged_model is not None
        folder, name, kind = run.logged_model
        params = _pairs(dict(islice(run.params.items(), 5)))
        fields = {
            "experiment_id": home,
            "name": name,
            "model_type": kind,
            "source_run_id": run_id,
            "params": params,
        }
        info = self._post("logged-models", **fields)["model"]["info"]
        inner = {
            path.removeprefix(f"{folder}/"): body
            for path, body in run.files.items()
            if path.startswith(f"{folder}/")
        }
        self._upload(info["artifact_uri"], run_id, inner)
        model_id = str(info["model_id"])
        ready = {"model_id": model_id, "status": "LOGGED_MODEL_READY"}
        self._here.patch(f"{MLFLOW}/logged-models/{model_id}", ready)
        self._post("runs/outputs", run_id=run_id, models=[{"model_id": model_id, "step": 0}])
        return model_id

    def _register(self) -> None:
        """Versions of one model in the order in which their runs ended."""
        known: set[str] = set()
        for version in sorted(self._versions, key=lambda one: one.made_ms):
            what = version.what
            if what.name not in known:
                self._post(
                    "registered-models/create",
                    name=what.name,
                    description=what.about,
                    tags=_pairs({"task": "demo"}),
                )
                known.add(what.name)
            fields = {"source": version.source, "run_id": version.run_id, "model_id": version.model_id}
            described = {"description": what.description, "tags": _pairs(what.tags)}
            made = self._post("model-versions/create", name=what.name, **fields, **described)["model_version"]
            for alias in what.aliases:
                self._post("registered-models/alias", name=what.name, alias=alias, version=made["version"])
            self._written.model_versions += 1

    def _trace(self, trace: TracePlan, home: str) -> Written:
        plain_id = secrets.token_hex(16)
        root = trace.spans[0]
        info = {
            "trace_id": f"tr-{plain_id}",
            "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": home}},
            "request_time": datetime.fromtimestamp(trace.start_ms / 1000, UTC)
            .isoformat()
            .replace("+00:00", "Z"),
            "execution_duration": f"{root.end_ms / 1000:.3f}s",
            "state": "ERROR" if root.error else "OK",
            "request_preview": root.inputs[:250],
            "response_preview": root.outputs[:250],
            "trace_metadata": {"mlflow.user": self._user, "mlflow.source.name": "assistant.py"},
            "tags": {**trace.tags, "mlflow.traceName": root.name},
        }
        self._here.post(TRACES, {"trace": {"trace_info": info}})
        body = msgspec.json.encode({"resourceSpans": [{"scopeSpans": [{"spans": _spans(trace, plain_id)}]}]})
        headers = {"Content-Type": "application/json", "x-mlflow-experiment-id": home}
        self._here.upload("/v1/traces", BytesIO(body), method="POST", headers=headers)
        if trace.feedback is not None:
            name, value, why = trace.feedback
            source = {"source_type": "HUMAN", "source_id": self._user}
            said = {"assessment_name": name, "feedback": {"value": value}, "rationale": why, "source": source}
            self._here.post(f"{TRACES}/tr-{plain_id}/assessments", {"assessment": said})
        self._moved(1)
        return Written(traces=1)

    def _post(self, path: str, /, **fields: Any) -> Any:
        return self._here.post(
            f"{MLFLOW}/{path}", {name: value for name, value in fields.items() if value is not None}
        )


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _input(data: Data) -> dict[str, Any]:
    fields = {
        "name": data.name,
        "digest": data.digest,
        "source_type": data.source_type,
        "source": data.source,
    }
    return {
        "dataset": {**fields, "profile": data.profile},
        "tags": _pairs({"mlflow.data.context": data.context}),
    }


def _batches(series: Sequence[Series]) -> Iterator[list[dict[str, Any]]]:
    points = (
        {"key": one.key, "step": step, "timestamp": at_ms, "value": _number(value)}
        for one in series
        for step, at_ms, value in zip(
            one.steps.tolist(), one.times_ms.tolist(), one.values.tolist(), strict=True
        )
    )
    while batch := list(islice(points, POINTS_AT_ONCE)):
        yield batch


def _number(value: float) -> float | str:
    """As MLflow writes numbers that JSON has not."""
    if isfinite(value):
        return value
    return "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _spans(trace: TracePlan, plain_id: str) -> list[dict[str, Any]]:
    ids = [secrets.token_hex(8) for _ in trace.spans]
    return [_span(span, trace.start_ms, plain_id, ids, place) for place, span in enumerate(trace.spans)]


def _span(span: Span, start_ms: int, plain_id: str, ids: Sequence[str], place: int) -> dict[str, Any]:
    values = {"mlflow.spanType": span.kind, "mlflow.spanInputs": msgspec.json.decode(span.inputs)}
    if span.outputs:
        values["mlflow.spanOutputs"] = msgspec.json.decode(span.outputs)
    made: dict[str, Any] = {
        "traceId": plain_id,
        "spanId": ids[place],
        "name": span.name,
        "startTimeUnixNano": str((start_ms + span.start_ms) * 1_000_000),
        "endTimeUnixNano": str((start_ms + span.end_ms) * 1_000_000),
        "attributes": [{"key": key, "value": _any_value(value)} for key, value in values.items()],
        "status": {"code": 2, "message": span.error} if span.error else {"code": 1},
    }
    if span.parent is not None:
        made["parentSpanId"] = ids[span.parent]
    return made


def _any_value(value: Any) -> dict[str, Any]:
    """As OpenTelemetry writes values in JSON."""
    if isinstance(value, dict):
        return {
            "kvlistValue": {"values": [{"key": key, "value": _any_value(one)} for key, one in value.items()]}
        }
    if isinstance(value, list):
        return {"arrayValue": {"values": [_any_value(one) for one in value]}}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}

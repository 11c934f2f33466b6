"""A running MLflow server, of version 1 to 3, as a source."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests

from runyard.entities.common import Tag
from runyard.entities.point_bytes import Points, points_of
from runyard.entities.run import RUN_NAME_TAG, Dataset, DatasetInput, ModelEdge
from runyard.entities.trace import SPANS_LOCATION, TRACKING_STORE
from runyard.entities.transfer import (
    ExperimentRecord,
    LoggedModelRecord,
    MeasuredRecord,
    RegisteredModelRecord,
    RunRecord,
    SeriesPoints,
    TraceRecord,
    VersionRecord,
    measured,
)
from runyard.transfer.artifacts import Places, served_files
from runyard.transfer.mlflow_session import DEFAULT, TIMEOUT_S
from runyard.transfer.mlflow_traces import moment_ms, said_in_words, seconds_ms, span_of, state_of
from runyard.transfer.names import stage_of, status_of, version_stage_of, version_status_of
from runyard.transfer.source import BLOCK, Owner, PlainSource, SourceFault, SourceFile, attempt
from runyard.transfer.unique import in_blocks, unique_points

RUNS_AT_ONCE = 200
POINTS_AT_ONCE = 25_000
MODELS_AT_ONCE = 50
TRACES_AT_ONCE = 100
PROMPT = "tags.`mlflow.prompt.is_prompt` = 'true'"
STATUSES = (
    "LOGGED_MODEL_STATUS_UNSPECIFIED",
    "LOGGED_MODEL_PENDING",
    "LOGGED_MODEL_READY",
    "LOGGED_MODEL_UPLOAD_FAILED",
)
Fields = Mapping[str, Any]


class Absent(SourceFault):
    """The server is of a version that has no such route."""


class MlflowServer(PlainSource):
    """Asks the routes that MLflow's own client asks.

    Args:
        server: without credentials.
        session: as `open_session` made it.
        places: opens artifact locations that are not behind the server.
        workspace: of MLflow, which the session asks for.
    """

    def __init__(self, server: str, session: requests.Session, places: Places, workspace: str) -> None:
        self.name = f"mlflow server {server}" + (f" workspace {workspace}" if workspace != DEFAULT else "")
        self._server = server
        self._session = session
        self._places = places
        self._metrics: dict[str, list[str]] = {}
        self._major: int | None = None

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    def experiments(self) -> Iterator[ExperimentRecord | SourceFault]:
        """All that the server tells, deleted ones included."""
        ask: dict[str, Any] = {"max_results": 1000, "view_type": "ALL"}
        try:
            found = self._pages("POST", "2.0/mlflow/experiments/search", "experiments", ask)
            for one in found:
                yield attempt(partial(self._experiment, one))
        except Absent:
            for one in self._pages("GET", "2.0/mlflow/experiments/list", "experiments", ask):
                yield attempt(partial(self._experiment, one))

    def _experiment(self, one: Fields) -> ExperimentRecord:
        created = int(one.get("creation_time") or 0)
        return ExperimentRecord(
            id=str(one["experiment_id"]),
            name=str(one["name"]),
            artifact_location=str(one.get("artifact_location") or ""),
            stage=stage_of(one.get("lifecycle_stage")),
            created_ms=created,
            updated_ms=int(one.get("last_update_time") or created),
            tags=_pairs(one.get("tags")),
        )

    def runs(self, experiment_id: str) -> Iterator[RunRecord | SourceFault]:
        """All of them, in the server's order."""
        ask = {"experiment_ids": [experiment_id], "run_view_type": "ALL", "max_results": RUNS_AT_ONCE}
        for one in self._pages("POST", "2.0/mlflow/runs/search", "runs", ask):
            yield attempt(partial(self._run, one))

    def _run(self, one: Fields) -> RunRecord:
        info, data = one["info"], one.get("data") or {}
        tags = _pairs(data.get("tags"))
        id = str(info.get("run_id") or info["run_uuid"])
        self._metrics[id] = [json.dumps(metric, sort_keys=True) for metric in data.get("metrics") or ()]
        inputs = one.get("inputs") or {}
        if self._has_model_inputs():
            whole = self._ask("GET", "2.0/mlflow/runs/get", {"run_id": id}).get("run") or {}
            inputs = whole.get("inputs") or inputs
        return RunRecord(
            id=id,
            experiment_id=str(info["experiment_id"]),
            name=str(info.get("run_name") or info.get("name") or tags.get(RUN_NAME_TAG, "")),
            user_id=str(info.get("user_id") or ""),
            status=status_of(info.get("status")),
            stage=stage_of(info.get("lifecycle_stage")),
            start_ms=_number(info.get("start_time")),
            end_ms=_number(info.get("end_time")),
            artifact_uri=str(info.get("artifact_uri") or ""),
            params=_pairs(data.get("params")),
            tags=tags,
            inputs=[_input(dataset) for dataset in inputs.get("dataset_inputs") or ()],
            model_inputs=[ModelEdge(str(edge["model_id"])) for edge in inputs.get("model_inputs") or ()],
            model_outputs=[
                ModelEdge(str(edge["model_id"]), int(edge.get("step") or 0))
                for edge in (one.get("outputs") or {}).get("model_outputs") or ()
            ],
        )

    def _has_model_inputs(self) -> bool:
        """Servers from 3.0 on have models that a run read, and leave them out of searches."""
        if self._major is None:
            try:
                text = self._session.get(f"{self._server}/version", timeout=TIMEOUT_S).text
            except requests.RequestException as exc:
                raise SourceFault(f"{self._server} does not answer: {str(exc)[:300]}") from None
            first = text.strip().strip('"').partition(".")[0]
            self._major = int(first) if first.isdecimal() and len(first) < 4 else 0
        return self._major >= 3

    def state(self, run: RunRecord) -> str:
        """The record and the latest points."""
        facts = [super().state(run), *self._metrics.get(run.id, ())]
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()

    def points(self, run: RunRecord) -> Iterator[SeriesPoints]:
        """By key. A server on a file store may tell a point more than once."""
        for text in self._metrics.pop(run.id, []):
            key = str(json.loads(text)["key"])
            for points in unique_points(partial(self._history, run.id, key)):
                for block in in_blocks(points, BLOCK):
                    yield SeriesPoints(key, block.tobytes())

    def _history(self, run_id: str, key: str) -> Iterator[Points]:
        ask = {"run_id": run_id, "metric_key": key, "max_results": POINTS_AT_ONCE}
        held: list[Fields] = []
        for one in self._pages("GET", "2.0/mlflow/metrics/get-history", "metrics", ask):
            held.append(one)
            if len(held) >= POINTS_AT_ONCE:
                yield _block(held)
                held = []
        if held:
            yield _block(held)

    def logged_models(self, experiment_id: str) -> Iterator[LoggedModelRecord | SourceFault]:
        """Those that are not deleted; servers before 3.0 have none."""
        ask = {"experiment_ids": [experiment_id], "max_results": MODELS_AT_ONCE}
        try:
            for one in self._pages("POST", "2.0/mlflow/logged-models/search", "models", ask):
                yield attempt(partial(self._logged_model, one))
        except Absent:
            return

    def _logged_model(self, one: Fields) -> LoggedModelRecord:
        info, data = one["info"], one.get("data") or {}
        created = int(info.get("creation_timestamp_ms") or 0)
        status = info.get("status") or 0
        return LoggedModelRecord(
            id=str(info["model_id"]),
            experiment_id=str(info["experiment_id"]),
            name=str(info["name"]),
            model_type=str(info.get("model_type") or ""),
            source_run_id=str(info.get("source_run_id") or ""),
            status=STATUSES.index(status) if status in STATUSES else int(status),
            status_message=info.get("status_message"),
            artifact_uri=str(info.get("artifact_uri") or ""),
            created_ms=created,
            updated_ms=int(info.get("last_updated_timestamp_ms") or created),
            params=_pairs(data.get("params")),
            tags=_pairs(info.get("tags")),
            metrics=_latest(data.get("metrics") or ()),
        )

    def traces(self, experiment_id: str) -> Iterator[TraceRecord | SourceFault]:
        """All that the server tells."""
        place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}}
        ask = {"locations": [place], "max_results": TRACES_AT_ONCE}
        try:
            for one in self._pages("POST", "3.0/mlflow/traces/search", "traces", ask):
                yield attempt(partial(self._trace, one, experiment_id))
            return
        except Absent:
            pass
        older = {"experiment_ids": [experiment_id], "max_results": TRACES_AT_ONCE}
        try:
            for one in self._pages("GET", "2.0/mlflow/traces", "traces", older):
                yield attempt(partial(self._trace, one, experiment_id))
        except Absent:
            return

    def _trace(self, one: Fields, experiment_id: str) -> TraceRecord:
        id = str(one.get("trace_id") or one.get("request_id"))
        tags, metadata = (
            _facts(one.get("tags")),
            _facts(one.get("trace_metadata") or one.get("request_metadata")),
        )
        duration = one.get("execution_time_ms")
        spans: list[Any] = []
        if tags.get(SPANS_LOCATION) == TRACKING_STORE:
            answer = self._ask("GET", "3.0/mlflow/traces/get", {"trace_id": id, "allow_partial": "true"})
            spans = (answer.get("trace") or {}).get("spans") or []
        return TraceRecord(
            id=id,
            experiment_id=experiment_id,
            request_ms=moment_ms(one.get("request_time") or one.get("timestamp_ms")),
            duration_ms=seconds_ms(one.get("execution_duration")) if duration is None else int(duration),
            state=state_of(one.get("state") or one.get("status")),
            request_preview=one.get("request_preview"),
            response_preview=one.get("response_preview"),
            client_request_id=one.get("client_request_id"),
            tags=tags,
            metadata=metadata,
            assessments=[said_in_words(said, id) for said in one.get("assessments") or ()],
            spans=[span_of(span) for span in spans],
        )

    def registered_models(self) -> Iterator[RegisteredModelRecord | SourceFault]:
        """Models, then prompts."""
        seen: set[str] = set()
        for text in ("", PROMPT):
            ask = {"max_results": 100, **({"filter": text} if text else {})}
            for one in self._pages("GET", "2.0/mlflow/registered-models/search", "registered_models", ask):
                if one["name"] not in seen:
                    seen.add(str(one["name"]))
                    yield attempt(partial(self._registered_model, one, text))

    def _registered_model(self, one: Fields, only: str) -> RegisteredModelRecord:
        name = str(one["name"])
        whole = self._ask("GET", "2.0/mlflow/registered-models/get", {"name": name}).get(
            "registered_model", one
        )
        quote = '"' if "'" in name else "'"
        text = f"name = {quote}{name}{quote}" + (f" AND {only}" if only else "")
        ask = {"filter": text, "max_results": 1000}
        rows = self._pages("GET", "2.0/mlflow/model-versions/search", "model_versions", ask)
        versions = sorted((self._version(row) for row in rows), key=lambda row: row.version)
        created = int(whole.get("creation_timestamp") or 0)
        return RegisteredModelRecord(
            name=name,
            description=whole.get("description"),
            created_ms=created,
            updated_ms=int(whole.get("last_updated_timestamp") or created),
            last_version=max((row.version for row in versions), default=0),
            tags=_pairs(whole.get("tags")),
            aliases={str(row["alias"]): int(row["version"]) for row in whole.get("aliases") or ()},
            versions=versions,
        )

    def _version(self, row: Fields) -> VersionRecord:
        created = int(row.get("creation_timestamp") or 0)
        source = str(row.get("source") or "")
        return VersionRecord(
            version=int(row["version"]),
            source=source,
            storage_location=source,
            stage=version_stage_of(row.get("current_stage")),
            description=row.get("description"),
            run_id=str(row.get("run_id") or ""),
            run_link=str(row.get("run_link") or ""),
            model_id=row.get("model_id"),
            user_id=row.get("user_id"),
            status=version_status_of(row.get("status")),
            status_message=row.get("status_message") or None,
            created_ms=created,
            updated_ms=int(row.get("last_updated_timestamp") or created),
            tags=_pairs(row.get("tags")),
        )

    def files(self, owner: Owner, place: str) -> Iterator[SourceFile]:
        """Through the server where it serves them, else from the place."""
        if place.startswith("mlflow-artifacts:"):
            path = urlsplit(place).path.strip("/")
            if any(part in ("", ".", "..") for part in path.split("/")):
                raise SourceFault(f"The location {place[:200]} leads elsewhere.")
            return served_files(self._session, self._server, path)
        return self._places.files(place) if place else iter(())

    # --- requests ---

    def _ask(self, method: str, route: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object that a route answers.

        Raises: SourceFault; Absent when the server has no such route.
        """
        url = f"{self._server}/api/{route}"
        sent: dict[str, Any] = {"params": fields} if method == "GET" else {"json": fields}
        try:
            answer = self._session.request(method, url, timeout=TIMEOUT_S, **sent)
        except requests.RequestException as exc:
            raise SourceFault(f"{self._server} does not answer: {str(exc)[:300]}") from None
        if answer.status_code in (404, 405) and "RESOURCE_DOES_NOT_EXIST" not in answer.text[:2_000]:
            raise Absent(f"{self._server} has no route {route}. Is it an MLflow server?")
        if answer.status_code in (401, 403):
            raise SourceFault(
                f"{self._server} asks for a credential: set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and "
                "MLFLOW_TRACKING_PASSWORD."
            )
        try:
            found = answer.json()
        except ValueError:
            found = None
        if answer.status_code != 200 or not isinstance(found, dict):
            text = found.get("message", "") if isinstance(found, dict) else answer.text[:200]
            raise SourceFault(f"{self._server} answers {answer.status_code} to {route}: {str(text)[:300]}")
        return found

    def _pages(self, method: str, route: str, field: str, ask: Mapping[str, Any]) -> Iterator[Fields]:
        token: str | None = None
        while True:
            answer = self._ask(method, route, {**ask, **({"page_token": token} if token else {})})
            yield from (one for one in answer.get(field) or () if isinstance(one, dict))
            following = answer.get("next_page_token")
            if not following or following == token:
                return
            token = str(following)


def _block(rows: list[Fields]) -> Points:
    try:
        return points_of(
            [int(row.get("step") or 0) for row in rows],
            [int(row.get("timestamp") or 0) for row in rows],
            [float(row["value"]) for row in rows],
        )
    except (KeyError, TypeError, ValueError, OverflowError) as exc:
        raise SourceFault(f"A history holds what is no point: {exc}.") from None


def _latest(metrics: Any) -> list[MeasuredRecord]:
    """The latest value of each metric, run and dataset, in the order of steps and times."""
    latest: dict[tuple[str, str, str, str], MeasuredRecord] = {}
    for one in metrics:
        record = MeasuredRecord(
            key=str(one["key"]),
            value=measured(float(one["value"])),
            timestamp=int(one.get("timestamp") or 0),
            step=int(one.get("step") or 0),
            run_id=str(one.get("run_id") or ""),
            dataset_name=str(one.get("dataset_name") or ""),
            dataset_digest=str(one.get("dataset_digest") or ""),
        )
        key = (record.key, record.run_id, record.dataset_name, record.dataset_digest)
        known = latest.get(key)
        if known is None or (record.step, record.timestamp) >= (known.step, known.timestamp):
            latest[key] = record
    return list(latest.values())


def _pairs(items: Any) -> dict[str, str]:
    return {str(one["key"]): str(one.get("value") or "") for one in items or ()}


def _facts(items: Any) -> dict[str, str]:
    """Tags of a trace: an object since version 3, a list of pairs before."""
    if isinstance(items, dict):
        return {str(key): str(value) for key, value in items.items()}
    return _pairs(items)


def _input(one: Fields) -> DatasetInput:
    dataset = msgspec.convert(one.get("dataset") or {}, Dataset, strict=False)
    return DatasetInput(dataset, [Tag(key, value) for key, value in _pairs(one.get("tags")).items()])


def _number(value: Any) -> int | None:
    return None if value is None or value == "" else int(value)

"""A database of MLflow 1.x to 3.x as a source. What a version lacks is simply not there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from runyard.entities.common import Tag
from runyard.entities.point_bytes import POINT
from runyard.entities.run import RUN_NAME_TAG, Dataset, DatasetInput, ModelEdge
from runyard.entities.trace import TRACE_NAME
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
from runyard.transfer.artifacts import Places
from runyard.transfer.mlflow_session import DEFAULT
from runyard.transfer.mlflow_traces import said_in_row, span_of, state_of
from runyard.transfer.names import stage_of, status_of, version_stage_of, version_status_of
from runyard.transfer.source import BLOCK, Owner, PlainSource, SourceFault, SourceFile, attempt
from runyard.transfer.sql_reader import Reader, Row, open_reader

AT_ONCE = 200  # records
NAN_COLUMN = "is_nan"
TRACE_ID = "request_id"
DELETED = "Deleted_Internal"  # the stage of versions that are gone
PROMOTED = {
    "mlflow.trace.tokenUsage": (
        *("input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens"),
        *("cache_creation_input_tokens", "cache_creation_input_tokens_above_1hr"),
    ),
    "mlflow.trace.cost": ("input_cost", "output_cost", "total_cost"),
}
ELSEWHERE = {
    "evaluation_datasets": "evaluation datasets",
    "scorers": "scorers",
    "webhooks": "webhooks",
    "endpoints": "gateway endpoints",
    "issues": "issues",
    "jobs": "jobs",
    "online_scoring_configs": "online scoring configurations",
}


class MlflowDatabase(PlainSource):
    """Reads with plain SQL and looks first at which tables and columns there are.

    Args:
        url: as MLflow takes it.
        places: opens artifact locations.
        workspace: of MLflow 3.10 and later, whose databases may hold several.
    """

    def __init__(self, url: str, places: Places, workspace: str = DEFAULT) -> None:
        self.name = f"mlflow database {_without_password(url)} workspace {workspace}"
        self._reader: Reader = open_reader(url)
        self._places = places
        self._workspace = workspace
        self._tables = self._reader.tables()
        if "experiments" not in self._tables or "runs" not in self._tables:
            self.close()
            raise SourceFault("This is no database of MLflow: it has no tables experiments and runs.")
        if workspace != DEFAULT:
            self._check_workspace()

    def _check_workspace(self) -> None:
        if "workspace" not in self._tables["experiments"]:
            self.close()
            raise SourceFault("This database holds no workspaces. Leave --source-workspace out.")
        table = "workspaces" if "workspaces" in self._tables else ""
        sql = "SELECT name FROM workspaces" if table else "SELECT DISTINCT workspace AS name FROM experiments"
        names = sorted(str(row["name"]) for row in self._reader.all(sql))
        if self._workspace not in names:
            self.close()
            raise SourceFault(
                f"This database has no workspace {self._workspace!r}. It has {', '.join(names[:20])}."
            )

    def close(self) -> None:
        """Hang up."""
        self._reader.close()

    def experiments(self) -> Iterator[ExperimentRecord | SourceFault]:
        """Of the workspace, by number."""
        where, params = self._in_workspace("experiments")
        for row in self._reader.all(f"SELECT * FROM experiments{where} ORDER BY experiment_id", params):
            number = row["experiment_id"]
            tags = self._texts("experiment_tags", "experiment_id", [number]).get(number, {})
            yield attempt(partial(self._experiment, row, tags))

    def _experiment(self, row: Row, tags: dict[str, str]) -> ExperimentRecord:
        created = row.get("creation_time")
        if created is None:
            sql = "SELECT min(start_time) AS ms FROM runs WHERE experiment_id = ?"
            created = self._reader.all(sql, (row["experiment_id"],))[0]["ms"] or 0
        return ExperimentRecord(
            id=str(row["experiment_id"]),
            name=row["name"],
            artifact_location=row["artifact_location"] or "",
            stage=stage_of(row.get("lifecycle_stage")),
            created_ms=int(created),
            updated_ms=int(row.get("last_update_time") or created),
            tags=tags,
        )

    def runs(self, experiment_id: str) -> Iterator[RunRecord | SourceFault]:
        """By id."""
        for rows in self._pages("runs", "run_uuid", "experiment_id = ?", (int(experiment_id),)):
            ids = [row["run_uuid"] for row in rows]
            params, tags = self._texts("params", "run_uuid", ids), self._texts("tags", "run_uuid", ids)
            inputs, edges = self._inputs(ids), self._edges(ids)
            for row in rows:
                id = row["run_uuid"]
                facts = (params.get(id, {}), tags.get(id, {}), inputs.get(id, []), edges.get(id, ([], [])))
                yield attempt(partial(self._run, row, *facts))

    def _run(
        self,
        row: Row,
        params: dict[str, str],
        tags: dict[str, str],
        inputs: list[DatasetInput],
        edges: tuple[list[ModelEdge], list[ModelEdge]],
    ) -> RunRecord:
        name = row.get("name") or tags.get(RUN_NAME_TAG, "")
        return RunRecord(
            id=row["run_uuid"],
            experiment_id=str(row["experiment_id"]),
            name=name,
            user_id=row.get("user_id") or "",
            status=status_of(row.get("status")),
            stage=stage_of(row.get("lifecycle_stage")),
            start_ms=row.get("start_time"),
            end_ms=row.get("end_time"),
            deleted_ms=row.get("deleted_time"),
            artifact_uri=row.get("artifact_uri") or "",
            params=params,
            tags=tags,
            inputs=inputs,
            model_inputs=edges[0],
            model_outputs=edges[1],
        )

    def state(self, run: RunRecord) -> str:
        """The record, and how many points each metric has."""
        counts = self._reader.all(
            "SELECT count(*) AS n, max(timestamp) AS ms FROM metrics WHERE run_uuid = ?", (run.id,)
        )
        text = f"{super().state(run)} {counts[0]['n']} {counts[0]['ms']}"
        return hashlib.sha256(text.encode()).hexdigest()

    def points(self, run: RunRecord) -> Iterator[SeriesPoints]:
        """By key, step and time; a primary key holds each once."""
        has_step, has_nan = "step" in self._tables["metrics"], NAN_COLUMN in self._tables["metrics"]
        order = '"key", step, timestamp' if has_step else '"key", timestamp'
        held: list[tuple[int, int, float]] = []
        key: str | None = None
        sql = f"SELECT * FROM metrics WHERE run_uuid = ? ORDER BY {order}"
        for row in self._reader.each(sql, (run.id,)):
            if held and (row["key"] != key or len(held) >= BLOCK):
                yield SeriesPoints(str(key), _packed(held))
                held = []
            key = row["key"]
            value = row["value"]
            if value is None or (has_nan and row[NAN_COLUMN]):
                value = float("nan")
            held.append(((row["step"] or 0) if has_step else 0, row["timestamp"] or 0, value))
        if held:
            yield SeriesPoints(str(key), _packed(held))

    def logged_models(self, experiment_id: str) -> Iterator[LoggedModelRecord | SourceFault]:
        """By id."""
        if "logged_models" not in self._tables:
            return
        for rows in self._pages("logged_models", "model_id", "experiment_id = ?", (int(experiment_id),)):
            ids = [row["model_id"] for row in rows]
            params = self._texts("logged_model_params", "model_id", ids, "param_key", "param_value")
            tags = self._texts("logged_model_tags", "model_id", ids, "tag_key", "tag_value")
            metrics = self._model_metrics(ids)
            for row in rows:
                id = row["model_id"]
                facts = (params.get(id, {}), tags.get(id, {}), metrics.get(id, []))
                yield attempt(partial(self._logged_model, row, *facts))

    def _logged_model(
        self, row: Row, params: dict[str, str], tags: dict[str, str], metrics: list[MeasuredRecord]
    ) -> LoggedModelRecord:
        return LoggedModelRecord(
            id=row["model_id"],
            experiment_id=str(row["experiment_id"]),
            name=row["name"],
            model_type=row["model_type"] or "",
            source_run_id=row["source_run_id"] or "",
            status=int(row["status"]),
            status_message=row["status_message"],
            stage=stage_of(row["lifecycle_stage"]),
            artifact_uri=row["artifact_location"],
            created_ms=row["creation_timestamp_ms"],
            updated_ms=row["last_updated_timestamp_ms"],
            params=params,
            tags=tags,
            metrics=metrics,
        )

    def _model_metrics(self, ids: Sequence[str]) -> dict[str, list[MeasuredRecord]]:
        """The latest value of each, which is what MLflow shows."""
        latest: dict[tuple[str, ...], MeasuredRecord] = {}
        for row in self._among("logged_model_metrics", "model_id", ids, "metric_step, metric_timestamp_ms"):
            one = MeasuredRecord(
                key=row["metric_name"],
                value=measured(row["metric_value"]),
                timestamp=row["metric_timestamp_ms"],
                step=row["metric_step"],
                run_id=row["run_id"],
                dataset_name=row["dataset_name"] or "",
                dataset_digest=row["dataset_digest"] or "",
            )
            latest[row["model_id"], one.key, one.run_id, one.dataset_name, one.dataset_digest] = one
        found: dict[str, list[MeasuredRecord]] = {}
        for key, one in latest.items():
            found.setdefault(key[0], []).append(one)
        return found

    def traces(self, experiment_id: str) -> Iterator[TraceRecord | SourceFault]:
        """By id."""
        if "trace_info" not in self._tables:
            return
        for rows in self._pages("trace_info", TRACE_ID, "experiment_id = ?", (int(experiment_id),)):
            ids = [row[TRACE_ID] for row in rows]
            tags = self._texts("trace_tags", TRACE_ID, ids)
            metadata = self._texts("trace_request_metadata", TRACE_ID, ids)
            said = self._grouped("assessments", "trace_id", ids, "created_timestamp, assessment_id")
            spans = self._grouped("spans", "trace_id", ids, "start_time_unix_nano, span_id")
            links = self._links(ids)
            for row in rows:
                id = row[TRACE_ID]
                facts = (tags.get(id, {}), metadata.get(id, {}), said.get(id, []), spans.get(id, []))
                yield attempt(partial(self._trace, row, *facts, links.get(id, [])))

    def _trace(
        self,
        row: Row,
        tags: dict[str, str],
        metadata: dict[str, str],
        said: list[Row],
        spans: list[Row],
        links: list[str],
    ) -> TraceRecord:
        id = row[TRACE_ID]
        _add_promoted(row, tags, metadata)
        return TraceRecord(
            id=id,
            experiment_id=str(row["experiment_id"]),
            request_ms=row["timestamp_ms"],
            duration_ms=row["execution_time_ms"],
            state=state_of(row["status"]),
            request_preview=row.get("request_preview"),
            response_preview=row.get("response_preview"),
            client_request_id=row.get("client_request_id"),
            tags=tags,
            metadata=metadata,
            assessments=[said_in_row(one, id) for one in said],
            spans=[span_of(_span_fields(one)) for one in spans],
            runs=links,
        )

    def registered_models(self) -> Iterator[RegisteredModelRecord | SourceFault]:
        """By name, prompts included."""
        if "registered_models" not in self._tables:
            return
        where, params = self._in_workspace("registered_models")
        for row in self._reader.all(f"SELECT * FROM registered_models{where} ORDER BY name", params):
            yield attempt(partial(self._registered_model, row))

    def _registered_model(self, row: Row) -> RegisteredModelRecord:
        name = row["name"]
        tags: dict[int, dict[str, str]] = {}
        for one in self._of_model("model_version_tags", name, "version"):
            tags.setdefault(int(one["version"]), {})[one["key"]] = one["value"] or ""
        rows = self._of_model("model_versions", name, "version")
        versions = [
            self._version(one, tags.get(int(one["version"]), {}))
            for one in rows
            if one["current_stage"] != DELETED
        ]
        created = int(row["creation_time"] or 0)
        aliases = self._of_model("registered_model_aliases", name)
        return RegisteredModelRecord(
            name=name,
            description=row["description"],
            created_ms=created,
            updated_ms=int(row["last_updated_time"] or created),
            last_version=max((int(one["version"]) for one in rows), default=0),
            tags={one["key"]: one["value"] or "" for one in self._of_model("registered_model_tags", name)},
            aliases={one["alias"]: int(one["version"]) for one in aliases},
            versions=versions,
        )

    def _version(self, row: Row, tags: dict[str, str]) -> VersionRecord:
        created = int(row["creation_time"] or 0)
        return VersionRecord(
            version=int(row["version"]),
            source=row["source"] or "",
            storage_location=row.get("storage_location") or row["source"] or "",
            stage=version_stage_of(row["current_stage"]),
            description=row["description"],
            run_id=row["run_id"] or "",
            run_link=row.get("run_link") or "",
            user_id=row["user_id"],
            status=version_status_of(row["status"]),
            status_message=row["status_message"] or None,
            created_ms=created,
            updated_ms=int(row["last_updated_time"] or created),
            tags=tags,
        )

    def files(self, owner: Owner, place: str) -> Iterator[SourceFile]:
        """Where the place says."""
        return self._places.files(place)

    def left_out(self) -> Mapping[str, str]:
        """Rows of tables that Runyard has no place for, and experiments of other workspaces."""
        found = {}
        for table, what in ELSEWHERE.items():
            if table in self._tables:
                where, params = self._in_workspace(table)
                count = int(self._reader.all(f"SELECT count(*) AS n FROM {table}{where}", params)[0]["n"])
                if count:
                    found[what] = f"{count} {what}: Runyard has no place for them."
        if "workspace" in self._tables["experiments"]:
            sql = "SELECT workspace, count(*) AS n FROM experiments WHERE workspace <> ? GROUP BY workspace"
            for row in self._reader.all(sql, (self._workspace,)):
                name = str(row["workspace"])
                found[f"workspace {name}"] = (
                    f"{row['n']} experiments are in MLflow's workspace {name}. Bring them with --source-workspace {name}."
                )
        return found

    # --- statements ---

    def _in_workspace(self, table: str) -> tuple[str, tuple[Any, ...]]:
        if "workspace" in self._tables[table]:
            return " WHERE workspace = ?", (self._workspace,)
        return "", ()

    def _pages(self, table: str, key: str, where: str, params: tuple[Any, ...]) -> Iterator[list[Row]]:
        """Rows by key, a page at a time."""
        sql = f"SELECT * FROM {table} WHERE {where} AND {key} > ? ORDER BY {key} LIMIT {AT_ONCE}"
        after = ""
        while True:
            rows = self._reader.all(sql, (*params, after))
            if not rows:
                return
            yield rows
            after = rows[-1][key]

    def _among(self, table: str, column: str, ids: Sequence[Any], order: str) -> list[Row]:
        if table not in self._tables or not ids:
            return []
        marks = ", ".join("?" * len(ids))
        return self._reader.all(f"SELECT * FROM {table} WHERE {column} IN ({marks}) ORDER BY {order}", ids)

    def _grouped(self, table: str, column: str, ids: Sequence[str], order: str) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self._among(table, column, ids, order):
            found.setdefault(row[column], []).append(row)
        return found

    def _texts(
        self, table: str, owner: str, ids: Sequence[Any], key: str = "key", value: str = "value"
    ) -> dict[Any, dict[str, str]]:
        found: dict[Any, dict[str, str]] = {}
        for row in self._among(table, owner, ids, f'"{key}"'):
            found.setdefault(row[owner], {})[row[key]] = row[value] or ""
        return found

    def _of_model(self, table: str, name: str, order: str = "name") -> list[Row]:
        if table not in self._tables:
            return []
        where, params = self._in_workspace(table)
        clause = f"{where} AND name = ?" if where else " WHERE name = ?"
        return self._reader.all(f"SELECT * FROM {table}{clause} ORDER BY {order}", (*params, name))

    def _inputs(self, ids: Sequence[str]) -> dict[str, list[DatasetInput]]:
        if "inputs" not in self._tables or not ids:
            return {}
        marks = ", ".join("?" * len(ids))
        rows = self._reader.all(
            f"""SELECT i.input_uuid, i.destination_id, d.* FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
            WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id IN ({marks})
            ORDER BY d.name, d.digest""",
            ids,
        )
        tags = self._grouped("input_tags", "input_uuid", [row["input_uuid"] for row in rows], "name")
        found: dict[str, list[DatasetInput]] = {}
        for row in rows:
            dataset = Dataset(
                row["name"],
                row["digest"],
                row["dataset_source_type"],
                row["dataset_source"],
                row["dataset_schema"],
                row["dataset_profile"],
            )
            labels = [Tag(one["name"], one["value"]) for one in tags.get(row["input_uuid"], ())]
            found.setdefault(row["destination_id"], []).append(DatasetInput(dataset, labels))
        return found

    def _edges(self, ids: Sequence[str]) -> dict[str, tuple[list[ModelEdge], list[ModelEdge]]]:
        if "inputs" not in self._tables or not ids:
            return {}
        marks = ", ".join("?" * len(ids))
        rows = self._reader.all(
            f"""SELECT * FROM inputs WHERE source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND source_id IN ({marks})
            ORDER BY destination_id""",
            ids,
        )
        found: dict[str, tuple[list[ModelEdge], list[ModelEdge]]] = {}
        for row in rows:
            edges = found.setdefault(row["source_id"], ([], []))
            edge = ModelEdge(row["destination_id"], int(row.get("step") or 0))
            edges[0 if row["source_type"] == "RUN_INPUT" else 1].append(edge)
        return found

    def _links(self, ids: Sequence[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in self._among("entity_associations", "source_id", ids, "destination_id"):
            if (row["source_type"], row["destination_type"]) == ("trace", "run"):
                found.setdefault(row["source_id"], []).append(row["destination_id"])
        return found


def _packed(points: list[tuple[int, int, float]]) -> bytes:
    return np.array(points, POINT).tobytes()


def _add_promoted(row: Row, tags: dict[str, str], metadata: dict[str, str]) -> None:
    """What the latest versions keep in columns of their own, as the tags and metadata that clients see."""
    if row.get("trace_name") is not None:
        tags[TRACE_NAME] = row["trace_name"]
    if row.get("session_id") is not None:
        metadata["mlflow.trace.session"] = row["session_id"]
    for key, columns in PROMOTED.items():
        found = {column: row[column] for column in columns if row.get(column) is not None}
        if found:
            metadata[key] = json.dumps(found)


def _span_fields(row: Row) -> Mapping[str, Any]:
    try:
        fields = json.loads(row["content"])
    except ValueError:
        raise SourceFault(f"The span {row['span_id']} of trace {row['trace_id']} is not JSON.") from None
    if not isinstance(fields, dict):
        raise SourceFault(f"The span {row['span_id']} of trace {row['trace_id']} is no object.")
    return fields


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if not parts.hostname:
        return url
    return f"{parts.scheme}://{parts.hostname}:{parts.port or ''}{parts.path}"

"""Logged models, whole."""

from __future__ import annotations

from collections.abc import Mapping

from runyard.entities.common import Stage
from runyard.entities.logged_model import LoggedModel
from runyard.entities.transfer import LoggedModelRecord, MeasuredRecord, Placed, measured
from runyard.errors import NotFound
from runyard.store.sql.database import Connection, Transaction
from runyard.store.sql.logged_model_rows import COLUMNS, of_rows
from runyard.store.sql.logged_models import INSERT_PARAM, SET_METRIC, SET_TAG
from runyard.store.sql.transfer.homes import elsewhere

FIND = (
    "SELECT workspace_id, experiment_id, artifact_uri FROM logged_models WHERE uuid = ? AND workspace_id = ?"
)
INSERT = """INSERT INTO logged_models (uuid, workspace_id, experiment_id, name, model_type, source_run_uuid, status,
    status_message, stage, artifact_uri, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    RETURNING id"""
PAGE = f"""SELECT {COLUMNS} FROM logged_models WHERE workspace_id = ? AND experiment_id = ? AND id > ?
    ORDER BY id LIMIT ?"""


def put(
    tx: Transaction, workspace_id: int, record: LoggedModelRecord, locations: Mapping[int, str]
) -> Placed:
    """One model; one that is there stays as it is. Raises: NotFound for the experiment."""
    experiment_id = int(record.experiment_id)
    if experiment_id not in locations:
        raise NotFound(f"No Experiment with id={experiment_id} exists")
    row = tx.one(FIND, (record.id, workspace_id))
    if row is not None:
        if row[1] != experiment_id:
            return elsewhere("logged model", record.id, f"experiment {row[1]}")
        return Placed(record.id, "present", artifact_uri=row[2])
    uri = record.artifact_uri or f"{locations[experiment_id].rstrip('/')}/models/{record.id}/artifacts"
    made = tx.one(INSERT, _columns(workspace_id, experiment_id, record, uri))
    assert made is not None
    tx.many(INSERT_PARAM, [(made[0], key, value) for key, value in record.params.items()])
    tx.many(SET_TAG, [(made[0], key, value) for key, value in record.tags.items()])
    tx.many(SET_METRIC, [_metric(made[0], one) for one in record.metrics])
    return Placed(record.id, "created", artifact_uri=uri)


def _columns(
    workspace_id: int, experiment_id: int, record: LoggedModelRecord, uri: str
) -> tuple[object, ...]:
    who = (record.id, workspace_id, experiment_id, record.name, record.model_type, record.source_run_id)
    state = (record.status, record.status_message, int(Stage[record.stage.upper()]))
    return (*who, *state, uri, record.created_ms, record.updated_ms)


def _metric(model_id: int, one: MeasuredRecord) -> tuple[object, ...]:
    value = None if one.number != one.number else one.number
    return (
        model_id,
        one.key,
        one.run_id,
        one.dataset_name,
        one.dataset_digest,
        value,
        one.step,
        one.timestamp,
    )


def page(
    c: Connection, workspace_id: int, experiment_id: int, after: int, limit: int
) -> tuple[list[LoggedModelRecord], int]:
    """Models in the order in which they came, and where the next page begins."""
    rows = c.all(PAGE, (workspace_id, experiment_id, after, limit))
    return [_of_model(model) for model in of_rows(c, rows)], rows[-1][0] if rows else after


def _of_model(model: LoggedModel) -> LoggedModelRecord:
    return LoggedModelRecord(
        id=model.uuid,
        experiment_id=str(model.experiment_id),
        name=model.name,
        model_type=model.model_type,
        source_run_id=model.source_run_uuid,
        status=int(model.status),
        status_message=model.status_message,
        stage=model.stage.text,  # type: ignore[arg-type]
        artifact_uri=model.artifact_uri,
        created_ms=model.created_ms,
        updated_ms=model.updated_ms,
        params={param.key: param.value for param in model.params},
        tags={tag.key: tag.value for tag in model.tags},
        metrics=[
            MeasuredRecord(
                key=one.key,
                value=measured(one.value),
                timestamp=one.timestamp,
                step=one.step,
                run_id=one.run_uuid,
                dataset_name=one.dataset_name or "",
                dataset_digest=one.dataset_digest or "",
            )
            for one in model.metrics
        ],
    )

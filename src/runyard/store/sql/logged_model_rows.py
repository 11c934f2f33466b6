"""Rows to logged models: a page costs three statements, however many models it has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from runyard.entities.common import Param, Stage, Tag
from runyard.entities.logged_model import LoggedModel, ModelMetric, ModelStatus
from runyard.store.sql.database import Connection, Row
from runyard.store.sql.search.fragments import among

COLUMNS = """id, uuid, experiment_id, name, model_type, source_run_uuid, status, status_message, stage, artifact_uri,
    created_ms, updated_ms"""
METRIC_COLUMNS = "key, value, ms, step, run_uuid, dataset_name, dataset_digest"


def of_rows(c: Connection, rows: Sequence[Row]) -> list[LoggedModel]:
    """Models from rows of COLUMNS, with all that belongs to them, in the order of rows."""
    ids = [row[0] for row in rows]
    tags = _facts(c, "logged_model_tags", ids)
    params = _facts(c, "logged_model_params", ids)
    metrics = _metrics(c, ids)
    return [
        _model(
            row,
            [Tag(*fact) for fact in tags[row[0]]],
            [Param(*fact) for fact in params[row[0]]],
            metrics[row[0]],
        )
        for row in rows
    ]


def of_ids(c: Connection, ids: Sequence[int]) -> list[LoggedModel]:
    """Models in the order of ids."""
    where = among("id", ids, c.dialect)
    rows = {
        row[0]: row for row in c.all(f"SELECT {COLUMNS} FROM logged_models WHERE {where.text}", where.params)
    }
    return of_rows(c, [rows[row_id] for row_id in ids])


def _model(row: Row, tags: list[Tag], params: list[Param], metrics: list[ModelMetric]) -> LoggedModel:
    return LoggedModel(
        uuid=row[1],
        experiment_id=row[2],
        name=row[3],
        model_type=row[4],
        source_run_uuid=row[5],
        status=ModelStatus(row[6]),
        status_message=row[7],
        stage=Stage(row[8]),
        artifact_uri=row[9],
        created_ms=row[10],
        updated_ms=row[11],
        tags=tags,
        params=params,
        metrics=metrics,
    )


def _facts(c: Connection, table: str, ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    where = among("model_id", ids, c.dialect)
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    sql = f"SELECT model_id, key, value FROM {table} WHERE {where.text} ORDER BY model_id, key"
    for model_id, key, value in c.all(sql, where.params):
        found[model_id].append((key, value))
    return found


def _metrics(c: Connection, ids: Sequence[int]) -> dict[int, list[ModelMetric]]:
    where = among("model_id", ids, c.dialect)
    found: dict[int, list[ModelMetric]] = defaultdict(list)
    sql = f"""SELECT model_id, {METRIC_COLUMNS} FROM logged_model_metrics WHERE {where.text}
        ORDER BY model_id, key, run_uuid, dataset_name, dataset_digest"""
    for model_id, key, value, ms, step, run_uuid, name, digest in c.all(sql, where.params):
        number = float("nan") if value is None else value
        found[model_id].append(ModelMetric(key, number, ms, step, run_uuid, name or None, digest or None))
    return found

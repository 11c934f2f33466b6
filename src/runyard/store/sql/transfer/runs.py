"""Runs, whole: all but their points."""

from __future__ import annotations

import json
from collections.abc import Mapping

from runyard.entities.change import ChangeKind
from runyard.entities.common import Stage
from runyard.entities.run import CONTEXT_TAG, DatasetInput, ModelEdge, Run, RunStatus
from runyard.entities.transfer import LoggedRecord, Placed, RunRecord
from runyard.errors import NotFound
from runyard.store.sql import run_docs
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Transaction
from runyard.store.sql.run_points import buffer_of
from runyard.store.sql.run_texts import stored
from runyard.store.sql.runs import FIND_DATASET, INSERT_DATASET, INSERT_INPUT, INSERT_MODEL
from runyard.store.sql.search.fragments import among
from runyard.store.sql.transfer.homes import elsewhere

FIND = "SELECT id, workspace_id, experiment_id, artifact_uri FROM runs WHERE uuid = ? AND workspace_id = ?"
INSERT = """INSERT INTO runs (uuid, workspace_id, experiment_id, name, user_id, status, stage, start_ms, end_ms,
    deleted_ms, received_ms, artifact_uri) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"""
ADD = """INSERT INTO {table} (run_id, key_id, experiment_id, value, rest) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (run_id, key_id) DO NOTHING"""
ADD_PROPERTY = """INSERT INTO run_properties (run_id, key, value) VALUES (?, ?, ?)
    ON CONFLICT (run_id, key) DO NOTHING"""
ADD_LOGGED = """INSERT INTO run_records (run_id, uuid, name, kind, logged_ms, body) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (run_id, uuid) DO NOTHING"""
HAS_EDGE = "SELECT 1 FROM run_models WHERE run_id = ? AND model_uuid = ? AND direction = ? AND step = ?"
PAGE = """SELECT id, deleted_ms FROM runs WHERE workspace_id = ? AND experiment_id = ? AND id > ?
    ORDER BY id LIMIT ?"""
PROPERTIES = "SELECT run_id, key, value FROM run_properties WHERE | ORDER BY run_id, key"
LOGGED = """SELECT r.id, r.uuid, r.name, r.kind, r.logged_ms, r.body FROM run_records r
    WHERE r.run_id = ? AND r.id > ? ORDER BY r.id LIMIT ?"""


def put(tx: Transaction, workspace_id: int, record: RunRecord, locations: Mapping[int, str]) -> Placed:
    """One run.

    Args:
        locations: of the experiments that the workspace has.
    Raises: NotFound for the experiment.
    """
    experiment_id = int(record.experiment_id)
    if experiment_id not in locations:
        raise NotFound(f"No Experiment with id={experiment_id} exists")
    row = tx.one(FIND, (record.id, workspace_id))
    if row is not None and row[2] != experiment_id:
        return elsewhere("run", record.id, f"experiment {row[2]}")
    uri = record.artifact_uri or f"{locations[experiment_id].rstrip('/')}/{record.id}/artifacts"
    if row is None:
        made = tx.one(INSERT, _columns(workspace_id, experiment_id, record, uri))
        assert made is not None
        outcome, run_id = "created", int(made[0])
        tx.changes.of_run(workspace_id, experiment_id, record.id, ChangeKind.CREATED)
    else:
        outcome, run_id, uri = "present", int(row[0]), row[3]
    _add_texts(tx, run_id, experiment_id, record)
    for one in record.inputs:
        _add_input(tx, run_id, experiment_id, one)
    _add_edges(tx, run_id, 0, record.model_inputs)
    _add_edges(tx, run_id, 1, record.model_outputs)
    if row is not None:
        buffer_of(tx).touch(tx.interned.run(tx, workspace_id, record.id))
    return Placed(record.id, "created" if outcome == "created" else "present", artifact_uri=uri)


def _columns(workspace_id: int, experiment_id: int, record: RunRecord, uri: str) -> tuple[object, ...]:
    who = (record.id, workspace_id, experiment_id, record.name, record.user_id)
    times = (record.start_ms, record.end_ms, record.deleted_ms, now_ms())
    return (*who, int(RunStatus[record.status]), int(Stage[record.stage.upper()]), *times, uri)


def _add_texts(tx: Transaction, run_id: int, experiment_id: int, record: RunRecord) -> None:
    for table, texts in (("run_params", record.params), ("run_tags", record.tags)):
        keys = tx.interned.keys(tx, texts)
        rows = [
            (run_id, key, experiment_id, *stored(text))
            for key, text in zip(keys, texts.values(), strict=True)
        ]
        tx.many(ADD.format(table=table), rows)
    tx.many(ADD_PROPERTY, [(run_id, key, value) for key, value in record.properties.items()])


def _add_input(tx: Transaction, run_id: int, experiment_id: int, one: DatasetInput) -> None:
    data = one.dataset
    key = (experiment_id, data.name, data.digest)
    tx.execute(INSERT_DATASET, (*key, data.source_type, data.source, data.schema, data.profile))
    row = tx.one(FIND_DATASET, key)
    assert row is not None
    context = next((tag.value for tag in one.tags if tag.key == CONTEXT_TAG), None)
    tx.execute(
        INSERT_INPUT, (run_id, row[0], context, json.dumps([(tag.key, tag.value) for tag in one.tags]))
    )


def _add_edges(tx: Transaction, run_id: int, direction: int, edges: list[ModelEdge]) -> None:
    for edge in edges:
        if tx.one(HAS_EDGE, (run_id, edge.model_id, direction, edge.step)) is None:
            tx.execute(INSERT_MODEL, (run_id, edge.model_id, direction, edge.step))


def put_logged(tx: Transaction, run_id: int, records: list[LoggedRecord]) -> int:
    """What the SDK logged beside numbers; how many were new."""
    rows = [(run_id, one.uuid, one.name, one.kind, one.logged_ms, one.body) for one in records]
    return tx.many(ADD_LOGGED, rows)


def page(
    c: Connection, workspace_id: int, experiment_id: int, after: int, limit: int
) -> tuple[list[RunRecord], int]:
    """Runs in the order in which they came, and where the next page begins."""
    deleted: dict[int, int | None] = dict(c.all(PAGE, (workspace_id, experiment_id, after, limit)))
    runs = run_docs.load(c, list(deleted))
    properties: dict[int, dict[str, str]] = {}
    where = among("run_id", list(deleted), c.dialect)
    for run_id, key, value in c.all(PROPERTIES.replace("|", where.text), where.params):
        properties.setdefault(run_id, {})[key] = value
    found = [_of_run(runs[one], deleted[one], properties.get(one, {})) for one in deleted if one in runs]
    return found, max(deleted, default=after)


def _of_run(run: Run, deleted_ms: int | None, properties: dict[str, str]) -> RunRecord:
    return RunRecord(
        id=run.id,
        experiment_id=str(run.experiment_id),
        name=run.name,
        user_id=run.user_id,
        status=run.status.name,  # type: ignore[arg-type]
        stage=run.stage.text,  # type: ignore[arg-type]
        start_ms=run.start_ms,
        end_ms=run.end_ms,
        deleted_ms=deleted_ms,
        artifact_uri=run.artifact_uri,
        params={param.key: param.value for param in run.params},
        tags={tag.key: tag.value for tag in run.tags},
        properties=properties,
        inputs=run.inputs,
        model_inputs=run.model_inputs,
        model_outputs=run.model_outputs,
    )


def logged(c: Connection, run_id: int, after: int, limit: int) -> tuple[list[LoggedRecord], int]:
    """What the SDK logged beside numbers, in the order of logging, and where the next page begins."""
    rows = c.all(LOGGED, (run_id, after, limit))
    return [LoggedRecord(*row[1:]) for row in rows], rows[-1][0] if rows else after

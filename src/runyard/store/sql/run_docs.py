"""Runs as their clients read them: from the ready documents where those are current, else from the rows."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from runyard.entities.common import Param, Stage, Tag
from runyard.entities.run import Dataset, DatasetInput, MetricPoint, ModelEdge, NewRun, Run, RunStatus
from runyard.store.sql.database import Connection, Row, Transaction

Render = Callable[[Run], bytes]
IN_ONE_QUERY = 500
KEPT_BYTES = 256 * 1024
_RUNS = """SELECT r.id, r.version, d.body FROM runs r
    LEFT JOIN run_docs d ON d.run_id = r.id AND d.version = r.version WHERE r.id IN ({marks})"""
_ROWS = """SELECT id, uuid, experiment_id, name, user_id, status, stage, start_ms, end_ms, artifact_uri
    FROM runs WHERE id IN ({marks})"""
_METRICS = """SELECT s.run_id, k.name, s.last_value, s.last_ms, s.last_step FROM series s
    JOIN keys k ON k.id = s.key_id WHERE s.run_id IN ({marks}) ORDER BY s.run_id, k.name"""
_TEXTS = """SELECT t.run_id, k.name, t.value FROM {table} t
    JOIN keys k ON k.id = t.key_id WHERE t.run_id IN ({marks}) ORDER BY t.run_id, k.name"""
_DATASETS = """SELECT e.run_id, d.name, d.digest, d.source_type, d.source, d.schema, d.profile, e.tags
    FROM run_datasets e JOIN datasets d ON d.id = e.dataset_id
    WHERE e.run_id IN ({marks}) ORDER BY e.run_id, d.id"""
_MODELS = "SELECT run_id, model_uuid, direction, step FROM run_models WHERE run_id IN ({marks}) ORDER BY id"
KEEP = """INSERT INTO run_docs (run_id, version, body) SELECT id, version, ? FROM runs WHERE id = ? AND version = ?
    ON CONFLICT (run_id) DO UPDATE SET version = excluded.version, body = excluded.body"""


class Documents(msgspec.Struct):
    """Bodies in the order asked for, and (body, run id, version) of those that were made just now."""

    bodies: list[bytes]
    made: list[tuple[bytes, int, int]]


def documents(c: Connection, ids: Sequence[int], render: Render) -> Documents:
    """The documents of runs. Cost: one lookup per run; rows are read for runs that changed since the last time."""
    found: dict[int, bytes] = {}
    stale: dict[int, int] = {}
    for run_id, version, body in _in_pieces(c, _RUNS, ids):
        if body is None:
            stale[run_id] = version
        else:
            found[run_id] = bytes(body)
    made = []
    for run_id, run in load(c, list(stale)).items():
        found[run_id] = render(run)
        if len(found[run_id]) <= KEPT_BYTES:
            made.append((found[run_id], run_id, stale[run_id]))
    return Documents([found[run_id] for run_id in ids if run_id in found], made)


def keep(tx: Transaction, made: Sequence[tuple[bytes, int, int]]) -> None:
    """Store documents, unless their runs have changed again."""
    tx.many(KEEP, made)


def load(c: Connection, ids: Sequence[int]) -> dict[int, Run]:
    """Runs by row id, with everything. Cost: their rows, in a fixed number of statements per 500 runs."""
    runs = {row[0]: _run(row) for row in _in_pieces(c, _ROWS, ids)}
    for run_id, key, value, ms, step in _in_pieces(c, _METRICS, ids):
        runs[run_id].metrics.append(MetricPoint(key, math.nan if value is None else value, ms, step))
    for run_id, key, value in _in_pieces(c, _TEXTS.replace("{table}", "run_params"), ids):
        runs[run_id].params.append(Param(key, value))
    for run_id, key, value in _in_pieces(c, _TEXTS.replace("{table}", "run_tags"), ids):
        runs[run_id].tags.append(Tag(key, value))
    for run_id, *dataset, tags in _in_pieces(c, _DATASETS, ids):
        edge_tags = [Tag(key, value) for key, value in json.loads(tags)]
        runs[run_id].inputs.append(DatasetInput(Dataset(*dataset), edge_tags))
    for run_id, model_id, direction, step in _in_pieces(c, _MODELS, ids):
        edges = runs[run_id].model_outputs if direction else runs[run_id].model_inputs
        edges.append(ModelEdge(model_id, step))
    return runs


def bare_run(c: Connection, run_id: int) -> Run:
    """One run without what was logged to it. Cost: one row."""
    return _run(c.all(_ROWS.replace("{marks}", "?"), (run_id,))[0])


def new_run(new: NewRun, artifact_uri: str) -> Run:
    """What `load` answers for a run that was made just now."""
    return Run(
        id=new.id,
        experiment_id=new.experiment_id,
        name=new.name,
        user_id=new.user_id,
        status=RunStatus.RUNNING,
        stage=Stage.ACTIVE,
        start_ms=new.start_ms,
        end_ms=None,
        artifact_uri=artifact_uri,
        tags=sorted(new.tags, key=lambda tag: tag.key),
    )


def _in_pieces(c: Connection, sql: str, ids: Sequence[int]) -> list[Row]:
    rows: list[Row] = []
    for start in range(0, len(ids), IN_ONE_QUERY):
        some = ids[start : start + IN_ONE_QUERY]
        rows += c.all(sql.replace("{marks}", ", ".join("?" * len(some))), some)
    return rows


def _run(row: Sequence[Any]) -> Run:
    return Run(
        id=row[1],
        experiment_id=row[2],
        name=row[3],
        user_id=row[4],
        status=RunStatus(row[5]),
        stage=Stage(row[6]),
        start_ms=row[7],
        end_ms=row[8],
        artifact_uri=row[9],
        metrics=[],
        params=[],
        tags=[],
        inputs=[],
        model_inputs=[],
        model_outputs=[],
    )

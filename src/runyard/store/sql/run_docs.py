"""Runs as their clients read them: from the ready documents where those are current, else from the rows."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections.abc import Callable, Sequence
from contextvars import Context
from operator import attrgetter
from typing import Any

import msgspec

from runyard.entities.common import Param, Stage, Tag
from runyard.entities.run import Dataset, DatasetInput, MetricPoint, ModelEdge, NewRun, Run, RunStatus
from runyard.errors import RunyardError
from runyard.store.sql.database import Connection, Database, Row, Transaction
from runyard.store.sql.run_texts import WHOLE
from runyard.store.sql.search.fragments import among

_key = attrgetter("key")
Render = Callable[[Run], bytes]
IN_ONE_QUERY = 500
KEPT_BYTES = 256 * 1024
WORTH_KEEPING_BYTES = 16 * 1024  # what is less is made again for less than a commit costs
_RUNS = """SELECT r.id, r.version, d.body FROM runs r
    LEFT JOIN run_docs d ON d.run_id = r.id AND d.version = r.version WHERE {ids}"""
_ROWS = """SELECT id, uuid, experiment_id, name, user_id, status, stage, start_ms, end_ms, artifact_uri
    FROM runs WHERE {ids}"""
_METRICS = "SELECT run_id, key_id, last_value, last_ms, last_step FROM series WHERE {ids}"
_PARAMS = f"SELECT t.run_id, t.key_id, {WHOLE.format('t')} FROM run_params t WHERE {{ids}}"
_TAGS = f"SELECT t.run_id, t.key_id, {WHOLE.format('t')} FROM run_tags t WHERE {{ids}}"
_KEYS = "SELECT id, name FROM keys WHERE {ids}"
_DATASETS = """SELECT e.run_id, d.name, d.digest, d.source_type, d.source, d.schema, d.profile, e.tags
    FROM run_datasets e JOIN datasets d ON d.id = e.dataset_id
    WHERE {ids} ORDER BY e.run_id, d.id"""
_MODELS = "SELECT run_id, model_uuid, direction, step FROM run_models WHERE {ids} ORDER BY id"
KEEP = """INSERT INTO run_docs (run_id, version, body) SELECT id, version, ? FROM runs WHERE id = ? AND version = ?
    ON CONFLICT (run_id) DO UPDATE SET version = excluded.version, body = excluded.body"""


class Documents(msgspec.Struct):
    """Bodies in the order asked for, and (body, run id, version) of those made just now that are worth keeping."""

    bodies: list[bytes]
    made: list[tuple[bytes, int, int]]


def documents(c: Connection, ids: Sequence[int], render: Render) -> Documents:
    """The documents of runs. Cost: one lookup per run; rows are read for runs that changed since theirs was kept."""
    found: dict[int, bytes] = {}
    stale: dict[int, int] = {}
    for run_id, version, body in _rows(c, _RUNS, "r.id", ids):
        if body is None:
            stale[run_id] = version
        else:
            found[run_id] = bytes(body)
    made = []
    for run_id, run in load(c, list(stale)).items():
        found[run_id] = render(run)
        if len(found[run_id]) <= KEPT_BYTES:
            made.append((found[run_id], run_id, stale[run_id]))
    if sum(len(body) for body, _, _ in made) < WORTH_KEEPING_BYTES:
        made = []
    return Documents([found[run_id] for run_id in ids if run_id in found], made)


def keep(tx: Transaction, made: Sequence[tuple[bytes, int, int]]) -> None:
    """Store documents, unless their runs have changed again."""
    tx.many(KEEP, made)


class Keeper:
    """Stores documents after the answer that they were made for: nobody waits for what only saves work later.

    One write at a time, and none is queued behind it, so what waits is bounded; documents left out are made again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None

    def soon(self, made: Sequence[tuple[bytes, int, int]]) -> None:
        """Keep these, unless others are being stored. Call from an event loop."""
        if made and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._keep(made), context=Context())  # of no request

    async def _keep(self, made: Sequence[tuple[bytes, int, int]]) -> None:
        with contextlib.suppress(RunyardError):
            await self._database.write(lambda tx: keep(tx, made), checked=True)


def load(c: Connection, ids: Sequence[int]) -> dict[int, Run]:
    """Runs by row id, with everything. Cost: their rows, in a fixed number of statements."""
    runs = {row[0]: _run(row) for row in _rows(c, _ROWS, "id", ids)}
    metrics = _rows(c, _METRICS, "run_id", ids)
    params, tags = (_rows(c, sql, "t.run_id", ids) for sql in (_PARAMS, _TAGS))
    names = _names(c, {row[1] for rows in (metrics, params, tags) for row in rows})
    for run_id, key, value, ms, step in metrics:
        runs[run_id].metrics.append(MetricPoint(names[key], math.nan if value is None else value, ms, step))
    for run_id, key, value in params:
        runs[run_id].params.append(Param(names[key], value))
    for run_id, key, value in tags:
        runs[run_id].tags.append(Tag(names[key], value))
    for run in runs.values():
        for facts in (run.metrics, run.params, run.tags):
            facts.sort(key=_key)
    for run_id, *dataset, texts in _rows(c, _DATASETS, "e.run_id", ids):
        edge_tags = [Tag(key, value) for key, value in json.loads(texts)]
        runs[run_id].inputs.append(DatasetInput(Dataset(*dataset), edge_tags))
    for run_id, model_id, direction, step in _rows(c, _MODELS, "run_id", ids):
        edges = runs[run_id].model_outputs if direction else runs[run_id].model_inputs
        edges.append(ModelEdge(model_id, step))
    return runs


def _names(c: Connection, keys: set[int]) -> dict[int, str]:
    """Of each key once: runs mostly have the same ones."""
    return {row[0]: row[1] for row in _rows(c, _KEYS, "id", sorted(keys))}


def bare_run(c: Connection, run_id: int) -> Run:
    """One run without what was logged to it. Cost: one row."""
    return _run(c.all(_ROWS.replace("{ids}", "id = ?"), (run_id,))[0])


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


def _rows(c: Connection, sql: str, column: str, ids: Sequence[int]) -> list[Row]:
    """One statement, whose text is the same for any number of runs, so that it is prepared once."""
    if not ids:
        return []
    where = among(column, ids, c.dialect)
    return c.all(sql.replace("{ids}", where.text), where.params)


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

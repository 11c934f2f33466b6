"""Statements about logged models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runyard.entities.common import Page, Param, Stage, Tag
from runyard.entities.logged_model import LoggedModel, LoggedModelQuery, ModelStatus, NewLoggedModel
from runyard.errors import AlreadyExists, BadRequest, NotFound
from runyard.store.sql import experiments
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Transaction
from runyard.store.sql.logged_model_rows import COLUMNS, of_rows
from runyard.store.sql.logged_model_search import search
from runyard.store.sql.search.fragments import among

BY_UUID = f"SELECT {COLUMNS} FROM logged_models WHERE uuid = ? AND workspace_id = ?"
STATE = "SELECT id, stage, artifact_uri FROM logged_models WHERE uuid = ? AND workspace_id = ?"
INSERT = """INSERT INTO logged_models (uuid, workspace_id, experiment_id, name, model_type, source_run_uuid, status,
    stage, artifact_uri, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)
    ON CONFLICT (uuid, workspace_id) DO NOTHING RETURNING id"""
SET_STATUS = "UPDATE logged_models SET status = ?, updated_ms = ? WHERE id = ?"
SET_STAGE = "UPDATE logged_models SET stage = ?, updated_ms = ? WHERE id = ?"
TOUCH = "UPDATE logged_models SET updated_ms = ? WHERE id = ?"
INSERT_PARAM = "INSERT INTO logged_model_params (model_id, key, value) VALUES (?, ?, ?)"
SET_TAG = """INSERT INTO logged_model_tags (model_id, key, value) VALUES (?, ?, ?)
    ON CONFLICT (model_id, key) DO UPDATE SET value = excluded.value"""
DELETE_TAG = "DELETE FROM logged_model_tags WHERE model_id = ? AND key = ?"
SET_METRIC = """INSERT INTO logged_model_metrics
    (model_id, key, run_uuid, dataset_name, dataset_digest, value, step, ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (model_id, key, run_uuid, dataset_name, dataset_digest) DO UPDATE
    SET value = excluded.value, step = excluded.step, ms = excluded.ms
    WHERE (excluded.step, excluded.ms, coalesce(excluded.value, 0)) >
        (logged_model_metrics.step, logged_model_metrics.ms, coalesce(logged_model_metrics.value, 0))"""


class SqlLoggedModels:
    """LoggedModelStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._page_key = page_key

    async def create(self, workspace_id: int, model: NewLoggedModel) -> LoggedModel:
        def work(tx: Transaction) -> LoggedModel:
            home = experiments.load(tx, workspace_id, model.experiment_id)
            experiments.require_active(home)
            if not _insert(tx, workspace_id, home.artifact_location, model):
                return _of_same_id(tx, workspace_id, model)
            return load(tx, workspace_id, model.uuid)

        return await self._database.write(work)

    async def get(self, workspace_id: int, model_id: str, *, allow_deleted: bool = False) -> LoggedModel:
        return await self._database.read(
            lambda c: load(c, workspace_id, model_id, allow_deleted=allow_deleted)
        )

    async def artifact_uri(self, workspace_id: int, model_id: str) -> str:
        return (await self._database.read(lambda c: _active(c, workspace_id, model_id)))[1]

    async def finalize(self, workspace_id: int, model_id: str, status: ModelStatus) -> LoggedModel:
        def work(tx: Transaction) -> LoggedModel:
            row_id, _ = _active(tx, workspace_id, model_id)
            tx.execute(SET_STATUS, (int(status), now_ms(), row_id))
            return load(tx, workspace_id, model_id)

        return await self._database.write(work)

    async def delete(self, workspace_id: int, model_id: str) -> None:
        def work(tx: Transaction) -> None:
            row = tx.one(STATE, (model_id, workspace_id))
            if row is None:
                raise _unknown(model_id)
            if row[1] != Stage.DELETED:
                tx.execute(SET_STAGE, (int(Stage.DELETED), now_ms(), row[0]))

        await self._database.write(work)

    async def set_tags(self, workspace_id: int, model_id: str, tags: Sequence[Tag]) -> None:
        def work(tx: Transaction) -> None:
            row_id, _ = _active(tx, workspace_id, model_id)
            tx.many(SET_TAG, [(row_id, tag.key, tag.value) for tag in tags])
            tx.execute(TOUCH, (now_ms(), row_id))

        await self._database.write(work)

    async def delete_tag(self, workspace_id: int, model_id: str, key: str) -> None:
        def work(tx: Transaction) -> None:
            row_id, _ = _active(tx, workspace_id, model_id)
            if not tx.execute(DELETE_TAG, (row_id, key)):
                raise NotFound(f"No tag with key '{key}' found for model with ID '{model_id}'.")
            tx.execute(TOUCH, (now_ms(), row_id))

        await self._database.write(work)

    async def add_params(self, workspace_id: int, model_id: str, params: Sequence[Param]) -> None:
        def work(tx: Transaction) -> None:
            row_id, _ = _active(tx, workspace_id, model_id)
            _require_new(tx, row_id, model_id, [param.key for param in params])
            tx.many(INSERT_PARAM, [(row_id, param.key, param.value) for param in params])
            tx.execute(TOUCH, (now_ms(), row_id))

        await self._database.write(work)

    async def search(self, workspace_id: int, query: LoggedModelQuery) -> Page[LoggedModel]:
        return await self._database.read(lambda c: search(c, workspace_id, query, self._page_key))


class MeasuredMetric(Protocol):
    """A point of a metric that was measured on a model; timestamp is milliseconds UTC."""

    @property
    def key(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def step(self) -> int: ...
    @property
    def model_id(self) -> str | None: ...
    @property
    def dataset_name(self) -> str | None: ...
    @property
    def dataset_digest(self) -> str | None: ...


def load(c: Connection, workspace_id: int, model_id: str, *, allow_deleted: bool = False) -> LoggedModel:
    """One model.

    Raises: NotFound.
    """
    row = c.one(BY_UUID, (model_id, workspace_id))
    found = of_rows(c, [row] if row else [])
    if not found or (found[0].stage is Stage.DELETED and not allow_deleted):
        raise _unknown(model_id)
    return found[0]


def model_exists(c: Connection, workspace_id: int, uuid: str) -> bool:
    """Whether the workspace has that model, deleted or not."""
    return c.one(STATE, (uuid, workspace_id)) is not None


def record_metrics(
    tx: Transaction, workspace_id: int, run_uuid: str, metrics: Sequence[MeasuredMetric]
) -> None:
    """Keep the latest value, by (step, timestamp, value; NaN counts as 0), of each metric that has a model_id.

    Deleted models take metrics too. Raises: BadRequest for an unknown model, before anything is written.
    """
    measured = [metric for metric in metrics if metric.model_id]
    if not measured:
        return
    ids = require_models(tx, workspace_id, [metric.model_id or "" for metric in measured])
    tx.many(SET_METRIC, [_metric_row(ids[metric.model_id or ""], run_uuid, metric) for metric in measured])


def require_models(c: Connection, workspace_id: int, model_ids: Sequence[str]) -> dict[str, int]:
    """Row ids of models, deleted ones included.

    Raises: BadRequest when one is unknown.
    """
    wanted = list(dict.fromkeys(model_ids))
    where = among("uuid", [model_id for model_id in wanted if "\x00" not in model_id], c.dialect)
    rows = c.all(
        f"SELECT uuid, id FROM logged_models WHERE {where.text} AND workspace_id = ?",
        (*where.params, workspace_id),
    )
    found: dict[str, int] = {row[0]: row[1] for row in rows}
    for model_id in wanted:
        if model_id not in found:
            raise BadRequest(
                f"Logged model with ID '{model_id[:200]}' not found. Create it before logging its metrics."
            )
    return found


def _metric_row(row_id: int, run_uuid: str, metric: MeasuredMetric) -> tuple[object, ...]:
    value = None if metric.value != metric.value else metric.value
    dataset = (metric.dataset_name or "", metric.dataset_digest or "")
    return (row_id, metric.key, run_uuid, *dataset, value, metric.step, metric.timestamp)


def _insert(tx: Transaction, workspace_id: int, location: str, model: NewLoggedModel) -> bool:
    """Whether it was made; else its id is taken and nothing is changed."""
    now = now_ms()
    uri = f"{location.rstrip('/')}/models/{model.uuid}/artifacts"
    who = (model.uuid, workspace_id, model.experiment_id, model.name, model.model_type, model.source_run_uuid)
    row = tx.one(INSERT, (*who, int(ModelStatus.PENDING), uri, now, now))
    if row is None:
        return False
    tx.many(INSERT_PARAM, [(row[0], param.key, param.value) for param in model.params])
    tx.many(SET_TAG, [(row[0], tag.key, tag.value) for tag in model.tags])
    return True


def _of_same_id(tx: Transaction, workspace_id: int, model: NewLoggedModel) -> LoggedModel:
    found = load(tx, workspace_id, model.uuid, allow_deleted=True)
    if found.experiment_id != model.experiment_id or found.stage is Stage.DELETED:
        raise AlreadyExists(f"The model id {model.uuid} is taken by another model. Choose another one.")
    return found


def _active(c: Connection, workspace_id: int, model_id: str) -> tuple[int, str]:
    """Row id and artifact URI."""
    row = c.one(STATE, (model_id, workspace_id))
    if row is None or row[1] == Stage.DELETED:
        raise _unknown(model_id)
    return row[0], row[2]


def _require_new(c: Connection, row_id: int, model_id: str, keys: Sequence[str]) -> None:
    where = among("key", keys, c.dialect)
    taken = c.one(
        f"SELECT key FROM logged_model_params WHERE model_id = ? AND {where.text}", (row_id, *where.params)
    )
    if taken is not None:
        raise BadRequest(
            f"The param '{taken[0]}' of logged model '{model_id}' is set already and cannot be set again."
        )


def _unknown(model_id: str) -> NotFound:
    return NotFound(f"Logged model with ID '{model_id[:200]}' not found.")

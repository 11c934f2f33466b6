"""Statements about runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from runyard.entities.alert import AlertEvent
from runyard.entities.change import ChangeKind
from runyard.entities.common import Page, Param, Stage, Tag, ViewType
from runyard.entities.log_rules import run_absent, run_inactive, tag_absent
from runyard.entities.run import (
    CONTEXT_TAG,
    RUN_NAME_TAG,
    DatasetInput,
    MetricPoint,
    ModelEdge,
    NewRun,
    Run,
    RunStatus,
)
from runyard.entities.search.grammar import parse_filter, parse_order_by
from runyard.entities.search.tables import RUNS
from runyard.entities.trash import TrashKind
from runyard.errors import AlreadyExists, shown
from runyard.store.sql import run_docs
from runyard.store.sql.alert_events import tell
from runyard.store.sql.clock import now_ms
from runyard.store.sql.database import Connection, Database, Transaction
from runyard.store.sql.experiments import load as load_experiment
from runyard.store.sql.experiments import require_active as require_active_experiment
from runyard.store.sql.intern import RunRef
from runyard.store.sql.jobs_changes import cancel_where, takes_status
from runyard.store.sql.run_params import write_params
from runyard.store.sql.run_points import TOUCH, buffer_of
from runyard.store.sql.run_texts import WHOLE, stored
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest
from runyard.store.sql.search.page import RunSearch
from runyard.store.sql.search.walk_runs import search_runs
from runyard.store.sql.trash import require_not_purged

SET_ASIDE_POINTS = 100  # more in one request are worth the pages that storing them at once writes
ModelMetrics = Callable[[Transaction, int, str, Sequence[MetricPoint]], None]

INSERT = """INSERT INTO runs (uuid, workspace_id, experiment_id, name, user_id, status, stage, start_ms,
    received_ms, artifact_uri) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?)
    ON CONFLICT (uuid, workspace_id) DO NOTHING RETURNING id"""
LOCATION = "SELECT artifact_location, stage FROM experiments WHERE id = ? AND workspace_id = ?"
FIND = "SELECT id FROM runs WHERE uuid = ? AND workspace_id = ?"
ARTIFACT_URI = "SELECT artifact_uri FROM runs WHERE uuid = ? AND workspace_id = ?"
SET_NAME = "UPDATE runs SET name = ? WHERE id = ?"
SET_STATUS = "UPDATE runs SET status = ? WHERE id = ?"
STATUS = "SELECT status FROM runs WHERE id = ?"
SET_END = "UPDATE runs SET end_ms = ? WHERE id = ?"
SET_STAGE = "UPDATE runs SET stage = ?, deleted_ms = ?, version = version + 1 WHERE id = ? AND stage <> ?"
SET_TAG = """INSERT INTO run_tags (run_id, key_id, experiment_id, value, rest) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (run_id, key_id) DO UPDATE SET value = excluded.value, rest = excluded.rest"""
GET_TAG = f"""SELECT {WHOLE.format("t")} FROM run_tags t JOIN keys k ON k.id = t.key_id
    WHERE t.run_id = ? AND k.name = ?"""
DELETE_TAG = "DELETE FROM run_tags WHERE run_id = ? AND key_id = (SELECT id FROM keys WHERE name = ?)"
INSERT_DATASET = """INSERT INTO datasets (experiment_id, name, digest, source_type, source, schema, profile)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (experiment_id, name, digest) DO NOTHING"""
FIND_DATASET = "SELECT id FROM datasets WHERE experiment_id = ? AND name = ? AND digest = ?"
INSERT_INPUT = """INSERT INTO run_datasets (run_id, dataset_id, context, tags) VALUES (?, ?, ?, ?)
    ON CONFLICT (run_id, dataset_id) DO NOTHING"""
INSERT_MODEL = "INSERT INTO run_models (run_id, model_uuid, direction, step) VALUES (?, ?, ?, ?)"
HAS_MODEL_INPUT = "SELECT 1 FROM run_models WHERE run_id = ? AND model_uuid = ? AND direction = 0"


class SqlRuns:
    """Runs, what is logged to them, and their search.

    Args:
        render: makes the document of a run; kept beside its rows until the run changes.
        model_metrics: records the metrics that name a logged model, in the same transaction.
    """

    def __init__(
        self, database: Database, page_key: bytes, render: run_docs.Render, model_metrics: ModelMetrics
    ) -> None:
        self._database = database
        self._keeper = run_docs.Keeper(database)
        self._page_key = page_key
        self._render = render
        self._model_metrics = model_metrics
        self.points_accepted = 0

    async def create(self, workspace_id: int, new: NewRun) -> Run:
        """A new run; the same one again, when its id is there in the same experiment.

        Raises: NotFound, InvalidInput when the experiment is deleted; AlreadyExists, for an id of another run.
        """

        def work(tx: Transaction) -> Run:
            made = insert_run(tx, workspace_id, new)
            return made.run if made is not None else _same_run(tx, workspace_id, new)

        return await self._database.write(work, checked=True)

    async def get(self, workspace_id: int, run_id: str) -> bytes:
        """The document of one run, deleted ones included."""

        def work(c: Connection) -> run_docs.Documents:
            return run_docs.documents(c, [_find(c, workspace_id, run_id)], self._render)

        found = await self._database.read(work)
        return found.bodies[0]

    async def artifact_uri(self, workspace_id: int, run_id: str) -> str:
        """Where the run keeps its artifacts."""
        row = await self._database.read(lambda c: c.one(ARTIFACT_URI, (run_id, workspace_id)))
        if row is None:
            raise run_absent(run_id)
        return str(row[0])

    async def load(self, workspace_id: int, run_id: str) -> Run:
        """One run as an entity."""

        def work(c: Connection) -> Run:
            row_id = _find(c, workspace_id, run_id)
            return run_docs.load(c, [row_id])[row_id]

        return await self._database.read(work)

    async def search(
        self,
        workspace_id: int,
        experiment_ids: Sequence[int],
        *,
        view: ViewType,
        filter_string: str,
        order_by: Sequence[str],
        max_results: int,
        page_token: str | None,
    ) -> Page[bytes]:
        """A page of run documents; each run that exists for the whole scan is seen once.

        Cost: index ranges of the filter, then the page's documents. The search chooses between the range that the
        strictest clause leaves and a walk in the order asked for, whichever bounded counts say is less; see
        search/walk_runs.py. Documents of runs that changed are made for the answer and kept after it.
        """
        digest = query_digest(
            "runs", workspace_id, list(experiment_ids), int(view), filter_string, list(order_by)
        )

        def work(c: Connection) -> tuple[run_docs.Documents, str | None]:
            found = search_runs(
                c,
                RunSearch(
                    _visible(c, workspace_id, experiment_ids),
                    max_results,
                    parse_filter(filter_string, RUNS),
                    parse_order_by(list(order_by), RUNS),
                    view,
                    decode_token(self._page_key, digest, page_token),
                ),
            )
            token = encode_token(self._page_key, digest, found.after) if found.after is not None else None
            return run_docs.documents(c, found.ids, self._render), token

        found, token = await self._database.read(work)
        self._keeper.soon(found.made)
        return Page(found.bodies, token)

    async def log(
        self,
        workspace_id: int,
        run_id: str,
        *,
        metrics: Sequence[MetricPoint] = (),
        params: Sequence[Param] = (),
        tags: Sequence[Tag] = (),
        batch: bool = True,
    ) -> None:
        """All or nothing; a replay changes nothing.

        Raises: NotFound, InvalidInput when the run is deleted or a param has another value already.
        """

        tied = [point for point in metrics if point.model_id]

        def work(tx: Transaction) -> None:
            run = active_run(tx, workspace_id, run_id)
            if tied:
                self._model_metrics(tx, workspace_id, run_id, tied)
            if params:
                write_params(tx, run, params, batch=batch)
            if tags:
                write_tags(tx, run, tags)
            if params or tags:
                tx.changes.of_runs((run,), ChangeKind.INFO)
            buffer = buffer_of(tx)
            if metrics:
                buffer.add(tx, run, metrics)
            else:
                buffer.touch(run)

        only_points = not (tied or params or tags) and 0 < len(metrics) <= SET_ASIDE_POINTS
        await self._database.write(work, checked=not tied, only_points=only_points)
        self.points_accepted += len(metrics)

    async def update(
        self, workspace_id: int, run_id: str, status: RunStatus | None, end_ms: int | None, name: str | None
    ) -> Run:
        """Set what is given; the answer has the run's own columns, without metrics, params, tags, inputs."""

        def work(tx: Transaction) -> Run:
            run = active_run(tx, workspace_id, run_id)
            change_run(tx, run, status, end_ms, name)
            return run_docs.bare_run(tx, run.id)

        return await self._database.write(work, checked=True)

    async def set_stage(self, workspace_id: int, run_id: str, stage: Stage) -> None:
        """Delete softly or restore; idempotent."""

        def work(tx: Transaction) -> None:
            run = tx.interned.run(tx, workspace_id, run_id)
            if stage is Stage.ACTIVE:
                require_not_purged(tx, TrashKind.RUN, run.id)
            tx.execute(SET_STAGE, (stage, now_ms() if stage is Stage.DELETED else None, run.id, stage))
            if stage is Stage.DELETED:
                cancel_where(tx, "run_id", run.id)
            tx.interned.forget_runs()
            gone = stage is Stage.DELETED
            tx.changes.of_runs((run,), ChangeKind.DELETED if gone else ChangeKind.CREATED)

        await self._database.write(work, checked=True)

    async def delete_tag(self, workspace_id: int, run_id: str, key: str) -> None:
        """Raises: NotFound when there is no such tag."""

        def work(tx: Transaction) -> None:
            remove_tag(tx, active_run(tx, workspace_id, run_id), key)

        await self._database.write(work, checked=True)

    async def append_to_tag(self, workspace_id: int, run_id: str, key: str, item: object) -> None:
        """Append to a tag that holds a JSON list."""

        def work(tx: Transaction) -> None:
            run = active_run(tx, workspace_id, run_id)
            tx.execute(TOUCH, (run.id,))  # first, so that no other server reads the list meanwhile
            row = tx.one(GET_TAG, (run.id, key))
            items = json.loads(row[0]) if row else []
            write_tags(tx, run, [Tag(key, json.dumps([*items, item]))])
            tx.changes.of_runs((run,), ChangeKind.INFO)

        await self._database.write(work)

    async def log_inputs(
        self, workspace_id: int, run_id: str, datasets: Sequence[DatasetInput], models: Sequence[ModelEdge]
    ) -> None:
        """Tie datasets and models to a run; the first description of a dataset and of an edge stays."""

        def work(tx: Transaction) -> None:
            run = active_run(tx, workspace_id, run_id)
            tx.execute(TOUCH, (run.id,))  # first, so that no other server adds the same meanwhile
            tx.changes.of_runs((run,), ChangeKind.INFO)
            for one in datasets:
                _add_dataset(tx, run, one)
            for model in models:
                if tx.one(HAS_MODEL_INPUT, (run.id, model.model_id)) is None:
                    tx.execute(INSERT_MODEL, (run.id, model.model_id, 0, model.step))

        await self._database.write(work, checked=True)

    async def log_outputs(self, workspace_id: int, run_id: str, models: Sequence[ModelEdge]) -> None:
        """Models that a run wrote; as in MLflow a repetition is kept."""

        def work(tx: Transaction) -> None:
            run = active_run(tx, workspace_id, run_id)
            tx.many(INSERT_MODEL, [(run.id, model.model_id, 1, model.step) for model in models])
            buffer_of(tx).touch(run)

        await self._database.write(work, checked=True)


class MadeRun(NamedTuple):
    """A new run and its row."""

    row_id: int
    run: Run


def insert_run(tx: Transaction, workspace_id: int, new: NewRun) -> MadeRun | None:
    """A new run with its tags; None, and nothing is changed, when its id is taken.

    Raises: NotFound, InvalidInput when the experiment is deleted.
    """
    location = _artifact_location(tx, workspace_id, new.experiment_id)
    artifact_uri = f"{location.rstrip('/')}/{new.id}/artifacts"
    columns = (new.id, workspace_id, new.experiment_id, new.name, new.user_id, RunStatus.RUNNING)
    row = tx.one(INSERT, (*columns, new.start_ms, now_ms(), artifact_uri))
    if row is None:
        return None
    keys = tx.interned.keys(tx, [tag.key for tag in new.tags])
    tags = zip(keys, new.tags, strict=True)
    tx.many(SET_TAG, [(row[0], key, new.experiment_id, *stored(tag.value)) for key, tag in tags])
    tx.changes.of_run(workspace_id, new.experiment_id, new.id, ChangeKind.CREATED)
    return MadeRun(row[0], run_docs.new_run(new, artifact_uri))


def _same_run(tx: Transaction, workspace_id: int, new: NewRun) -> Run:
    run = tx.interned.run(tx, workspace_id, new.id)
    if run.experiment_id != new.experiment_id:
        raise AlreadyExists(f"The run id {shown(new.id)} is taken by another run. Choose another one.")
    return run_docs.load(tx, [run.id])[run.id]


def _artifact_location(tx: Transaction, workspace_id: int, experiment_id: int) -> str:
    """Where an experiment keeps artifacts.

    Raises: NotFound, InvalidState when the experiment is deleted.
    """
    row = tx.one(LOCATION, (experiment_id, workspace_id))
    if row is None or row[1] != Stage.ACTIVE:
        require_active_experiment(load_experiment(tx, workspace_id, experiment_id))
        assert row is not None
    return str(row[0])


def _find(c: Connection, workspace_id: int, run_id: str) -> int:
    row = c.one(FIND, (run_id, workspace_id))
    if row is None:
        raise run_absent(run_id)
    return int(row[0])


def _visible(c: Connection, workspace_id: int, ids: Sequence[int]) -> list[int]:
    """Those experiments that belong to the workspace."""
    found: list[int] = []
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), run_docs.IN_ONE_QUERY):
        some = unique[start : start + run_docs.IN_ONE_QUERY]
        marks = ", ".join("?" * len(some))
        rows = c.all(
            f"SELECT id FROM experiments WHERE workspace_id = ? AND id IN ({marks})", (workspace_id, *some)
        )
        found += [row[0] for row in rows]
    return found


def active_run(tx: Transaction, workspace_id: int, run_id: str) -> RunRef:
    """Raises: NotFound, InvalidInput when deleted."""
    run = tx.interned.run(tx, workspace_id, run_id)
    if run.stage != Stage.ACTIVE:
        raise run_inactive(run_id, run.stage)
    return run


def write_tags(tx: Transaction, run: RunRef, tags: Sequence[Tag]) -> None:
    """Set or overwrite tags; each key is given once."""
    keys = tx.interned.keys(tx, [tag.key for tag in tags])
    pairs = zip(keys, tags, strict=True)
    tx.many(SET_TAG, [(run.id, key, run.experiment_id, *stored(tag.value)) for key, tag in pairs])
    for tag in tags:
        if tag.key == RUN_NAME_TAG:
            tx.execute(SET_NAME, (tag.value, run.id))


def remove_tag(tx: Transaction, run: RunRef, key: str) -> None:
    """Raises: NotFound when there is no such tag."""
    if not tx.execute(DELETE_TAG, (run.id, key)):
        raise tag_absent(run.uuid, key)
    buffer_of(tx).touch(run)


def change_run(
    tx: Transaction, run: RunRef, status: RunStatus | None, end_ms: int | None, name: str | None
) -> None:
    """Set what is given; whoever wants to is told of a run that fails. Of a submitted run the status is its job's."""
    if (status is not None or end_ms is not None) and takes_status(tx, run, status):
        status = end_ms = None
    if status is RunStatus.FAILED and tx.one(STATUS, (run.id,)) != (status,):
        tell(tx, run, AlertEvent.FAILED, "Its status was set to FAILED.")
    if status is not None:
        tx.execute(SET_STATUS, (status, run.id))
    if end_ms is not None:
        tx.execute(SET_END, (end_ms, run.id))
    if name:
        write_tags(tx, run, [Tag(RUN_NAME_TAG, name)])
    buffer_of(tx).touch(run)


def _add_dataset(tx: Transaction, run: RunRef, one: DatasetInput) -> None:
    data = one.dataset
    key = (run.experiment_id, data.name, data.digest)
    tx.execute(INSERT_DATASET, (*key, data.source_type, data.source, data.schema, data.profile))
    row = tx.one(FIND_DATASET, key)
    assert row is not None
    context = next((tag.value for tag in one.tags if tag.key == CONTEXT_TAG), None)
    tags = json.dumps([(tag.key, tag.value) for tag in one.tags])
    tx.execute(INSERT_INPUT, (run.id, row[0], context, tags))

"""Statements about traces and spans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runyard.entities.common import Page, Tag
from runyard.entities.experiment import Experiment
from runyard.entities.search.grammar import parse_filter, parse_order_by
from runyard.entities.search.tables import TRACES
from runyard.entities.trace import (
    ARTIFACT_LOCATION,
    FINALIZED,
    LINKED_PROMPTS,
    SPANS_LOCATION,
    TRACKING_STORE,
    Assessment,
    Trace,
    TraceInfo,
    TraceState,
    TraceSummary,
)
from runyard.entities.trace_rules import with_prompts
from runyard.errors import BadRequest, InvalidInput, NotFound
from runyard.store.sql import traces_assessments
from runyard.store.sql.database import Connection, Database, Row, Transaction
from runyard.store.sql.experiments import load as load_experiment
from runyard.store.sql.experiments import require_active
from runyard.store.sql.search.compile_traces import search_traces
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest
from runyard.store.sql.search.fragments import among
from runyard.store.sql.search.page import TraceSearch
from runyard.store.sql.traces_rows import (
    ADD_ASSESSMENT,
    ADD_SPAN,
    assessment_row,
    experiments_of,
    load_infos,
    load_traces,
    row_ids,
    span_row,
)

PUT = """INSERT INTO traces (uuid, workspace_id, experiment_id, request_ms, duration_ms, state, request_preview,
    response_preview, client_request_id, finalized) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
    ON CONFLICT (uuid, workspace_id) DO UPDATE SET request_ms = excluded.request_ms, duration_ms = excluded.duration_ms,
    state = excluded.state, request_preview = excluded.request_preview,
    response_preview = excluded.response_preview, client_request_id = excluded.client_request_id, finalized = 1
    RETURNING id"""
FROM_SPANS = """INSERT INTO traces (uuid, workspace_id, experiment_id, request_ms, state)
    VALUES (?, ?, ?, ?, ?) RETURNING id"""
LEARN = """UPDATE traces SET request_ms = ?, duration_ms = ?, state = ?,
    request_preview = coalesce(?, request_preview), response_preview = coalesce(?, response_preview) WHERE id = ?"""
END = "UPDATE traces SET duration_ms = ? - request_ms, state = ? WHERE id = ?"
PLACE = """SELECT id, workspace_id, experiment_id, request_ms, duration_ms, state, finalized FROM traces
    WHERE uuid = ? AND workspace_id = ?"""
BY_ID = "SELECT id FROM traces WHERE id = ?"
CHILDREN = ("trace_tags", "trace_metadata", "trace_runs", "spans", "assessments")
OLDEST = "SELECT id FROM traces WHERE experiment_id = ? AND request_ms <= ? ORDER BY request_ms, uuid LIMIT ?"
SET = """INSERT INTO {table} (trace_id, key, value) VALUES (?, ?, ?)
    ON CONFLICT (trace_id, key) DO UPDATE SET value = excluded.value"""
ADD = "INSERT INTO {table} (trace_id, key, value) VALUES (?, ?, ?) ON CONFLICT (trace_id, key) DO NOTHING"
SET_TAG, ADD_TAG = SET.format(table="trace_tags"), ADD.format(table="trace_tags")
SET_METADATA, ADD_METADATA = SET.format(table="trace_metadata"), ADD.format(table="trace_metadata")
DELETE_TAG = "DELETE FROM trace_tags WHERE trace_id = ? AND key = ?"
TAG = "SELECT value FROM trace_tags WHERE trace_id = ? AND key = ?"
LINK = "INSERT INTO trace_runs (run_uuid, trace_id) VALUES (?, ?) ON CONFLICT (run_uuid, trace_id) DO NOTHING"


class SqlTraces:
    """TraceStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._page_key = page_key

    async def start(self, workspace_id: int, info: TraceInfo, *, described: bool = True) -> TraceInfo:
        metadata = {**info.metadata, FINALIZED: "true"} if described else info.metadata

        def work(tx: Transaction) -> TraceInfo:
            experiment = _place(tx, workspace_id, info.experiment_id, info.trace_id)[0]
            require_active(experiment)
            row = tx.one(PUT, _put_params(workspace_id, info))
            assert row is not None
            tags = {**info.tags, ARTIFACT_LOCATION: _artifacts(experiment, info.trace_id)}
            tx.many(SET_TAG, _facts(row[0], tags))
            tx.many(SET_METADATA, _facts(row[0], metadata))
            tx.many(ADD_ASSESSMENT, [assessment_row(row[0], said) for said in info.assessments])
            tx.changes.of_traces(workspace_id, info.experiment_id)
            return load_infos(tx, [row[0]])[0]

        return await self._database.write(work)

    async def end(
        self,
        workspace_id: int,
        trace_id: str,
        end_ms: int,
        state: TraceState,
        *,
        metadata: dict[str, str],
        tags: dict[str, str],
    ) -> TraceInfo:
        def work(tx: Transaction) -> TraceInfo:
            id = require_id(tx, workspace_id, trace_id)
            tx.execute(END, (end_ms, str(state), id))
            tx.many(SET_TAG, _facts(id, tags))
            tx.many(SET_METADATA, _facts(id, metadata))
            _tell(tx, [id])
            return load_infos(tx, [id])[0]

        return await self._database.write(work, checked=True)

    async def add_spans(self, workspace_id: int, experiment_id: int, found: Sequence[TraceSummary]) -> None:
        def work(tx: Transaction) -> None:
            for summary in found:
                experiment, row = _place(tx, workspace_id, experiment_id, summary.trace_id)
                _learn(tx, experiment, row, summary)
            tx.changes.of_traces(workspace_id, experiment_id)

        await self._database.write(work)

    async def get_info(self, workspace_id: int, trace_id: str) -> TraceInfo:
        return await self._database.read(lambda c: load_infos(c, [require_id(c, workspace_id, trace_id)])[0])

    async def get_infos(self, workspace_id: int, trace_ids: Sequence[str]) -> list[TraceInfo]:
        return await self._database.read(lambda c: load_infos(c, row_ids(c, workspace_id, trace_ids)))

    async def get_many(self, workspace_id: int, trace_ids: Sequence[str]) -> list[Trace]:
        return await self._database.read(lambda c: load_traces(c, row_ids(c, workspace_id, trace_ids)))

    async def search(
        self,
        workspace_id: int,
        *,
        experiment_ids: Sequence[int],
        filter_string: str,
        order_by: Sequence[str],
        max_results: int,
        page_token: str | None,
    ) -> Page[TraceInfo]:
        digest = query_digest("traces", workspace_id, sorted(experiment_ids), filter_string, list(order_by))
        after = decode_token(self._page_key, digest, page_token)
        where, order = parse_filter(filter_string, TRACES), parse_order_by(order_by, TRACES)

        def work(c: Connection) -> Page[TraceInfo]:
            ours = experiments_of(c, workspace_id, experiment_ids)
            found = search_traces(c, TraceSearch(ours, max_results, where, order, after))
            token = None if found.after is None else encode_token(self._page_key, digest, found.after)
            return Page(load_infos(c, found.ids), token)

        return await self._database.read(work)

    async def delete(self, workspace_id: int, experiment_id: int, trace_ids: Sequence[str]) -> int:
        def work(tx: Transaction) -> int:
            found = row_ids(tx, workspace_id, trace_ids)
            here = among("id", found, tx.dialect)
            sql = f"SELECT id FROM traces WHERE experiment_id = ? AND {here.text}"
            tx.changes.of_traces(workspace_id, experiment_id)
            return _delete(tx, tx.all(sql, (experiment_id, *here.params)))

        return await self._database.write(work)

    async def delete_until(
        self, workspace_id: int, experiment_id: int, until_ms: int, limit: int | None
    ) -> int:
        def work(tx: Transaction) -> int:
            if not experiments_of(tx, workspace_id, [experiment_id]):
                return 0
            most = 2**62 if limit is None else limit
            tx.changes.of_traces(workspace_id, experiment_id)
            return _delete(tx, tx.all(OLDEST, (experiment_id, until_ms, most)))

        return await self._database.write(work)

    async def set_tag(self, workspace_id: int, trace_id: str, tag: Tag) -> None:
        def work(tx: Transaction) -> None:
            found = row_ids(tx, workspace_id, [trace_id])
            if not found:
                raise BadRequest(f"Trace with ID '{trace_id}' not found.")
            tx.execute(SET_TAG, (found[0], tag.key, tag.value))
            _tell(tx, found)

        await self._database.write(work, checked=True)

    async def delete_tag(self, workspace_id: int, trace_id: str, key: str) -> None:
        def work(tx: Transaction) -> None:
            found = require_id(tx, workspace_id, trace_id)
            _tell(tx, [found])
            if not tx.execute(DELETE_TAG, (found, key)):
                raise NotFound(f"No trace tag with key '{key}' for trace with ID '{trace_id}'")

        await self._database.write(work)

    async def link_to_run(self, workspace_id: int, trace_ids: Sequence[str], run_id: str) -> None:
        def work(tx: Transaction) -> None:
            found = row_ids(tx, workspace_id, trace_ids)
            tx.many(LINK, [(run_id, one) for one in found])
            _tell(tx, found)

        await self._database.write(work, checked=True)

    async def link_prompts(
        self, workspace_id: int, trace_id: str, prompts: Sequence[tuple[str, str]]
    ) -> None:
        def work(tx: Transaction) -> None:
            found = require_id(tx, workspace_id, trace_id)
            tx.one(BY_ID + _locked(tx), (found,))
            row = tx.one(TAG, (found, LINKED_PROMPTS))
            tx.execute(SET_TAG, (found, LINKED_PROMPTS, with_prompts(row[0] if row else "[]", prompts)))

        await self._database.write(work, checked=True)

    async def add_assessment(self, workspace_id: int, assessment: Assessment, other_id: str) -> Assessment:
        def work(tx: Transaction) -> Assessment:
            owner = require_id(tx, workspace_id, assessment.trace_id)
            _tell(tx, [owner])
            return traces_assessments.add(tx, owner, assessment, other_id)

        return await self._database.write(work)

    async def get_assessment(self, workspace_id: int, trace_id: str, assessment_id: str) -> Assessment:
        return await self._database.read(
            lambda c: traces_assessments.load(
                c, require_id(c, workspace_id, trace_id), trace_id, assessment_id
            )
        )

    async def update_assessment(
        self, workspace_id: int, trace_id: str, assessment_id: str, changes: dict[str, Any]
    ) -> Assessment:
        def work(tx: Transaction) -> Assessment:
            owner = require_id(tx, workspace_id, trace_id)
            _tell(tx, [owner])
            return traces_assessments.update(tx, owner, trace_id, assessment_id, changes)

        return await self._database.write(work)

    async def delete_assessment(self, workspace_id: int, trace_id: str, assessment_id: str) -> None:
        def work(tx: Transaction) -> None:
            owner = require_id(tx, workspace_id, trace_id)
            _tell(tx, [owner])
            traces_assessments.delete(tx, owner, trace_id, assessment_id)

        await self._database.write(work)


def _tell(tx: Transaction, ids: Sequence[int]) -> None:
    """These traces change in this transaction. Cost: nothing while nobody listens."""
    if tx.changes.listening and ids:
        some = among("id", list(ids), tx.dialect)
        for place in tx.all(
            f"SELECT DISTINCT workspace_id, experiment_id FROM traces WHERE {some.text}", some.params
        ):
            tx.changes.of_traces(*place)


def require_id(c: Connection, workspace_id: int, trace_id: str) -> int:
    """The row id of a trace.

    Raises: NotFound.
    """
    found = row_ids(c, workspace_id, [trace_id])
    if not found:
        raise NotFound(f"Trace with ID '{trace_id}' not found.")
    return found[0]


def _place(
    tx: Transaction, workspace_id: int, experiment_id: int, trace_id: str
) -> tuple[Experiment, Row | None]:
    """The experiment, and the trace's row if there is one.

    Raises: NotFound, InvalidInput.
    """
    experiment = load_experiment(tx, workspace_id, experiment_id)
    row = tx.one(PLACE + _locked(tx), (trace_id, workspace_id))
    if row is not None and row[2] != experiment_id:
        raise InvalidInput(f"Trace with ID '{trace_id}' already exists in another experiment.")
    return experiment, row


def _locked(tx: Transaction) -> str:
    """Ends a query whose row no other server may change until we commit."""
    return " FOR UPDATE" if tx.dialect == "postgresql" else ""


def _put_params(workspace_id: int, info: TraceInfo) -> Row:
    place = (
        info.trace_id,
        workspace_id,
        info.experiment_id,
        info.request_ms,
        info.duration_ms,
        str(info.state),
    )
    return (*place, info.request_preview, info.response_preview, info.client_request_id)


def _learn(tx: Transaction, experiment: Experiment, row: Row | None, summary: TraceSummary) -> None:
    """Keep the spans; as long as the client has not described the trace itself, what they tell counts."""
    if row is None:
        place = (summary.trace_id, experiment.workspace_id, experiment.id, summary.request_ms)
        made = tx.one(FROM_SPANS, (*place, str(TraceState.IN_PROGRESS)))
        assert made is not None
        row = (made[0], 0, 0, summary.request_ms, None, str(TraceState.IN_PROGRESS), 0)
        tx.execute(ADD_TAG, (row[0], ARTIFACT_LOCATION, _artifacts(experiment, summary.trace_id)))
    id, _, _, request_ms, duration_ms, state, finalized = row
    if not finalized:
        start = min(request_ms, summary.request_ms)
        known_end = None if duration_ms is None else request_ms + duration_ms
        ends = [end for end in (summary.end_ms, known_end) if end is not None]
        duration = max(ends) - start if ends else None
        previews = (summary.request_preview, summary.response_preview)
        tx.execute(LEARN, (start, duration, str(summary.state or state), *previews, id))
    tx.execute(SET_TAG, (id, SPANS_LOCATION, TRACKING_STORE))
    tx.many(ADD_TAG, _facts(id, summary.tags))
    tx.many(ADD_METADATA, _facts(id, summary.metadata))
    tx.many(ADD_SPAN, [span_row(id, span) for span in summary.spans])


def _facts(id: int, pairs: dict[str, str]) -> list[Row]:
    return [(id, key, value) for key, value in pairs.items()]


def _artifacts(experiment: Experiment, trace_id: str) -> str:
    return f"{experiment.artifact_location}/traces/{trace_id}/artifacts"


def _delete(tx: Transaction, rows: Sequence[Row]) -> int:
    ids = [row[0] for row in rows]
    for table in CHILDREN:
        where = among("trace_id", ids, tx.dialect)
        tx.execute(f"DELETE FROM {table} WHERE {where.text}", where.params)
    where = among("id", ids, tx.dialect)
    tx.execute(f"DELETE FROM traces WHERE {where.text}", where.params)
    return len(ids)

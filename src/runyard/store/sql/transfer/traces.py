"""Traces, whole."""

from __future__ import annotations

from collections.abc import Mapping

from runyard.entities.trace import ARTIFACT_LOCATION, Trace
from runyard.entities.transfer import Placed, TraceRecord
from runyard.errors import NotFound
from runyard.store.sql.database import Connection, Transaction
from runyard.store.sql.search.fragments import among
from runyard.store.sql.traces import ADD_METADATA, ADD_TAG, LINK
from runyard.store.sql.traces_rows import ADD_ASSESSMENT, ADD_SPAN, assessment_row, load_traces, span_row
from runyard.store.sql.transfer.homes import elsewhere

FIND = "SELECT id, workspace_id, experiment_id FROM traces WHERE uuid = ? AND workspace_id = ?"
PLACE = "SELECT value FROM trace_tags WHERE trace_id = ? AND key = ?"
INSERT = """INSERT INTO traces (uuid, workspace_id, experiment_id, request_ms, duration_ms, state, request_preview,
    response_preview, client_request_id, finalized) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"""
PAGE = "SELECT id, finalized FROM traces WHERE workspace_id = ? AND experiment_id = ? AND id > ? ORDER BY id LIMIT ?"
LINKS = "SELECT trace_id, run_uuid FROM trace_runs WHERE | ORDER BY trace_id, run_uuid"


def put(tx: Transaction, workspace_id: int, record: TraceRecord, locations: Mapping[int, str]) -> Placed:
    """One trace; one that is there stays as it is. Raises: NotFound for the experiment."""
    experiment_id = int(record.experiment_id)
    if experiment_id not in locations:
        raise NotFound(f"No Experiment with id={experiment_id} exists")
    row = tx.one(FIND, (record.id, workspace_id))
    if row is not None:
        if row[2] != experiment_id:
            return elsewhere("trace", record.id, f"experiment {row[2]}")
        place = tx.one(PLACE, (row[0], ARTIFACT_LOCATION))
        return Placed(record.id, "present", artifact_uri=place[0] if place else "")
    made = tx.one(INSERT, _columns(workspace_id, experiment_id, record))
    assert made is not None
    uri = record.tags.get(ARTIFACT_LOCATION) or (
        f"{locations[experiment_id].rstrip('/')}/traces/{record.id}/artifacts"
    )
    tags = {**record.tags, ARTIFACT_LOCATION: uri}
    tx.many(ADD_TAG, [(made[0], key, value) for key, value in tags.items()])
    tx.many(ADD_METADATA, [(made[0], key, value) for key, value in record.metadata.items()])
    tx.many(ADD_ASSESSMENT, [assessment_row(made[0], said) for said in record.assessments])
    tx.many(ADD_SPAN, [span_row(made[0], span) for span in record.spans])
    tx.many(LINK, [(run_id, made[0]) for run_id in record.runs])
    return Placed(record.id, "created", artifact_uri=uri)


def _columns(workspace_id: int, experiment_id: int, record: TraceRecord) -> tuple[object, ...]:
    who = (record.id, workspace_id, experiment_id, record.request_ms, record.duration_ms, str(record.state))
    texts = (record.request_preview, record.response_preview, record.client_request_id)
    return (*who, *texts, int(record.described))


def page(
    c: Connection, workspace_id: int, experiment_id: int, after: int, limit: int
) -> tuple[list[TraceRecord], int]:
    """Traces in the order in which they came, and where the next page begins."""
    described: dict[int, int] = dict(c.all(PAGE, (workspace_id, experiment_id, after, limit)))
    ids = list(described)
    links: dict[int, list[str]] = {}
    where = among("trace_id", ids, c.dialect)
    for owner, run_id in c.all(LINKS.replace("|", where.text), where.params):
        links.setdefault(owner, []).append(run_id)
    traces = load_traces(c, ids)
    found = [
        _of_trace(trace, bool(described[one]), links.get(one, []))
        for one, trace in zip(ids, traces, strict=True)
    ]
    return found, ids[-1] if ids else after


def _of_trace(trace: Trace, described: bool, runs: list[str]) -> TraceRecord:
    info = trace.info
    return TraceRecord(
        id=info.trace_id,
        experiment_id=str(info.experiment_id),
        request_ms=info.request_ms,
        duration_ms=info.duration_ms,
        state=info.state,
        request_preview=info.request_preview,
        response_preview=info.response_preview,
        client_request_id=info.client_request_id,
        described=described,
        tags=info.tags,
        metadata=info.metadata,
        assessments=info.assessments,
        spans=trace.spans,
        runs=runs,
    )

"""Rows of traces to entities and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from runyard.entities.trace import Assessment, Span, Trace, TraceInfo, TraceState
from runyard.store.sql.database import Connection, Row
from runyard.store.sql.search.fragments import Sql, among

COLUMNS = """id, uuid, experiment_id, request_ms, duration_ms, state, request_preview, response_preview,
    client_request_id, finalized"""
ADD_ASSESSMENT = """INSERT INTO assessments (uuid, trace_id, name, kind, value_text, value_number, valid, content)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uuid, trace_id) DO UPDATE SET name = excluded.name,
    kind = excluded.kind, value_text = excluded.value_text, value_number = excluded.value_number, valid = excluded.valid,
    content = excluded.content"""
ADD_SPAN = """INSERT INTO spans (trace_id, span_id, start_ns, name, type, status, content)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (trace_id, span_id) DO UPDATE SET start_ns = excluded.start_ns,
    name = excluded.name, type = excluded.type, status = excluded.status, content = excluded.content"""


def load_infos(c: Connection, ids: Sequence[int]) -> list[TraceInfo]:
    """Traces by row id, in that order. Cost: four statements."""
    rows = {row[0]: row for row in _all(c, f"SELECT {COLUMNS} FROM traces WHERE |", "id", ids)}
    tags = _pairs(c, "trace_tags", ids)
    metadata = _pairs(c, "trace_metadata", ids)
    assessments: dict[int, list[Assessment]] = {}
    for owner, content in _all(
        c, "SELECT trace_id, content FROM assessments WHERE | ORDER BY id", "trace_id", ids
    ):
        assessments.setdefault(owner, []).append(assessment_of(content))
    return [
        _info(rows[id], tags.get(id, {}), metadata.get(id, {}), assessments.get(id, []))
        for id in ids
        if id in rows
    ]


def load_traces(c: Connection, ids: Sequence[int]) -> list[Trace]:
    """Traces with their spans, which come in order of their start."""
    spans: dict[int, list[Span]] = {}
    statement = "SELECT trace_id, content FROM spans WHERE | ORDER BY trace_id, start_ns, span_id"
    for owner, content in _all(c, statement, "trace_id", ids):
        spans.setdefault(owner, []).append(msgspec.json.decode(content, type=Span))
    infos = load_infos(c, ids)
    return [Trace(info, spans.get(id, [])) for id, info in zip(ids, infos, strict=True)]


def row_ids(c: Connection, workspace_id: int, trace_ids: Sequence[str]) -> list[int]:
    """Row ids of those traces that exist, in the order asked for."""
    unique = [id for id in dict.fromkeys(trace_ids) if "\x00" not in id]
    where = among("uuid", unique, c.dialect) + Sql("AND workspace_id = ?", (workspace_id,))
    found: dict[str, int] = dict(c.all(f"SELECT uuid, id FROM traces WHERE {where.text}", where.params))
    return [found[trace_id] for trace_id in unique if trace_id in found]


def experiments_of(c: Connection, workspace_id: int, ids: Sequence[int]) -> list[int]:
    """Those experiments that the workspace has."""
    here = among("id", sorted(set(ids)), c.dialect)
    rows = c.all(
        f"SELECT id FROM experiments WHERE workspace_id = ? AND {here.text}", (workspace_id, *here.params)
    )
    return [row[0] for row in rows]


def span_row(owner: int, span: Span) -> Row:
    """The parameters of ADD_SPAN."""
    content = msgspec.json.encode(span).decode()
    return (owner, span.span_id, span.start_ns, span.name, span.type, span.status, content)


def assessment_row(owner: int, assessment: Assessment) -> Row:
    """The parameters of ADD_ASSESSMENT."""
    text, number = _comparable(assessment)
    content = msgspec.json.encode(assessment).decode()
    name, kind = assessment.name, assessment.kind
    return (assessment.id, owner, name, kind, text, number, int(assessment.valid), content)


def assessment_of(content: str) -> Assessment:
    """An assessment as it was kept."""
    return msgspec.json.decode(content, type=Assessment)


def _comparable(assessment: Assessment) -> tuple[str | None, float | None]:
    """An assessment's value as text (texts as they are, the rest as JSON) and, if it is one, as number."""
    value = (assessment.feedback or assessment.expectation or {}).get("value")
    if value is None:
        return None, None
    number = float(value) if isinstance(value, int | float) else None
    return (value.replace("\x00", "\ufffd") if isinstance(value, str) else json.dumps(value)), number


def _info(row: Row, tags: dict[str, str], metadata: dict[str, str], said: list[Assessment]) -> TraceInfo:
    _, uuid, experiment, start, duration, state, request, response, client_id, _ = row
    return TraceInfo(
        trace_id=uuid,
        experiment_id=experiment,
        request_ms=start,
        duration_ms=duration,
        state=TraceState(state),
        request_preview=request,
        response_preview=response,
        client_request_id=client_id,
        tags=tags,
        metadata=metadata,
        assessments=said,
    )


def _pairs(c: Connection, table: str, ids: Sequence[int]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    statement = f"SELECT trace_id, key, value FROM {table} WHERE | ORDER BY trace_id, key"
    for owner, key, value in _all(c, statement, "trace_id", ids):
        found.setdefault(owner, {})[key] = value
    return found


def _all(c: Connection, statement: str, column: str, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    """Rows of a statement whose `|` stands for: column is one of ids."""
    where = among(column, ids, c.dialect)
    return c.all(statement.replace("|", where.text), where.params)

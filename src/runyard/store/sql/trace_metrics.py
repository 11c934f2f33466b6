"""Statements that sum up traces, spans and assessments.

Each question is one base query of rows `d0, d1, ..., v` (the groups and the value), summed up by the database; a
percentile takes one more statement.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from runyard.entities.search.grammar import parse_filter
from runyard.entities.search.tables import TRACES
from runyard.entities.trace import SOURCE_RUN, TRACE_NAME
from runyard.entities.trace_metrics import Clause, DataPoint, Kind, MetricQuery, Together, View
from runyard.store.sql.database import Connection, Database, Dialect, Row
from runyard.store.sql.search.compile_traces import count_traces
from runyard.store.sql.search.fragments import Sql, all_of, among, join, ordered_text
from runyard.store.sql.traces_rows import experiments_of

SESSION = "mlflow.trace.session"
TOKEN_USAGE = "mlflow.trace.tokenUsage"
BUCKET = "time_bucket"
TABLES = {
    View.TRACES: "traces r",
    View.SPANS: "traces r JOIN spans s ON s.trace_id = r.id",
    View.ASSESSMENTS: "traces r JOIN assessments a ON a.trace_id = r.id",
}
TAG = "(SELECT x.value FROM trace_tags x WHERE x.trace_id = r.id AND x.key = '{}')"
METADATA = "(SELECT x.value FROM trace_metadata x WHERE x.trace_id = r.id AND x.key = '{}')"
COLUMNS = {
    "trace_count": "r.id",
    "session_count": METADATA.format(SESSION),
    "span_count": "s.start_ns",
    "assessment_count": "a.id",
    "assessment_value": "CASE WHEN a.value_number IS NOT NULL THEN a.value_number "
    "WHEN lower(trim(a.value_text)) = 'yes' THEN 1.0 WHEN lower(trim(a.value_text)) = 'no' THEN 0.0 END",
    "trace_name": TAG.format(TRACE_NAME),
    "trace_status": "r.state",
    "span_name": "s.name",
    "span_type": "s.type",
    "span_status": "s.status",
    "assessment_name": "a.name",
}
FIELDS = {
    ("trace", "status"): "r.state",
    ("span", "name"): "s.name",
    ("span", "status"): "s.status",
    ("span", "type"): "s.type",
    ("assessment", "name"): "a.name",
    ("assessment", "type"): "a.kind",
}
MODELS = {"span_model_name": "mlflow.llm.model", "span_model_provider": "mlflow.llm.provider"}
COST = "mlflow.llm.cost"
SUMS = {
    Kind.COUNT: "count(v)",
    Kind.SUM: "sum(v)",
    Kind.AVG: "avg(v)",
    Kind.MIN: "min(v)",
    Kind.MAX: "max(v)",
}


class SqlTraceMetrics:
    """TraceMetricStore on a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def metric(self, workspace_id: int, query: MetricQuery) -> list[DataPoint]:
        def work(c: Connection) -> list[DataPoint]:
            return _points(c, query, experiments_of(c, workspace_id, query.experiment_ids))

        return await self._database.read(work)

    async def together(
        self, workspace_id: int, experiment_ids: Sequence[int], first: str, second: str, base: str
    ) -> Together:
        one, two, of = (parse_filter(text, TRACES) for text in (first, second, base))

        def work(c: Connection) -> Together:
            ours = experiments_of(c, workspace_id, experiment_ids)
            counts = (count_traces(c, ours, (*of, *clauses)) for clauses in (one, two, one + two, ()))
            return Together(*counts)

        return await self._database.read(work)


def _points(c: Connection, query: MetricQuery, experiments: Sequence[int]) -> list[DataPoint]:
    base = _base(query, experiments, c.dialect)
    names = [*([BUCKET] if query.interval_s else []), *query.dimensions]
    groups = ", ".join(f"d{number}" for number in range(len(names)))
    sums = [one for one in query.aggregations if one.kind is not Kind.PERCENTILE]
    found = _sums(c, base, groups, [_sum(query, one.kind) for one in sums], query.limit)
    values = {key: {one.label: value for one, value in zip(sums, row, strict=True)} for key, row in found}
    for one in query.aggregations:
        if one.percentile is not None:
            for key, value in _percentiles(c, base, groups, one.percentile):
                values.get(key, {})[one.label] = value
    return [
        DataPoint({name: _shown(name, item) for name, item in zip(names, key, strict=True)}, present)
        for key, row in values.items()
        if (present := {label: float(value) for label, value in row.items() if value is not None})
    ]


def _sum(query: MetricQuery, kind: Kind) -> str:
    return "count(DISTINCT v)" if query.metric == "session_count" else SUMS[kind]


def _sums(c: Connection, base: Sql, groups: str, sums: list[str], limit: int) -> list[tuple[Row, Row]]:
    """The key of each group and its sums."""
    columns = ", ".join([*([groups] if groups else []), "count(*)", *sums])
    by = f"GROUP BY {groups} ORDER BY {groups}" if groups else ""
    rows = c.all(f"{base.text} SELECT {columns} FROM b {by} LIMIT ?", (*base.params, limit))
    width = groups.count("d")
    return [(tuple(row[:width]), tuple(row[width + 1 :])) for row in rows]


def _percentiles(c: Connection, base: Sql, groups: str, percentile: float) -> list[tuple[Row, float]]:
    """By group, linearly between the two values next to the percentile."""
    per = f"PARTITION BY {groups}" if groups else ""
    share = "CAST(? AS double precision) * (n - 1)"
    place = f"CAST({share} AS INTEGER)" if c.dialect == "sqlite" else f"CAST(floor({share}) AS bigint)"
    lead = f"{groups}, " if groups else ""
    text = f"""{base.text}, o AS (SELECT b.*, row_number() OVER ({per} ORDER BY v) - 1 AS i, count(*) OVER ({per}) AS n
        FROM b WHERE v IS NOT NULL), p AS (SELECT o.*, {place} AS lo FROM o)
        SELECT {lead}max(n), max(CASE WHEN i = lo THEN v END), max(CASE WHEN i = lo + 1 THEN v END)
        FROM p {f"GROUP BY {groups}" if groups else ""}"""
    width = groups.count("d")
    return [
        (tuple(row[:width]), _between(percentile / 100 * (row[width] - 1), row[width + 1], row[width + 2]))
        for row in c.all(text, (*base.params, percentile / 100))
        if row[width]
    ]


def _between(place: float, low: Any, high: Any) -> float:
    share = place - int(place)
    return float(low) if high is None else float(low) + (float(high) - float(low)) * share


def _shown(name: str, value: Any) -> str:
    if name == BUCKET:
        return datetime.fromtimestamp(value / 1000, UTC).isoformat()
    return _assessed(json.loads(value)) if name == "assessment_value" else str(value)


def _assessed(value: Any) -> str:
    """A value as MLflow shows it: JSON text, numbers with a point."""
    return json.dumps(float(value) if type(value) is int and abs(value) < 2**63 else value)


def _base(query: MetricQuery, experiments: Sequence[int], dialect: Dialect) -> Sql:
    """The rows to sum up, as `WITH b AS (...)`; those without a group are left out."""
    moment = "r.request_ms"
    if query.view is View.SPANS and query.metric.endswith("_cost"):
        moment = "(s.start_ns / 1000000)"
    where = [among("r.experiment_id", experiments, dialect)]
    if query.start_ms is not None:
        where.append(Sql(f"{moment} >= ?", (query.start_ms,)))
    if query.end_ms is not None:
        where.append(Sql(f"{moment} <= ?", (query.end_ms,)))
    if query.view is View.ASSESSMENTS:
        where.append(Sql("a.valid = 1"))
    where += [_condition(clause) for clause in query.clauses]
    columns = [Sql(ordered_text(_dimension(name, dialect), dialect)) for name in query.dimensions]
    if query.interval_s:
        columns.insert(0, _bucket(query, dialect))
    named = [column.wrap("", f" AS d{number}") for number, column in enumerate(columns)]
    rows = join(", ", [*named, Sql(f"{_value(query, dialect)} AS v")]).wrap("SELECT ") + all_of(where).wrap(
        f"FROM {TABLES[query.view]} WHERE "
    )
    whole = " AND ".join(f"d{number} IS NOT NULL" for number in range(len(columns)))
    return rows.wrap("WITH a0 AS (", f"), b AS (SELECT * FROM a0 {f'WHERE {whole}' if whole else ''})")


def _bucket(query: MetricQuery, dialect: Dialect) -> Sql:
    """The start of the stretch of time that a row falls into, milliseconds."""
    moment = "(s.start_ns / 1000000)" if query.view is View.SPANS else "r.request_ms"
    width = query.interval_s * 1000
    return Sql(f"({moment} / CAST(? AS bigint)) * CAST(? AS bigint)", (width, width))


def _value(query: MetricQuery, dialect: Dialect) -> str:
    if query.metric == "latency":
        end = "json_extract(s.content, '$.end_ns')"
        if dialect == "postgresql":
            end = "CAST(CAST(s.content AS json) ->> 'end_ns' AS bigint)"
        return "r.duration_ms" if query.view is View.TRACES else f"(({end} - s.start_ns) / 1000000)"
    if query.metric.endswith("_cost"):
        return _number_at("s.content", ["attributes", COST, query.metric], dialect)
    if query.metric.endswith("_tokens"):
        return _tokens(query.metric, dialect)
    return COLUMNS[query.metric]


def _tokens(name: str, dialect: Dialect) -> str:
    """A number in the JSON text that the client keeps in a trace's metadata, which may be anything."""
    usage = METADATA.format(TOKEN_USAGE)
    if dialect == "postgresql":
        return f"CAST(substring({usage} FROM '\"{name}\"\\s*:\\s*(\\d{{1,15}})') AS bigint)"
    valid = f"CASE WHEN json_valid(u.value) THEN {_number_at('u.value', [name], dialect)} END"
    return f"(SELECT {valid} FROM trace_metadata u WHERE u.trace_id = r.id AND u.key = '{TOKEN_USAGE}')"


def _number_at(column: str, path: Sequence[str], dialect: Dialect) -> str:
    if dialect == "postgresql":
        at = f"CAST({column} AS json) #> '{{{','.join(path)}}}'"
        return f"CASE WHEN json_typeof({at}) = 'number' THEN CAST({at} #>> '{{}}' AS double precision) END"
    at = f"{column}, '$.{'.'.join(_quoted(name) for name in path)}'"
    return f"CASE WHEN json_type({at}) IN ('integer', 'real') THEN json_extract({at}) END"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _dimension(name: str, dialect: Dialect) -> str:
    if name == "assessment_value":
        if dialect == "postgresql":
            content = "CAST(a.content AS json)"
            return f"CAST(coalesce({content} #> '{{feedback,value}}', {content} #> '{{expectation,value}}') AS text)"
        return "coalesce(a.content -> '$.feedback.value', a.content -> '$.expectation.value')"
    if name in MODELS:
        if dialect == "postgresql":
            return f"(CAST(s.content AS json) #>> '{{attributes,{MODELS[name]}}}')"
        return f"CAST(json_extract(s.content, '$.attributes.{_quoted(MODELS[name])}') AS TEXT)"
    return COLUMNS[name]


def _condition(clause: Clause) -> Sql:
    column = FIELDS.get((clause.of, clause.field))
    if column is not None:
        return Sql(f"{column} = ?", (clause.value,))
    table = "trace_tags" if clause.field == "tag" else "trace_metadata"
    found = Sql(
        f"EXISTS (SELECT 1 FROM {table} x WHERE x.trace_id = r.id AND x.key = ? AND x.value = ?)",
        (clause.key, clause.value),
    )
    if (clause.field, clause.key) != ("metadata", SOURCE_RUN):
        return found
    linked = Sql(
        "EXISTS (SELECT 1 FROM trace_runs l WHERE l.trace_id = r.id AND l.run_uuid = ?)", (clause.value,)
    )
    return join(" OR ", [found, linked]).wrap("(", ")")

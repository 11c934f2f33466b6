"""Search over traces."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from runyard.entities.search.tree import Comparison, Filter, Operator, OrderBy, Value
from runyard.entities.trace import LINKED_PROMPTS, SOURCE_RUN, TRACE_NAME
from runyard.store.sql.database import Connection, Dialect
from runyard.store.sql.search.compile_runs import known_experiments
from runyard.store.sql.search.fragments import (
    NEVER,
    Sql,
    all_of,
    among,
    compare,
    indexed_text,
    join,
    ordered_text,
)
from runyard.store.sql.search.keyset import Key, nullable
from runyard.store.sql.search.page import Found, TraceSearch
from runyard.store.sql.search.records import (
    Facts,
    Field,
    conditions,
    fact_condition,
    field_condition,
    field_key,
    led,
    select_page,
)

FIELDS = {
    "status": Field("r.state", text=True),
    "request_id": Field("r.uuid", text=True),
    "client_request_id": Field("r.client_request_id", text=True, optional=True),
    "timestamp_ms": Field("r.request_ms"),
    "execution_time_ms": Field("r.duration_ms", optional=True),
    "end_time_ms": Field("(r.request_ms + r.duration_ms)", optional=True),
    "experiment_id": Field("r.experiment_id"),
}
FACTS = {
    "tag": Facts("trace_tags", "x.trace_id = r.id"),
    "metadata": Facts("trace_metadata", "x.trace_id = r.id", "r.id = x.trace_id"),
}
NAMED_FACTS = {"name": ("tag", TRACE_NAME), "run_id": ("metadata", SOURCE_RUN)}
LEADERS = [("attribute", "request_id"), ("attribute", "run_id")]
RARE = 1_000
PLAIN_NAME = re.compile(r"[A-Za-z0-9_.:/ -]+")
PLAIN_VALUE = re.compile(r"[A-Za-z][A-Za-z0-9_.:/ -]*|[0-9]+")
INDEXED = {"name": "s.name", "type": "s.type", "status": "s.status"}
SPAN_COLUMNS = {"name": "s.name", "type": "s.type", "status": "s.status", "content": "s.content"}
ATTRIBUTES: dict[Dialect, str] = {
    "sqlite": "json_each(s.content, '$.attributes') a",
    "postgresql": "json_each_text(CAST(s.content AS json) -> 'attributes') a(key, value)",
}
ATTRIBUTE_TEXT: dict[Dialect, str] = {
    "sqlite": "CASE a.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(a.value AS TEXT) END",
    "postgresql": "a.value",
}


def search_traces(connection: Connection, search: TraceSearch) -> Found[int]:
    """Row ids of one page. Default order: newest first, then trace id."""
    experiments = known_experiments(connection, search.experiment_ids)
    if not experiments:
        return Found([])
    dialect = connection.dialect
    where = _where(search.filter, experiments, connection)
    joins, keys = _keys(search, dialect)
    head = join(" ", [Sql("SELECT r.id | FROM traces r"), *joins])
    rows, more = select_page(connection, head, where, keys, search.after, search.limit)
    return Found([row[0] for row in rows], more)


def count_traces(connection: Connection, experiment_ids: Sequence[int], clauses: Filter) -> int:
    """How many traces of these experiments match."""
    where = _where(clauses, experiment_ids, connection)
    if NEVER in where:
        return 0
    statement = Sql("SELECT count(*) FROM traces r") + all_of(where).wrap("WHERE ")
    row = connection.one(statement.text, statement.params)
    assert row is not None
    return int(row[0])


def _where(clauses: Filter, experiments: Sequence[int], connection: Connection) -> list[Sql]:
    dialect = connection.dialect
    of_spans = [clause for clause in clauses if _is_of_span(clause)]
    others = [clause for clause in clauses if not _is_of_span(clause)]
    found = conditions(others, lambda clause: _condition(clause, dialect))
    rare = _rarest(of_spans, connection)
    lead = " + 0" if rare is not None else led(others, LEADERS)
    if rare is not None:
        rest = [_on_span(clause, dialect) for clause in of_spans if clause is not rare[1]]
        found.append(all_of([rare[0], *rest]).wrap("r.id IN (SELECT s.trace_id FROM spans s WHERE ", ")"))
    elif of_spans:
        matching = all_of([_on_span(clause, dialect) for clause in of_spans])
        found.append(matching.wrap("EXISTS (SELECT 1 FROM spans s WHERE s.trace_id = r.id AND ", ")"))
    return [among(f"r.experiment_id{lead}", experiments, dialect), *found]


def _is_of_span(clause: Comparison) -> bool:
    """Whether it is about a span: all such clauses of a filter must hold for the same span."""
    return clause.entity == "span" or (clause.entity, clause.key) == ("attribute", "text")


def _rarest(clauses: Sequence[Comparison], connection: Connection) -> tuple[Sql, Comparison] | None:
    """A comparison that an index answers and that few spans meet, with its condition; None if there is none.

    Many matching spans are met soon by walking the newest traces, few only by an index.
    """
    for clause in clauses:
        column = INDEXED.get(clause.key) if clause.entity == "span" else None
        ranged = indexed_text(clause.op, clause.value, connection.dialect, column) if column else None
        if ranged is None:
            continue
        probe = ranged[0].wrap("SELECT count(*) FROM (SELECT 1 FROM spans s WHERE ", " LIMIT ?) few")
        row = connection.one(probe.text, (*probe.params, RARE + 1))
        if row is None or row[0] > RARE:
            continue
        inside, exact = ranged
        return (inside if exact else inside + _on_span(clause, connection.dialect).wrap("AND ")), clause
    return None


def _condition(clause: Comparison, dialect: Dialect) -> Sql:
    if clause.entity in FACTS:
        return fact_condition(FACTS[clause.entity], clause.key, clause.op, clause.value, dialect)
    if clause.entity == "attribute":
        return _attribute(clause.key, clause.op, clause.value, dialect)
    if clause.entity in ("feedback", "expectation"):
        return _assessment(clause, dialect)
    return NEVER


def _attribute(key: str, op: Operator, value: Value, dialect: Dialect) -> Sql:
    if key == "prompt":
        return _prompt(str(value), dialect)
    if key == "run_id":
        return join(" OR ", [_fact(key, op, value, dialect), _linked(op, value, dialect)]).wrap("(", ")")
    if key == "name":
        return _fact(key, op, value, dialect)
    return field_condition(FIELDS[key], op, value, dialect)


def _fact(key: str, op: Operator, value: Value, dialect: Dialect) -> Sql:
    entity, name = NAMED_FACTS[key]
    return fact_condition(FACTS[entity], name, op, value, dialect)


def _linked(op: Operator, value: Value, dialect: Dialect) -> Sql:
    """The trace was linked to such a run afterwards."""
    of_run = compare("l.run_uuid", op, value, dialect)
    return of_run.wrap("r.id IN (SELECT l.trace_id FROM trace_runs l WHERE ", ")")


def _prompt(written: str, dialect: Dialect) -> Sql:
    """The trace used the prompt `name/version`."""
    name, _, version = written.rpartition("/")
    part = json.dumps({"name": name, "version": version})
    position = "instr(x.value, ?)" if dialect == "sqlite" else "strpos(x.value, ?)"
    return Sql(
        f"EXISTS (SELECT 1 FROM trace_tags x WHERE x.trace_id = r.id AND x.key = ? AND {position} > 0)",
        (LINKED_PROMPTS, part),
    )


def _on_span(clause: Comparison, dialect: Dialect) -> Sql:
    """A comparison with the span `s`."""
    key, op, value = clause.key, clause.op, clause.value
    column = "s.content" if clause.entity == "attribute" else SPAN_COLUMNS.get(key)
    if column is not None:
        return compare(column, op, value, dialect)
    key = key.removeprefix("attributes.")
    of_key = Sql("a.key = ?", (key,))
    matching = (of_key + compare(ATTRIBUTE_TEXT[dialect], op, value, dialect).wrap("AND ")).wrap(
        f"EXISTS (SELECT 1 FROM {ATTRIBUTES[dialect]} WHERE ", ")"
    )
    return join(" AND ", [*_written(key, op, value, dialect), matching])


def _written(key: str, op: Operator, value: Value, dialect: Dialect) -> list[Sql]:
    """What the text of a span holds if an attribute has this key and value: cheaper than to read its JSON.

    Only for plain names, words and whole numbers, because other texts may be written in several ways.
    """
    if not PLAIN_NAME.fullmatch(key):
        return []
    parts = [f'"{key}":']
    if op == "=" and isinstance(value, str) and PLAIN_VALUE.fullmatch(value):
        parts = [f'"{key}":"{value}"', f'"{key}":{value}']
    return [
        join(" OR ", [compare("s.content", "LIKE", f"%{part}%", dialect) for part in parts]).wrap("(", ")")
    ]


def _assessment(clause: Comparison, dialect: Dialect) -> Sql:
    """Some assessment of that name which has not been overridden matches."""
    named = Sql(
        "(SELECT 1 FROM assessments a WHERE a.trace_id = r.id AND a.kind = ? AND a.name = ? AND a.valid = 1",
        (clause.entity, clause.key),
    )
    if clause.op in ("IS NULL", "IS NOT NULL"):
        return named.wrap("NOT EXISTS " if clause.op == "IS NULL" else "EXISTS ", ")")
    column = "a.value_text" if isinstance(clause.value, str) else "a.value_number"
    matching = compare(column, clause.op, clause.value, dialect)
    return (named + matching.wrap("AND ")).wrap("EXISTS ", ")")


def _keys(search: TraceSearch, dialect: Dialect) -> tuple[list[Sql], list[Key]]:
    joins: list[Sql] = []
    keys: list[Key] = []
    named = {clause.name.key for clause in search.order if clause.name.entity == "attribute"}
    for number, clause in enumerate(search.order):
        fact = _fact_name(clause)
        if fact is None:
            keys.append(field_key(FIELDS[clause.name.key], clause.ascending, dialect))
            continue
        table, alias = FACTS[fact[0]].table, f"o{number}"
        joins.append(
            Sql(f"LEFT JOIN {table} {alias} ON {alias}.trace_id = r.id AND {alias}.key = ?", (fact[1],))
        )
        keys.append(nullable(ordered_text(f"{alias}.value", dialect), clause.ascending))
    ties = [("timestamp_ms", False), ("request_id", True)]
    return joins, keys + [field_key(FIELDS[key], up, dialect) for key, up in ties if key not in named]


def _fact_name(clause: OrderBy) -> tuple[str, str] | None:
    """The table and key that a sort key is read from; None for a column of traces."""
    name = clause.name
    return (name.entity, name.key) if name.entity != "attribute" else NAMED_FACTS.get(name.key)

"""Searches over nouns with thousands of records: one statement, the database chooses the plan."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runyard.entities.search.tree import Comparison, Operator, Order, Value
from runyard.store.sql.database import Connection, Dialect
from runyard.store.sql.search.cursor import Position
from runyard.store.sql.search.fragments import (
    ALWAYS,
    NEVER,
    Sql,
    all_of,
    among,
    compare,
    compare_enum,
    enum_rank,
    indexed_text,
    ordered_text,
)
from runyard.store.sql.search.keyset import Key, after, check_position, nullable, order_by

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the searched table `r` (or of a joined one)."""

    column: str
    text: bool = False
    optional: bool = False  # may be NULL
    names: Mapping[int, str] | None = None  # a number whose values clients know by name
    number_as_text: bool = False  # an integer that clients write as a quoted string


@dataclass(frozen=True, slots=True)
class Facts:
    """A table of (owner, key, value) rows: tags or params of the searched records."""

    table: str
    owner: str  # condition that binds x to r
    indexed_owner: str = ""  # with an index (key, start of value, owner): r's side, then x's columns


def field_condition(field: Field, op: Operator, value: Value, dialect: Dialect) -> Sql:
    """A comparison on a column."""
    if field.names is not None:
        return compare_enum(field.column, op, value, dict(field.names))
    if field.number_as_text:
        return _integer_condition(field.column, op, value, dialect)
    return compare(field.column, op, value, dialect)


def _integer_condition(column: str, op: Operator, value: Value, dialect: Dialect) -> Sql:
    written = value if isinstance(value, tuple) else (str(value),)
    numbers = [int(text) for text in written if text.isascii() and text.isdigit() and len(text) <= 18]
    found = among(column, numbers, dialect)
    return found if op in ("=", "IN") else found.wrap("NOT (", ")")


def fact_condition(facts: Facts, key: str, op: Operator, value: Value, dialect: Dialect) -> Sql:
    """A comparison on a tag or param."""
    of_key = Sql(f"(SELECT 1 FROM {facts.table} x WHERE {facts.owner} AND x.key = ?", (key,))
    if op == "IS NULL":
        return of_key.wrap("", ") IS NULL")
    if op == "IS NOT NULL":
        return of_key.wrap("", ") = 1")
    ranged = indexed_text(op, value, dialect, "x.value") if facts.indexed_owner and op == "=" else None
    if ranged is not None:
        ours, _, theirs = facts.indexed_owner.partition("=")
        found = Sql("x.key = ?", (key,)) + ranged[0].wrap("AND ")
        return found.wrap(f"{ours} IN (SELECT {theirs} FROM {facts.table} x WHERE ", ")")
    return (of_key + compare("x.value", op, value, dialect).wrap("AND ")).wrap("", ") = 1")


def field_key(field: Field, ascending: bool, dialect: Dialect) -> Key:
    """A sort key on a column."""
    value = field.column
    if field.names is not None:
        value = enum_rank(value, dict(field.names))
    elif field.text:
        value = ordered_text(value, dialect)
    return nullable(value, ascending) if field.optional else Key(value, ascending)


def field_keys(
    fields: Mapping[str, Field], order: Order, ties: Sequence[tuple[str, bool]], dialect: Dialect
) -> list[Key]:
    """Sort keys on columns; those of `ties` that order does not name come last."""
    wanted = [(clause.name.key, clause.ascending) for clause in order]
    named = {key for key, _ in wanted}
    wanted += [(key, ascending) for key, ascending in ties if key not in named]
    return [field_key(fields[key], ascending, dialect) for key, ascending in wanted]


def led(clauses: Sequence[Comparison], leaders: Collection[tuple[str, str]]) -> str:
    """What to append to the scope's column, so that the index of a leader compared for equality is taken.

    Without statistics SQLite prefers the index of the scope, because that one is in the order asked for.
    A leader is an entity and a key; an empty key stands for any.
    """
    names = {(clause.entity, clause.key) for clause in clauses if clause.op == "="}
    names |= {(entity, "") for entity, _ in names}
    return " + 0" if names & set(leaders) else ""


Condition = Callable[[Comparison], Sql]


def conditions(clauses: Sequence[Comparison], condition: Condition) -> list[Sql]:
    """The conditions of all clauses, each once."""
    return list(dict.fromkeys(found for found in map(condition, clauses) if found != ALWAYS))


def select_page(
    connection: Connection,
    head: Sql,
    where: Sequence[Sql],
    keys: Sequence[Key],
    position: Position | None,
    limit: int,
) -> tuple[list[Row], Position | None]:
    """Rows (the columns of head, which is `SELECT ids | FROM ...`, without sort columns) and where the next
    page starts.

    Args:
        head: text with a `|` where the sort columns go.
    """
    if NEVER in where:
        return [], None
    where = list(where)
    if position is not None:
        check_position(position, keys)
        where += [after(keys, position), *_range(keys[0], position)]
    columns = ", ".join(column for key in keys for column in key.columns)
    ids, _, tables = head.text.partition("|")
    statement = (
        Sql(f"{ids.rstrip()}, {columns} {tables.lstrip()}", head.params)
        + all_of(where).wrap("WHERE ")
        + Sql(f"ORDER BY {order_by(keys)} LIMIT ?", (limit + 1,))
    )
    found = connection.all(statement.text, statement.params)
    width = sum(len(key.columns) for key in keys)
    page = found[:limit]
    more = tuple(page[-1][-width:]) if len(found) > limit else None
    return [row[:-width] for row in page], more


def _range(first: Key, position: Position) -> list[Sql]:
    """What `after` implies for the first key alone: a range that an index understands."""
    if first.rank:
        return []
    return [Sql(f"{first.value} {'>=' if first.ascending else '<='} ?", (position[0],))]

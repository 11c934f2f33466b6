"""Pieces of SQL text with their parameters, for SQLite and PostgreSQL. Values never become text."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from runyard.entities.search.evaluate import compare_text
from runyard.entities.search.tree import Operator, Value
from runyard.store.sql.database import Dialect

PREFIX = 64  # characters of a text value that are indexed


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of a statement and the parameters of its `?`, in order."""

    text: str
    params: tuple[Any, ...] = ()

    def __add__(self, other: Sql) -> Sql:
        return Sql(f"{self.text} {other.text}", self.params + other.params)

    def wrap(self, before: str, after: str = "") -> Sql:
        """The same piece between two pieces without parameters."""
        return Sql(f"{before}{self.text}{after}", self.params)


NEVER = Sql("1 = 0")
ALWAYS = Sql("1 = 1")


def join(glue: str, parts: Sequence[Sql]) -> Sql:
    """All parts with `glue` between them."""
    params = tuple(param for part in parts for param in part.params)
    return Sql(glue.join(part.text for part in parts), params)


def all_of(parts: Sequence[Sql]) -> Sql:
    """All conditions; nested evenly, because SQLite limits the depth of an expression."""
    if len(parts) <= 8:
        return join(" AND ", parts) if parts else ALWAYS
    middle = len(parts) // 2
    return join(" AND ", [all_of(half).wrap("(", ")") for half in (parts[:middle], parts[middle:])])


def among(expression: str, values: Sequence[int] | Sequence[str], dialect: Dialect) -> Sql:
    """expression is one of values, which may be thousands."""
    if not values:
        return NEVER
    if len(values) == 1:
        return Sql(f"{expression} = ?", (values[0],))
    if dialect == "sqlite":
        return Sql(f"{expression} IN (SELECT value FROM json_each(?))", (json.dumps(list(values)),))
    kind = "bigint" if isinstance(values[0], int) else "text"
    return Sql(f"{expression} = ANY(CAST(? AS {kind}[]))", (_array(values),))


def rows_of(values: Sequence[int], dialect: Dialect) -> Sql:
    """A FROM item `e(value)` with one row for each of values."""
    if dialect == "sqlite":
        return Sql("json_each(?) e", (json.dumps(list(values)),))
    return Sql("unnest(CAST(? AS bigint[])) AS e(value)", (_array(values),))


def _array(values: Sequence[int] | Sequence[str]) -> str:
    """PostgreSQL's text form of an array."""
    return "{" + ",".join(_element(value) for value in values) + "}"


def _element(value: int | str) -> str:
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def ordered_text(expression: str, dialect: Dialect) -> str:
    """expression, compared and sorted by code points on both databases."""
    return f'{expression} COLLATE "C"' if dialect == "postgresql" else expression


def compare(expression: str, op: Operator, value: Value, dialect: Dialect) -> Sql:
    """expression op value. NULL matches nothing."""
    if isinstance(value, tuple):
        found = among(expression, value, dialect)
        return found if op == "IN" else found.wrap(f"{expression} IS NOT NULL AND NOT (", ")")
    if op == "LIKE":
        return Sql(f"{expression} LIKE ?{_unescaped(dialect)}", (value,))
    if op == "ILIKE":
        return _ilike(expression, value, dialect)
    if op == "RLIKE":
        return Sql(f"regexp(?, {expression})" if dialect == "sqlite" else f"{expression} ~ ?", (value,))
    return Sql(f"{expression} {'<>' if op == '!=' else op} ?", (value,))


def _ilike(expression: str, value: Value, dialect: Dialect) -> Sql:
    if dialect == "postgresql":
        return Sql(f"{expression} ILIKE ? ESCAPE ''", (value,))
    return Sql(f"lower({expression}) LIKE lower(?)", (value,))


def _unescaped(dialect: Dialect) -> str:
    return " ESCAPE ''" if dialect == "postgresql" else ""


def indexed_text(
    op: Operator, value: Value, dialect: Dialect, column: str = "value"
) -> tuple[Sql, bool] | None:
    """A range on the indexed start of a text that holds every match, and whether it holds nothing else."""
    prefix = f"substr({column}, 1, {PREFIX})"
    if op == "=" and isinstance(value, str):
        condition = Sql(f"{prefix} = ?", (value[:PREFIX],))
        if len(value) < PREFIX:
            return condition, True
        return condition + Sql(f"AND {column} = ?", (value,)), True
    if op == "IN" and isinstance(value, tuple):
        return among(prefix, sorted({text[:PREFIX] for text in value}), dialect), False
    found = text_range(op, value, dialect, prefix)
    return found and (found[0], False)


def text_range(op: Operator, value: Value, dialect: Dialect, start: str) -> tuple[Sql, bool] | None:
    """A range on the start of texts that holds every match of a pattern, and whether it holds nothing else."""
    if op != "LIKE" or not isinstance(value, str):
        return None
    fixed = value.split("%")[0].split("_")[0]
    first = fixed[:PREFIX]
    after = next_text(first)
    if not after:
        return None
    ordered = ordered_text(start, dialect)
    exact = value == f"{fixed}%" and len(fixed) <= PREFIX
    return Sql(f"{ordered} >= ? AND {ordered} < ?", (first, after)), exact


def next_text(start: str) -> str:
    """The least text that is greater than every text which begins with start; '' if unknown."""
    if not start or ord(start[-1]) in (0xD7FF, 0x10FFFF):
        return ""
    return start[:-1] + chr(ord(start[-1]) + 1)


def compare_enum(expression: str, op: Operator, value: Value, names: dict[int, str]) -> Sql:
    """A comparison of a number column whose values clients know by name, decided here on the names."""
    hits = [number for number, name in names.items() if compare_text(name, op, value)]
    if not hits:
        return NEVER
    return Sql(f"{expression} IN ({', '.join(str(number) for number in hits)})")


def enum_rank(expression: str, names: dict[int, str]) -> str:
    """The place of a number column's name among all names, in alphabetical order."""
    places = {number: place for place, number in enumerate(sorted(names, key=lambda n: names[n]))}
    cases = " ".join(f"WHEN {number} THEN {place}" for number, place in places.items())
    return f"CASE {expression} {cases} END"


Compare = Callable[[str, Operator, Value, Dialect], Sql]

"""A search among records in memory. It means what the store's SQL means."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from runyard.entities.search.like import matches
from runyard.entities.search.regex import Regex
from runyard.entities.search.tables import STATISTICS
from runyard.entities.search.tree import Comparison, Filter, Name, Operator, Order, Value

T = TypeVar("T")
Scalar = str | int | float | None
Look = Callable[[T, Name], Sequence[Scalar]]
"""What a record has under a name: nothing, one value, or several. None is nothing."""


def selected(records: Iterable[T], clauses: Filter, look: Look[T]) -> list[T]:
    """The records that meet all clauses. Of several values one has to."""
    tests = [(clause, Regex(str(clause.value)) if clause.op == "RLIKE" else None) for clause in clauses]
    return [one for one in records if all(_holds(one, clause, regex, look) for clause, regex in tests)]


def ordered(records: Iterable[T], order: Order, look: Look[T]) -> list[T]:
    """Sorted, the first key counting most; what ties stays in its order. Without a value comes last, NaN before that."""
    found = list(records)
    for key in reversed(order):
        ranks: tuple[list[tuple[Any, T]], list[T], list[T]] = ([], [], [])
        for one in found:
            value = next((value for value in look(one, key.name) if value is not None), None)
            if value is None:
                ranks[2].append(one)
            elif isinstance(value, float) and math.isnan(value):
                ranks[1].append(one)
            else:
                ranks[0].append((value, one))
        ranks[0].sort(key=lambda pair: pair[0], reverse=not key.ascending)  # stable also in reverse
        found = [*(one for _, one in ranks[0]), *ranks[1], *ranks[2]]
    return found


def resolve(name: Name, keys: Collection[str]) -> Name:
    """`metrics.K.min` as the metric K.min where there is one, else as the minimum of K; equal in meaning is equal then.

    Args:
        keys: of the metrics of all runs of the searched experiments.
    """
    base, dot, stat = name.key.rpartition(".")
    plain = name.entity != "metric" or name.exact or name.stat or not dot or stat not in STATISTICS
    if not plain and name.key not in keys:
        name = Name("metric", base, stat)
    return replace(name, exact=False, stat="" if name.stat == "last" else name.stat)


def compare_text(text: str, op: Operator, value: Value) -> bool:
    """The comparison of two texts."""
    if isinstance(value, tuple):
        return (text in value) == (op == "IN")
    if op in ("LIKE", "ILIKE"):
        return matches(text, str(value), ignore_case=op == "ILIKE")
    return (text == value) == (op == "=")


def _holds(record: T, clause: Comparison, regex: Regex | None, look: Look[T]) -> bool:
    values = [value for value in look(record, clause.name) if value is not None]
    if clause.op in ("IS NULL", "IS NOT NULL"):
        return bool(values) == (clause.op == "IS NOT NULL")
    return any(_compare(value, clause.op, clause.value, regex) for value in values)


def _compare(value: str | float, op: Operator, other: Any, regex: Regex | None) -> bool:
    if isinstance(value, str):
        return regex.found_in(value) if regex is not None else compare_text(value, op, other)
    return bool(_NUMBERS[op](value, other))


_NUMBERS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}

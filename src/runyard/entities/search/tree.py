"""What a filter string and an order_by clause mean, after parsing and before any database is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Entity = Literal[
    "metric",
    "parameter",
    "tag",
    "attribute",
    "dataset",
    "metadata",
    "span",
    "feedback",
    "expectation",
    "issue",
]
Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "RLIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL"
]
Value = str | int | float | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Name:
    """One thing that can be compared or ordered by.

    `stat` and `exact` exist for metrics of runs only: ``metrics.`K`.min`` names a statistic outright (stat
    "min"), ``metrics.`K.min` `` a metric outright (exact); in plain `metrics.K.min` (neither) the metric of
    that name wins where the searched experiments have one, otherwise it is the statistic.
    """

    entity: Entity
    key: str
    stat: str = ""
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """One clause of a filter. `value` is None for IS [NOT] NULL, a tuple for [NOT] IN."""

    name: Name
    op: Operator
    value: Value = None

    @property
    def entity(self) -> Entity:
        """What kind of thing is compared."""
        return self.name.entity

    @property
    def key(self) -> str:
        """Canonical key: aliases are resolved."""
        return self.name.key


@dataclass(frozen=True, slots=True)
class OrderBy:
    """One sort key.

    Rows without it come last in both directions; NaN stands between values and missing ones.
    """

    name: Name
    ascending: bool = True


Filter = tuple[Comparison, ...]
Order = tuple[OrderBy, ...]

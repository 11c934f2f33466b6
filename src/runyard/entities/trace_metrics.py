"""Questions for numbers over many traces, and their answers."""

from __future__ import annotations

import enum

import msgspec


class View(enum.StrEnum):
    """What is counted; MLflow's names."""

    TRACES = "TRACES"
    SPANS = "SPANS"
    ASSESSMENTS = "ASSESSMENTS"


class Kind(enum.StrEnum):
    """How values are summed up; MLflow's names."""

    COUNT = "COUNT"
    SUM = "SUM"
    AVG = "AVG"
    PERCENTILE = "PERCENTILE"
    MIN = "MIN"
    MAX = "MAX"


class Aggregation(msgspec.Struct, frozen=True):
    """percentile is 0 to 100 for PERCENTILE, else None."""

    kind: Kind
    percentile: float | None = None

    @property
    def label(self) -> str:
        """The name of its value in an answer: COUNT, P99.0."""
        return str(self.kind) if self.percentile is None else f"P{self.percentile}"


class Clause(msgspec.Struct, frozen=True):
    """An equality: of `trace`, `span` or `assessment`, its field, and the key of a tag or of metadata."""

    of: str
    field: str
    key: str
    value: str


class MetricQuery(msgspec.Struct, frozen=True):
    """One metric of one view, grouped by dimensions and, if interval_s > 0, by stretches of time.

    Times are milliseconds, both included; None: unbounded.
    """

    experiment_ids: list[int]
    view: View
    metric: str
    aggregations: list[Aggregation]
    dimensions: list[str]
    clauses: list[Clause]
    interval_s: int
    start_ms: int | None
    end_ms: int | None
    limit: int


class DataPoint(msgspec.Struct, frozen=True):
    """The values of one group, by the label of their aggregation."""

    dimensions: dict[str, str]
    values: dict[str, float]


class Together(msgspec.Struct, frozen=True):
    """How many traces match a first filter, a second, both; and how many there are."""

    first: int
    second: int
    both: int
    total: int

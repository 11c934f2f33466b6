"""Trace metrics and the correlation of filters as MLflow's REST API spells them."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from runyard.entities.trace_metrics import Aggregation, DataPoint, Kind, View
from runyard.errors import InvalidInput, shown
from runyard.wire.mlflow.scalars import Int32, Int64

VIEWS = tuple(View)
KINDS = tuple(Kind)
Name = TypeVar("Name", View, Kind)


class AggregationMessage(msgspec.Struct):
    """proto MetricAggregation."""

    aggregation_type: str | int
    percentile_value: float | None = None

    def aggregation(self) -> Aggregation:
        """Raises: InvalidInput for an unknown type or a percentile that does not fit it."""
        kind = _named(self.aggregation_type, KINDS, "aggregation_type")
        value = self.percentile_value
        if kind is Kind.PERCENTILE and (value is None or not 0 <= value <= 100):
            raise InvalidInput(
                f"Invalid percentile_value {shown(value)}. PERCENTILE needs one from 0 to 100."
            )
        if kind is not Kind.PERCENTILE and value is not None:
            raise InvalidInput(f"percentile_value is only for PERCENTILE, not for {kind}.")
        return Aggregation(kind, value)


class QueryMetrics(msgspec.Struct):
    experiment_ids: list[str]
    view_type: str | int
    metric_name: str
    aggregations: list[AggregationMessage]
    dimensions: list[str] = []
    filters: list[str] = []
    time_interval_seconds: Int64 | None = None
    start_time_ms: Int64 | None = None
    end_time_ms: Int64 | None = None
    max_results: Int32 | None = None
    page_token: str | None = None

    @property
    def view(self) -> View:
        """Raises: InvalidInput."""
        return _named(self.view_type, VIEWS, "view_type")


class DataPointMessage(msgspec.Struct, omit_defaults=True):
    """proto MetricDataPoint."""

    metric_name: str
    dimensions: dict[str, str] = {}
    values: dict[str, float] = {}

    @classmethod
    def of(cls, metric: str, point: DataPoint) -> DataPointMessage:
        """The message of one group."""
        return cls(metric, point.dimensions, point.values)


class DataPoints(msgspec.Struct, omit_defaults=True):
    data_points: list[DataPointMessage] = []


class Correlate(msgspec.Struct):
    experiment_ids: list[str]
    filter_string1: str
    filter_string2: str
    base_filter: str | None = None


class Correlation(msgspec.Struct, omit_defaults=True):
    """npmi is absent where it is not defined."""

    filter1_count: int
    filter2_count: int
    joint_count: int
    total_count: int
    npmi: float | None = None
    npmi_smoothed: float | None = None


def _named(value: str | int, names: tuple[Name, ...], what: str) -> Name:
    """A member by MLflow's name or number, which counts from 1."""
    for number, name in enumerate(names, 1):
        if value in (number, str(name)):
            return name
    raise InvalidInput(f"Invalid {what} {shown(value)}: valid are {', '.join(names)}.")

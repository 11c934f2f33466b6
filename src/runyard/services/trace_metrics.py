"""Rules for numbers over many traces: which metrics there are, and how two filters go together."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import msgspec

from runyard.entities.trace_metrics import (
    Aggregation,
    Clause,
    DataPoint,
    Kind,
    MetricQuery,
    Together,
    View,
)
from runyard.errors import InvalidInput, shown
from runyard.services.checks import check_text, experiment_of
from runyard.services.context import Context
from runyard.store.trace_contracts import TraceMetricStore

LIMIT = 10_000
DEFAULT_LIMIT = 1_000
SMOOTHING = 0.5


class Metric(msgspec.Struct, frozen=True):
    """What a metric can be asked for."""

    kinds: frozenset[Kind]
    dimensions: frozenset[str]


_COUNTED = frozenset({Kind.COUNT})
_SPREAD = frozenset({Kind.AVG, Kind.MIN, Kind.MAX, Kind.PERCENTILE})
_SUMMED = _SPREAD | {Kind.SUM}
_NAME = frozenset({"trace_name"})
_MODEL = frozenset({"span_model_name", "span_model_provider"})
_TOKENS = Metric(_SUMMED, _NAME)
_COST = Metric(_SUMMED, _MODEL)
TOKENS = ("input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")  # fmt: skip
COSTS = ("input_cost", "output_cost", "total_cost")
METRICS: dict[View, dict[str, Metric]] = {
    View.TRACES: {
        "trace_count": Metric(_COUNTED, _NAME | {"trace_status"}),
        "session_count": Metric(_COUNTED, frozenset()),
        "latency": Metric(_SPREAD, _NAME),
        **dict.fromkeys(TOKENS, _TOKENS),
    },
    View.SPANS: {
        "span_count": Metric(_COUNTED, _MODEL | {"span_name", "span_type", "span_status"}),
        "latency": Metric(_SPREAD, frozenset({"span_name", "span_status"})),
        **dict.fromkeys(COSTS, _COST),
    },
    View.ASSESSMENTS: {
        "assessment_count": Metric(_COUNTED, frozenset({"assessment_name", "assessment_value"})),
        "assessment_value": Metric(_SPREAD, frozenset({"assessment_name"})),
    },
}
FIELDS = {
    "trace": {"status": False, "tag": True, "metadata": True},
    "span": {"name": False, "status": False, "type": False},
    "assessment": {"name": False, "type": False},
}
_QUOTED_KEY = r"`[^`]*`|\"[^\"]*\"|'[^']*'"
_CLAUSE = re.compile(
    rf"\s*(\w+)\.(\w+)(?:\.({_QUOTED_KEY}|[^\s=!<>'\"`]+))?\s*(!=|<=|>=|=|<|>|\w+)\s*('[^']*'|\"[^\"]*\")\s*"
)


class TraceMetricService:
    """Checks, then asks the store."""

    def __init__(self, store: TraceMetricStore) -> None:
        self._store = store

    async def query(
        self,
        ctx: Context,
        *,
        experiment_ids: Sequence[str],
        view: View,
        metric: str,
        aggregations: Sequence[Aggregation],
        dimensions: Sequence[str],
        filters: Sequence[str],
        interval_s: int | None,
        start_ms: int | None,
        end_ms: int | None,
        max_results: int | None,
    ) -> list[DataPoint]:
        """One row per group that has values, ordered by time, then by the dimensions."""
        _check_metric(view, metric, aggregations, dimensions)
        if interval_s and (start_ms is None or end_ms is None):
            raise InvalidInput("start_time_ms and end_time_ms are required if time_interval_seconds is set.")
        limit = DEFAULT_LIMIT if max_results is None else max_results
        if not 0 <= limit <= LIMIT or not 0 <= (interval_s or 0) < 2**31:
            raise InvalidInput(
                f"Invalid max_results {limit} or time_interval_seconds {interval_s}: give 0 to {LIMIT} rows and a "
                "number of seconds that is not negative."
            )
        query = MetricQuery(
            experiment_ids=[experiment_of(ctx, id) for id in experiment_ids],
            view=view,
            metric=metric,
            aggregations=list(aggregations),
            dimensions=list(dict.fromkeys(dimensions)),
            clauses=[parse_clause(text, view) for text in filters],
            interval_s=interval_s or 0,
            start_ms=start_ms,
            end_ms=end_ms,
            limit=limit,
        )
        return await self._store.metric(ctx.workspace_id, query)

    async def correlate(
        self, ctx: Context, experiment_ids: Sequence[str], first: str, second: str, base: str | None
    ) -> Together:
        """How often two filters of the trace search match the same trace, among those that match base."""
        for name, text in (("filter_string1", first), ("filter_string2", second)):
            if not text:
                raise InvalidInput.missing(name)
        numbers = [experiment_of(ctx, id) for id in experiment_ids]
        return await self._store.together(ctx.workspace_id, numbers, first, second, base or "")


def npmi(counts: Together, smoothing: float = 0.0) -> float | None:
    """Normalised pointwise mutual information of two filters, -1 (never together) to 1 (always together).

    Args:
        smoothing: added to each cell of the two-by-two table; SMOOTHING is Jeffreys' prior.
    Returns: None where it is not defined, because a filter matches nothing.
    Source: Bouma, Normalized (pointwise) mutual information in collocation extraction (2009).
    """
    if not counts.first or not counts.second:
        return None
    if counts.both == counts.total:
        return 1.0
    if not counts.both and not smoothing:
        return -1.0
    both, total = math.log(counts.both + smoothing), math.log(counts.total + 4 * smoothing)
    apart = math.log(counts.first + 2 * smoothing) + math.log(counts.second + 2 * smoothing)
    found = (both + total - apart) / (total - both)
    return max(-1.0, min(1.0, found))


def parse_clause(text: str, view: View) -> Clause:
    """An equality of a metric's filter: trace.status = 'OK', trace.tag.`a b` = 'x', span.name = 'y'.

    Raises: InvalidInput.
    """
    check_text("filters", text)
    found = _CLAUSE.fullmatch(text)
    if found is None or found[1] not in FIELDS:
        raise InvalidInput(
            f"Invalid filter {shown(text)}. Write one clause such as trace.status = 'OK', trace.tag.key = 'x', "
            "span.name = 'x' or assessment.name = 'x', with the value in quotes."
        )
    of, field, key, operator, value = found.groups()
    if operator != "=":
        raise InvalidInput(f"Invalid comparator: '{operator}', only '=' operator is supported.")
    if field not in FIELDS[of]:
        raise InvalidInput(f"Invalid entity '{field}' in {shown(text)}. Valid are {', '.join(FIELDS[of])}.")
    if FIELDS[of][field] != (key is not None):
        needed = "requires a key" if FIELDS[of][field] else "does not require a key"
        raise InvalidInput(f"Filtering by {field} {needed}: {shown(text)}")
    if of != "trace" and of.upper() + "S" != view:
        raise InvalidInput(f"Filtering by {of} is only supported for the {of.upper()}S view, got {view}.")
    return Clause(of, field, (key or "").strip("`\"'"), value[1:-1])


def _check_metric(
    view: View, metric: str, aggregations: Sequence[Aggregation], dimensions: Sequence[str]
) -> None:
    known = METRICS[view].get(metric)
    if known is None:
        raise InvalidInput(f"metric_name must be one of {', '.join(METRICS[view])}; got {shown(metric)}.")
    if not aggregations:
        raise InvalidInput.missing("aggregations")
    wrong = sorted({aggregation.kind for aggregation in aggregations} - known.kinds)
    if wrong:
        raise InvalidInput(
            f"Found invalid aggregation_type(s): {', '.join(wrong)}. Supported: {', '.join(sorted(known.kinds))}."
        )
    unknown = sorted(set(dimensions) - known.dimensions)
    if unknown:
        raise InvalidInput(
            f"Found invalid dimension(s): {shown(unknown)}. Supported: {', '.join(sorted(known.dimensions))}."
        )

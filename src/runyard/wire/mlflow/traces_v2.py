"""Traces as MLflow 2 spells them: lists of pairs, times as numbers. Also what 3.x clients fall back to."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from runyard.entities.trace import TraceInfo, TraceState
from runyard.errors import InvalidInput, shown
from runyard.wire.mlflow.scalars import Int32, Int64

UNSPECIFIED = "TRACE_STATUS_UNSPECIFIED"
STATUSES = (UNSPECIFIED, "OK", "ERROR", "IN_PROGRESS")
SHOWN_KEY = 250
SHOWN_METADATA = 250
SHOWN_TAG = 4_096


class Pair(msgspec.Struct):
    """proto TraceTag and TraceRequestMetadata."""

    key: str
    value: str = ""


class OldInfo(msgspec.Struct, omit_defaults=True):
    """proto TraceInfo. A trace that runs has a duration of 0."""

    request_id: str
    experiment_id: str
    timestamp_ms: int
    execution_time_ms: int
    status: str
    request_metadata: list[Pair] = []
    tags: list[Pair] = []

    @classmethod
    def of(cls, info: TraceInfo) -> OldInfo:
        """The message of one trace; long keys and values are cut, as MLflow does."""
        return cls(
            request_id=info.trace_id,
            experiment_id=str(info.experiment_id),
            timestamp_ms=info.request_ms,
            execution_time_ms=info.duration_ms or 0,
            status=UNSPECIFIED if info.state is TraceState.UNSPECIFIED else str(info.state),
            request_metadata=_pairs(info.metadata, SHOWN_METADATA),
            tags=_pairs(info.tags, SHOWN_TAG),
        )


class OldStart(msgspec.Struct):
    experiment_id: str
    timestamp_ms: Int64 = 0
    request_metadata: list[Pair] = []
    tags: list[Pair] = []


class OldEnd(msgspec.Struct):
    request_id: str
    timestamp_ms: Int64 = 0
    status: str | int | None = None
    request_metadata: list[Pair] = []
    tags: list[Pair] = []


class OldTraceId(msgspec.Struct):
    request_id: str


class OldSearch(msgspec.Struct):
    experiment_ids: list[str]
    filter: str | None = None
    max_results: Int32 | None = None
    order_by: list[str] = []
    page_token: str | None = None


class OldAnswer(msgspec.Struct):
    trace_info: OldInfo


class OldPage(msgspec.Struct, omit_defaults=True):
    traces: list[OldInfo] = []
    next_page_token: str | None = None


def facts(pairs: list[Pair]) -> dict[str, str]:
    """Pairs as a mapping; of a repeated key the last counts."""
    return {pair.key: pair.value for pair in pairs}


def final_state(status: str | int | None) -> TraceState:
    """The state that a trace ends in, by MLflow's name or number.

    Raises: InvalidInput, also when it is missing.
    """
    name = STATUSES[status] if isinstance(status, int) and 0 <= status < len(STATUSES) else status
    if name not in STATUSES[1:]:
        raise InvalidInput(f"Invalid status {shown(status)}: valid are {', '.join(STATUSES[1:])}.")
    return TraceState(name)


def _pairs(known: Mapping[str, str], limit: int) -> list[Pair]:
    return [Pair(key[:SHOWN_KEY], value[:limit]) for key, value in known.items()]

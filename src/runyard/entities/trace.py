"""Traces, their spans, and what people and judges say about them."""

from __future__ import annotations

import enum
from typing import Any

import msgspec

ARTIFACT_LOCATION = "mlflow.artifactLocation"
SPANS_LOCATION = "mlflow.trace.spansLocation"
TRACKING_STORE = "TRACKING_STORE"
FINALIZED = "mlflow.trace.infoFinalized"
SIZE_STATS = "mlflow.trace.sizeStats"
SOURCE_RUN = "mlflow.sourceRun"
TRACE_NAME = "mlflow.traceName"
LINKED_PROMPTS = "mlflow.linkedPrompts"
SPAN_TYPE = "mlflow.spanType"
SPAN_INPUTS = "mlflow.spanInputs"
SPAN_OUTPUTS = "mlflow.spanOutputs"
FIXED_TAGS = frozenset(
    {ARTIFACT_LOCATION, SPANS_LOCATION, "mlflow.trace.archiveLocation", "mlflow.trace.archivalFailure"}
)


class TraceState(enum.StrEnum):
    """MLflow's names."""

    UNSPECIFIED = "STATE_UNSPECIFIED"
    OK = "OK"
    ERROR = "ERROR"
    IN_PROGRESS = "IN_PROGRESS"


class Assessment(msgspec.Struct, frozen=True, omit_defaults=True):
    """Feedback on a trace or an expectation of it. Times are milliseconds UTC.

    Of feedback, expectation and issue exactly one is set; they are kept as the client sent them.
    """

    id: str
    trace_id: str
    name: str
    created_ms: int
    updated_ms: int
    source: dict[str, Any] | None = None
    span_id: str | None = None
    feedback: dict[str, Any] | None = None
    expectation: dict[str, Any] | None = None
    issue: dict[str, Any] | None = None
    rationale: str | None = None
    error: dict[str, Any] | None = None
    metadata: dict[str, str] | None = None
    overrides: str | None = None
    valid: bool = True

    @property
    def kind(self) -> str:
        """feedback, expectation or issue; '' when it is none."""
        kinds = ("feedback", "expectation", "issue")
        return next((kind for kind in kinds if getattr(self, kind) is not None), "")


class TraceInfo(msgspec.Struct, frozen=True):
    """A trace without its spans. Times are milliseconds; duration_ms is None while it runs."""

    trace_id: str
    experiment_id: int
    request_ms: int
    duration_ms: int | None = None
    state: TraceState = TraceState.UNSPECIFIED
    request_preview: str | None = None
    response_preview: str | None = None
    client_request_id: str | None = None
    tags: dict[str, str] = {}
    metadata: dict[str, str] = {}
    assessments: list[Assessment] = []


class SpanEvent(msgspec.Struct, frozen=True):
    """Something that happened during a span. time_ns is nanoseconds UTC."""

    name: str
    time_ns: int
    attributes: dict[str, Any] = {}


class SpanLink(msgspec.Struct, frozen=True):
    """Another span that this one refers to; ids in hex."""

    trace_id: str
    span_id: str
    attributes: dict[str, Any] = {}


class Span(msgspec.Struct, frozen=True, omit_defaults=True):
    """One timed step. Ids in hex as OpenTelemetry has them, times in nanoseconds UTC, end_ns 0 while it runs.

    Attribute values are plain JSON values.
    """

    trace_id: str
    span_id: str
    name: str
    start_ns: int
    end_ns: int = 0
    parent_id: str = ""
    kind: int = 0
    status: str = "UNSET"
    message: str = ""
    trace_state: str = ""
    attributes: dict[str, Any] = {}
    events: list[SpanEvent] = []
    links: list[SpanLink] = []

    @property
    def type(self) -> str:
        """MLflow's span type; UNKNOWN when none is set."""
        found = self.attributes.get(SPAN_TYPE)
        return found if isinstance(found, str) else "UNKNOWN"


class SpanBatch(msgspec.Struct, frozen=True):
    """Spans of one sender, with what it says about itself."""

    resource: dict[str, Any]
    spans: list[Span]


class Trace(msgspec.Struct, frozen=True):
    """A trace with the spans that have arrived."""

    info: TraceInfo
    spans: list[Span]


class TraceSummary(msgspec.Struct, frozen=True):
    """What some spans of one trace tell about it; applied while the client has not described the trace itself."""

    trace_id: str
    request_ms: int
    end_ms: int | None
    state: TraceState | None
    request_preview: str | None
    response_preview: str | None
    tags: dict[str, str]
    metadata: dict[str, str]
    spans: list[Span]

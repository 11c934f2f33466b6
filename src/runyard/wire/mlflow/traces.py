"""Traces and assessments as MLflow's REST API spells them."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from runyard.entities.trace import Assessment, Trace, TraceInfo, TraceState
from runyard.errors import InvalidInput, shown
from runyard.wire.mlflow.scalars import Int32, Int64
from runyard.wire.mlflow.spans import span_message

EXPERIMENT = "MLFLOW_EXPERIMENT"
STATES = tuple(TraceState)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DURATION = re.compile(r"(-?\d{1,12}(?:\.\d{1,9})?)s")


class ExperimentLocation(msgspec.Struct):
    experiment_id: str | int


class LocationMessage(msgspec.Struct, omit_defaults=True):
    """proto TraceLocation."""

    type: str | int | None = None
    mlflow_experiment: ExperimentLocation | None = None


class AssessmentMessage(msgspec.Struct, omit_defaults=True):
    """proto Assessment."""

    assessment_id: str | None = None
    assessment_name: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    source: dict[str, Any] | None = None
    create_time: str | None = None
    last_update_time: str | None = None
    feedback: dict[str, Any] | None = None
    expectation: dict[str, Any] | None = None
    issue: dict[str, Any] | None = None
    rationale: str | None = None
    error: dict[str, Any] | None = None
    metadata: dict[str, str] | None = None
    overrides: str | None = None
    valid: bool | None = None

    @classmethod
    def of(cls, said: Assessment) -> AssessmentMessage:
        """The message of one assessment."""
        return cls(
            assessment_id=said.id,
            assessment_name=said.name,
            trace_id=said.trace_id,
            span_id=said.span_id,
            source=said.source,
            create_time=timestamp_text(said.created_ms),
            last_update_time=timestamp_text(said.updated_ms),
            feedback=said.feedback,
            expectation=said.expectation,
            issue=said.issue,
            rationale=said.rationale,
            error=said.error,
            metadata=said.metadata,
            overrides=said.overrides,
            valid=said.valid,
        )

    def assessment(self, id: str, trace_id: str, now_ms: int) -> Assessment:
        """What the message describes; now_ms stands in for missing times."""
        created = timestamp_ms(self.create_time) if self.create_time else now_ms
        return Assessment(
            id=id,
            trace_id=trace_id,
            name=self.assessment_name or "",
            created_ms=created,
            updated_ms=timestamp_ms(self.last_update_time) if self.last_update_time else created,
            source=self.source,
            span_id=self.span_id,
            feedback=self.feedback,
            expectation=self.expectation,
            issue=self.issue,
            rationale=self.rationale,
            error=self.error,
            metadata=self.metadata,
            overrides=self.overrides,
            valid=self.valid is not False,
        )


class InfoMessage(msgspec.Struct, omit_defaults=True):
    """proto TraceInfoV3."""

    trace_id: str
    client_request_id: str | None = None
    trace_location: LocationMessage | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    request_time: str | None = None
    execution_duration: str | None = None
    state: str | int | None = None
    trace_metadata: dict[str, str] = {}
    assessments: list[AssessmentMessage] = []
    tags: dict[str, str] = {}

    @classmethod
    def of(cls, info: TraceInfo) -> InfoMessage:
        """The message of one trace without its spans."""
        return cls(
            trace_id=info.trace_id,
            client_request_id=info.client_request_id,
            trace_location=LocationMessage(EXPERIMENT, ExperimentLocation(str(info.experiment_id))),
            request_preview=info.request_preview,
            response_preview=info.response_preview,
            request_time=timestamp_text(info.request_ms),
            execution_duration=None if info.duration_ms is None else duration_text(info.duration_ms),
            state=str(info.state),
            trace_metadata=info.metadata,
            assessments=[AssessmentMessage.of(said) for said in info.assessments],
            tags=info.tags,
        )

    @property
    def experiment(self) -> str | int:
        """The experiment that the trace belongs to.

        Raises: InvalidInput, when it belongs elsewhere.
        """
        place = None if self.trace_location is None else self.trace_location.mlflow_experiment
        if place is None:
            raise InvalidInput.missing("trace.trace_info.trace_location.mlflow_experiment")
        return place.experiment_id

    def told(self, experiment_id: int, now_ms: int) -> TraceInfo:
        """What the message describes; now_ms stands in for missing times.

        Raises: InvalidInput.
        """
        return TraceInfo(
            trace_id=self.trace_id,
            experiment_id=experiment_id,
            request_ms=timestamp_ms(self.request_time) if self.request_time else now_ms,
            duration_ms=duration_ms(self.execution_duration) if self.execution_duration else None,
            state=state_of(self.state),
            request_preview=self.request_preview,
            response_preview=self.response_preview,
            client_request_id=self.client_request_id,
            tags=self.tags,
            metadata=self.trace_metadata,
            assessments=[_sent_along(said, self.trace_id, now_ms) for said in self.assessments],
        )


def _sent_along(said: AssessmentMessage, trace_id: str, now_ms: int) -> Assessment:
    """An assessment inside a trace; its id depends on nothing else, so that a repeated request keeps it once."""
    digest = hashlib.sha256(trace_id.encode() + msgspec.json.encode(said)).hexdigest()
    return said.assessment(said.assessment_id or f"a-{digest[:32]}", trace_id, now_ms)


class TraceMessage(msgspec.Struct, omit_defaults=True):
    """proto Trace. Spans are never read from a request."""

    trace_info: InfoMessage
    spans: list[dict[str, Any]] = []

    @classmethod
    def of(cls, trace: Trace) -> TraceMessage:
        """The message of one trace."""
        return cls(InfoMessage.of(trace.info), [span_message(span) for span in trace.spans])


class StartTrace(msgspec.Struct):
    trace: TraceMessage


class TraceId(msgspec.Struct):
    trace_id: str


class GetTrace(msgspec.Struct):
    trace_id: str
    allow_partial: bool = False


class TraceIds(msgspec.Struct):
    trace_ids: list[str] = []
    experiment_ids: list[str | int] | None = None


class SearchTraces(msgspec.Struct):
    locations: list[LocationMessage]
    filter: str | None = None
    max_results: Int32 | None = None
    order_by: list[str] | None = None
    page_token: str | None = None


class DeleteTraces(msgspec.Struct):
    experiment_id: str | int
    max_timestamp_millis: Int64 | None = None
    max_traces: Int32 | None = None
    request_ids: list[str] | None = None


class SetTraceTag(msgspec.Struct):
    trace_id: str
    key: str
    value: str = ""


class DeleteTraceTag(msgspec.Struct):
    trace_id: str
    key: str


class LinkToRun(msgspec.Struct):
    run_id: str
    trace_ids: list[str] = []


class PromptRef(msgspec.Struct):
    name: str
    version: str | int


class LinkPrompts(msgspec.Struct):
    trace_id: str
    prompt_versions: list[PromptRef] = []


class CreateAssessment(msgspec.Struct):
    trace_id: str
    assessment: AssessmentMessage


class UpdateAssessment(msgspec.Struct):
    trace_id: str
    assessment_id: str
    assessment: AssessmentMessage
    update_mask: str = ""


class AssessmentId(msgspec.Struct):
    trace_id: str
    assessment_id: str


class TraceAnswer(msgspec.Struct):
    trace: TraceMessage


class TracesAnswer(msgspec.Struct, omit_defaults=True):
    traces: list[TraceMessage] = []


class InfosAnswer(msgspec.Struct, omit_defaults=True):
    trace_infos: list[InfoMessage] = []


class TracePage(msgspec.Struct, omit_defaults=True):
    traces: list[InfoMessage] = []
    next_page_token: str | None = None


class DeletedTraces(msgspec.Struct):
    traces_deleted: int


class AssessmentAnswer(msgspec.Struct):
    assessment: AssessmentMessage


class SpansFile(msgspec.Struct):
    """What the artifact route of a trace answers."""

    spans: list[dict[str, Any]]


def timestamp_text(ms: int) -> str:
    """RFC 3339 with as many digits as are needed: none or three."""
    text = (EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds" if ms % 1000 else "seconds")
    return text.replace("+00:00", "Z")


def timestamp_ms(text: str) -> int:
    """Milliseconds UTC of an RFC 3339 time.

    Raises: InvalidInput.
    """
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (moment - EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise InvalidInput(f"Invalid time {shown(text)}. Write it as 2026-01-31T12:30:00.123Z.") from None


def duration_text(ms: int) -> str:
    """Seconds with none or three digits after the point: 1s, 0.250s."""
    return f"{ms // 1000}s" if ms % 1000 == 0 else f"{Decimal(ms) / 1000:.3f}s"


def duration_ms(text: str) -> int:
    """Milliseconds of protobuf's `0.250s`.

    Raises: InvalidInput.
    """
    found = _DURATION.fullmatch(text)
    if not found:
        raise InvalidInput(f"Invalid duration {shown(text)}. Write it in seconds as 0.250s.")
    return int(Decimal(found.group(1)) * 1000)


def state_of(value: str | int | None) -> TraceState:
    """A state by MLflow's name or number.

    Raises: InvalidInput.
    """
    try:
        if isinstance(value, int):
            return STATES[value] if value >= 0 else TraceState("")
        return TraceState(value) if value else TraceState.UNSPECIFIED
    except (ValueError, IndexError):
        raise InvalidInput(f"Invalid state {shown(value)}: valid are {', '.join(STATES)}.") from None

"""Traces as far as journals tell them, put together as the server puts them together."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import msgspec

from runyard.client.journal.offline_names import experiment_id_of, trace_artifacts
from runyard.entities.common import Tag
from runyard.entities.journal import Call
from runyard.entities.trace import (
    ARTIFACT_LOCATION,
    FINALIZED,
    LINKED_PROMPTS,
    SPANS_LOCATION,
    TRACKING_STORE,
    Assessment,
    Span,
    SpanBatch,
    Trace,
    TraceInfo,
    TraceState,
    TraceSummary,
)
from runyard.entities.trace_rules import checked_info, checked_tag, summaries, with_prompts
from runyard.errors import RunyardError
from runyard.wire.mlflow.spans import span_message
from runyard.wire.mlflow.traces import (
    EXPERIMENT,
    AssessmentMessage,
    ExperimentLocation,
    InfoMessage,
    LinkPrompts,
    LinkToRun,
    LocationMessage,
    StartTrace,
    TraceMessage,
)

TRACES = "/api/3.0/mlflow/traces"
SPANS = "/api/v1/spans"
Decode = Callable[[bytes], list[SpanBatch]]
"""Spans as OpenTelemetry's exporters send them. Raises: RunyardError."""
_ONE = re.compile(r"/(?:ajax-)?api/[23]\.0/mlflow/traces/([^/?]+)(?:/([a-z-]+))?")
_NO_IDS = frozenset(
    {"get", "search", "batchGet", "batchGetInfos", "link-to-run", "link-prompts", "delete-traces"}
)
_LINK_TO_RUN, _LINK_PROMPTS = "/mlflow/traces/link-to-run", "/mlflow/traces/link-prompts"


@dataclass(slots=True)
class KnownTrace:
    """A trace as far as it is known here.

    Attributes:
        info: but for the number of its experiment.
        experiment_id: of the server, or a local one.
        described: by its client, and not by its spans alone.
        runs: that it was linked to.
    """

    info: TraceInfo
    experiment_id: str
    described: bool = False
    spans: dict[str, Span] = field(default_factory=dict)
    runs: dict[str, None] = field(default_factory=dict)

    @classmethod
    def begun(cls, trace_id: str, experiment_id: str, request_ms: int) -> KnownTrace:
        """One of which nothing was said yet."""
        tags = {ARTIFACT_LOCATION: trace_artifacts(experiment_id, trace_id)}
        info = TraceInfo(trace_id, 0, request_ms, state=TraceState.IN_PROGRESS, tags=tags)
        return cls(info, experiment_id)

    def describe(self, told: TraceInfo) -> None:
        """As its client describes it; the last description counts."""
        said = {one.id: one for one in (*self.info.assessments, *told.assessments)}
        self.described = True
        self.info = msgspec.structs.replace(
            told,
            tags={**self.info.tags, **told.tags},
            metadata={**self.info.metadata, **told.metadata, FINALIZED: "true"},
            assessments=list(said.values()),
        )

    def learn(self, summary: TraceSummary) -> None:
        """What its spans tell: as long as the client has not described it, that counts."""
        info = self.info
        changes: dict[str, Any] = {
            "tags": {**summary.tags, **info.tags, SPANS_LOCATION: TRACKING_STORE},
            "metadata": {**summary.metadata, **info.metadata},
        }
        if not self.described:
            start = min(info.request_ms, summary.request_ms)
            known_end = None if info.duration_ms is None else info.request_ms + info.duration_ms
            ends = [end for end in (summary.end_ms, known_end) if end is not None]
            changes |= {
                "request_ms": start,
                "duration_ms": max(ends) - start if ends else None,
                "state": summary.state or info.state,
                "request_preview": summary.request_preview or info.request_preview,
                "response_preview": summary.response_preview or info.response_preview,
            }
        self.info = msgspec.structs.replace(info, **changes)
        self.spans.update({span.span_id: span for span in summary.spans})

    def tag(self, key: str, value: str | None) -> None:
        """Set a tag; None deletes it."""
        tags = {**self.info.tags, key: value or ""}
        if value is None:
            del tags[key]
        self.info = msgspec.structs.replace(self.info, tags=tags)

    def assess(self, said: Assessment) -> None:
        """Add an assessment; the one that it overrides counts no more."""
        kept = [
            msgspec.structs.replace(one, valid=False) if one.id == said.overrides else one
            for one in self.info.assessments
            if one.id != said.id
        ]
        self.info = msgspec.structs.replace(self.info, assessments=[*kept, said])

    def whole(self) -> Trace:
        """With its spans, which come in order of their start."""
        ordered = sorted(self.spans.values(), key=lambda span: (span.start_ns, span.span_id))
        return Trace(self.info, ordered)

    def info_message(self) -> InfoMessage:
        """As MLflow's API answers it, without spans."""
        found = InfoMessage.of(self.info)
        found.trace_location = LocationMessage(EXPERIMENT, ExperimentLocation(self.experiment_id))
        found.tags = dict(sorted(self.info.tags.items()))
        found.trace_metadata = dict(sorted(self.info.metadata.items()))
        return found

    def message(self) -> TraceMessage:
        """As MLflow's API answers it."""
        return TraceMessage(self.info_message(), [span_message(span) for span in self.whole().spans])


class TraceBook:
    """The traces that the calls of some journals speak of.

    Args:
        decode: reads spans; None: they are passed over.
        wanted: traces by id; None: all.
    """

    def __init__(self, decode: Decode | None, wanted: Collection[str] | None = None) -> None:
        self.traces: dict[str, KnownTrace] = {}
        self._decode = decode
        self._wanted = None if wanted is None else frozenset(wanted)

    def apply(self, call: Call) -> None:
        """Take a call into account. One that cannot be read, from another version's journal, is passed over."""
        try:
            self._apply(call)
        except (msgspec.ValidationError, RunyardError, KeyError):
            return

    def _apply(self, call: Call) -> None:
        body = call.body
        if call.path == SPANS:
            self._spans(body)
        elif call.path.endswith(TRACES.removeprefix("/api")):
            told = msgspec.convert(body, StartTrace, strict=False).trace.trace_info
            if self._wants(told.trace_id):
                info = checked_info(told.told(0, 0))
                self._at(told.trace_id, body, info.request_ms).describe(info)
        elif call.path.endswith(_LINK_TO_RUN):
            link = msgspec.convert(body, LinkToRun, strict=False)
            for one in link.trace_ids:
                if one in self.traces:
                    self.traces[one].runs[link.run_id] = None
        elif call.path.endswith(_LINK_PROMPTS):
            prompts = msgspec.convert(body, LinkPrompts, strict=False)
            if (known := self.traces.get(prompts.trace_id)) is not None:
                pairs = [(one.name, str(one.version)) for one in prompts.prompt_versions]
                known.tag(LINKED_PROMPTS, with_prompts(known.info.tags.get(LINKED_PROMPTS, "[]"), pairs))
        elif (found := _ONE.fullmatch(call.path)) is not None:
            self._change(unquote(found[1]), found[2], call)

    def _spans(self, body: dict[str, Any]) -> None:
        packed = body["spans"]
        if self._decode is None or not self._speaks_of_wanted(packed):
            return
        for summary in summaries(self._decode(packed), body.get("run_id") or None):
            if self._wants(summary.trace_id):
                self._at(summary.trace_id, body, summary.request_ms).learn(summary)

    def _speaks_of_wanted(self, packed: bytes) -> bool:
        """Whether it is worth decoding: ids stand in it as they are."""
        if self._wanted is None:
            return True
        return any(_raw_id(one) in packed for one in self._wanted)

    def _change(self, trace_id: str, what: str | None, call: Call) -> None:
        known = self.traces.get(trace_id)
        if known is None:
            return
        if what == "tags" and call.method == "DELETE":
            known.tag(str(call.body["key"]), None)
        elif what == "tags":
            tag = checked_tag(Tag(str(call.body["key"]), str(call.body.get("value", ""))))
            known.tag(tag.key, tag.value)
        elif what == "assessments":
            said = msgspec.convert(call.body["assessment"], AssessmentMessage, strict=False)
            known.assess(said.assessment(said.assessment_id or "", trace_id, 0))

    def _wants(self, trace_id: str) -> bool:
        return self._wanted is None or trace_id in self._wanted

    def _at(self, trace_id: str, body: dict[str, Any], request_ms: int) -> KnownTrace:
        known = self.traces.get(trace_id)
        if known is None:
            named = body.get("experiment")
            place = str(body["experiment_id"]) if named is None else experiment_id_of(str(named))
            known = self.traces[trace_id] = KnownTrace.begun(trace_id, place, request_ms)
        return known


def trace_values(path: str) -> dict[str, str]:
    """What a path says of a trace, under the server's name of it."""
    found = _ONE.fullmatch(path)
    return {} if found is None or found[1] in _NO_IDS else {"trace_id": unquote(found[1])}


def _raw_id(trace_id: str) -> bytes:
    """A trace's id as OpenTelemetry has it; of one that no spans can have, something that is in no text of spans."""
    try:
        return bytes.fromhex(trace_id.removeprefix("tr-"))
    except ValueError:
        return trace_id.encode("utf-8", "replace") + bytes(64)

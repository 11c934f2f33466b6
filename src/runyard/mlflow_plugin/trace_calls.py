"""Requests about traces of MLflow 3: what is said of a trace goes into the journal, in the order in which it is said.

MLflow's client chooses the ids of traces and spans itself. What changes a trace of this process is written down; what
changes another one is asked at once where there is a server, so that what it refuses is told at the call.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runyard.client.journal.offline_names import is_offline_id, trace_artifacts
from runyard.entities.journal import Call
from runyard.entities.trace import ARTIFACT_LOCATION, FIXED_TAGS, SPANS_LOCATION, TRACKING_STORE
from runyard.errors import TooLarge
from runyard.mlflow_plugin.experiment_calls import ExperimentCalls
from runyard.mlflow_plugin.journals import OpenJournal
from runyard.mlflow_plugin.reach import Away
from runyard.mlflow_plugin.rest_call import RestCall

TRACES = "/api/3.0/mlflow/traces"
SPANS = "/api/v1/spans"
KNOWN = 10_000  # traces that are remembered as this process's own
PART_BYTES = 4 * 1024 * 1024  # of spans in one record
MOST_BYTES = 11 * 1024 * 1024  # of one span: records hold 16 MiB, and requests carry spans as text


class TraceCalls:
    """Answers requests about traces."""

    def __init__(self, journal: OpenJournal, experiments: ExperimentCalls) -> None:
        self._journal = journal
        self._experiments = experiments
        self._mine: dict[str, None] = {}

    @property
    def handlers(self) -> Mapping[str, Callable[[RestCall], Any]]:
        """By the name of MLflow's request."""
        return {
            "StartTraceV3": self._start,
            "SetTraceTag": self._tag,
            "DeleteTraceTag": self._tag,
            "CreateAssessment": self._assess,
            "LinkTracesToRun": self._link,
            "LinkPromptsToTrace": self._link_prompts,
        }

    def log_spans(self, experiment_id: str, spans: Sequence[Any]) -> None:
        """Write spans of MLflow's down.

        Raises: TooLarge, for a span of many megabytes; NotFound, for an offline experiment of another machine.
        """
        for one in spans:
            self._know(one.trace_id)
        for part in _parts(spans):
            self._write(spans[0].trace_id, "POST", SPANS, experiment_id, {"spans": part})

    def _start(self, call: RestCall) -> Any:
        info = call.fields["trace"]["trace_info"]
        place = info.get("trace_location", {}).get("mlflow_experiment")
        if place is None:  # elsewhere than in an experiment
            self._journal.settle()
            return call.send()
        trace_id, experiment_id = str(info["trace_id"]), str(place["experiment_id"])
        self._know(trace_id)
        self._write(trace_id, "POST", TRACES, experiment_id, call.fields)
        own = {ARTIFACT_LOCATION: trace_artifacts(experiment_id, trace_id), SPANS_LOCATION: TRACKING_STORE}
        return call.reply({"trace": {"trace_info": {**info, "tags": {**info.get("tags", {}), **own}}}})

    def _tag(self, call: RestCall) -> Any:
        trace_id = call.path.split("/")[-2]
        if call.fields.get("key") in FIXED_TAGS:
            return self._asked(call)
        return self._changed(call, trace_id, trace_id, {})

    def _assess(self, call: RestCall) -> Any:
        trace_id = call.path.split("/")[-2]
        said = call.fields.setdefault("assessment", {})
        said.setdefault("assessment_id", f"a-{uuid.uuid4().hex}")
        said["trace_id"] = trace_id
        return self._changed(call, trace_id, trace_id, {"assessment": said})

    def _link(self, call: RestCall) -> Any:
        named = [str(one) for one in call.fields.get("trace_ids") or [""]]
        mine = next((one for one in named if one in self._mine), named[0])
        return self._changed(call, mine, "", {})

    def _link_prompts(self, call: RestCall) -> Any:
        trace_id = str(call.fields.get("trace_id", ""))
        return self._changed(call, trace_id, trace_id, {})

    def _changed(self, call: RestCall, trace_id: str, run_id: str, reply: dict[str, Any]) -> Any:
        """Written down for a trace of this process, and without a server; else asked."""
        if trace_id not in self._mine:
            there = self._journal.reach.there()
            if self._journal.settle() and there:
                try:
                    return call.reply(call.ask())
                except Away:
                    pass
        self._journal.recorder.append(Call(run_id, call.method, call.path, call.fields))
        return call.reply(reply)

    def _asked(self, call: RestCall) -> Any:
        self._journal.settle()
        return call.send()

    def _write(self, trace_id: str, method: str, path: str, experiment_id: str, body: dict[str, Any]) -> None:
        name = self._experiments.name_of(experiment_id)
        named = {"experiment_id": experiment_id} if name is None else {"experiment": name}
        self._journal.recorder.append(Call(trace_id, method, path, {**body, **named}))
        if is_offline_id(experiment_id):
            self._experiments.begun(experiment_id)

    def _know(self, trace_id: str) -> None:
        self._mine[trace_id] = None
        if len(self._mine) > KNOWN:
            self._mine.pop(next(iter(self._mine)), None)


def _parts(spans: Sequence[Any]) -> list[bytes]:
    """Spans as OpenTelemetry's exporters send them, in pieces that fit into records.

    Raises: TooLarge.
    """
    encoded = [one.to_otel_proto() for one in spans]
    sizes = [one.ByteSize() for one in encoded]
    if max(sizes) > MOST_BYTES:
        raise TooLarge(
            f"A span of {max(sizes)} bytes is too large for the journal; {MOST_BYTES} are allowed. Log large inputs and "
            "outputs as attachments or artifacts."
        )
    groups: list[list[Any]] = [[]]
    size = 0
    for span, its in zip(encoded, sizes, strict=True):
        if groups[-1] and size + its > PART_BYTES:
            groups.append([])
            size = 0
        groups[-1].append(span)
        size += its
    return [_request(group, spans[0]) for group in groups]


def _request(encoded: Sequence[Any], first: Any) -> bytes:
    """An export request; MLflow's dependencies have what it takes, imported when there are spans."""
    from mlflow.tracing.utils.otlp import resource_to_otel_proto
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest()
    batch = request.resource_spans.add()
    batch.resource.CopyFrom(resource_to_otel_proto(getattr(first._span, "resource", None)))
    batch.scope_spans.add().spans.extend(encoded)
    found: bytes = request.SerializeToString()
    return found

"""Requests about traces of MLflow 3: what is said of a trace goes into the journal, in the order in which it is said.

MLflow's client chooses the ids of traces and spans itself. What changes a trace of this process is written down; what
changes another one is asked at once where there is a server, so that what it refuses is told at the call. While no server
is in reach, traces that wait in this machine's journals are answered from them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from typing import Any

import msgspec

from runyard.client.journal import local_reads
from runyard.client.journal.calls import trace_search
from runyard.client.journal.calls.desk import Desk
from runyard.client.journal.calls.experiments import Experiments
from runyard.client.journal.calls.request import Calls, Request
from runyard.client.journal.calls.way import Away, Document, away
from runyard.client.journal.offline_names import is_offline_id
from runyard.client.journal.trace_state import SPANS, TRACES, Decode, KnownTrace
from runyard.entities.common import Tag
from runyard.entities.journal import Call
from runyard.entities.trace import SPANS_LOCATION, TRACKING_STORE
from runyard.entities.trace_rules import (
    check_link,
    check_untag,
    checked_info,
    checked_tag,
    is_complete,
    named_assessment,
    require_complete,
)
from runyard.errors import RunyardError, TooLarge
from runyard.wire.mlflow.traces import (
    EXPERIMENT,
    AssessmentMessage,
    CreateAssessment,
    DeleteTraceTag,
    GetTrace,
    LinkPrompts,
    LinkToRun,
    SearchTraces,
    SetTraceTag,
    StartTrace,
    TraceId,
    TraceIds,
    timestamp_text,
)

PART_BYTES = 4 * 1024 * 1024  # of spans in one record
MOST_BYTES = 11 * 1024 * 1024  # of one span: records hold 16 MiB, and requests carry spans as text
KNOWN = 10_000  # traces that are remembered as this process's own


class Traces:
    """Answers requests about traces.

    Args:
        decode: reads spans, where they are to be told without a server.
        plain: clients speak HTTP as to any server: an experiment that they name is looked up, and a trace whose spans did
            not come is told so, since they may bring them as a file.
    """

    def __init__(
        self, desk: Desk, experiments: Experiments, decode: Decode | None = None, *, plain: bool = False
    ) -> None:
        self._desk = desk
        self._experiments = experiments
        self._decode = decode
        self._plain = plain
        self._mine: dict[str, bool] = {}  # by id, whether there were spans

    @property
    def calls(self) -> Calls:
        """By MLflow's name of the request."""
        return {
            "StartTraceV3": self._start,
            "SetTraceTag": self._tag,
            "DeleteTraceTag": self._untag,
            "CreateAssessment": self._assess,
            "LinkTracesToRun": self._link,
            "LinkPromptsToTrace": self._link_prompts,
            "GetTraceInfoV3": self._get_info,
            "GetTrace": self._get,
            "BatchGetTraces": self._get_many,
            "BatchGetTraceInfos": self._get_infos,
            "SearchTracesV3": self._search,
        }

    def log_spans(
        self,
        experiment_id: str,
        trace_ids: Iterable[str],
        parts: Iterable[bytes],
        run_id: str | None = None,
    ) -> None:
        """Write spans down.

        Args:
            trace_ids: of all spans, that of the first one first.
            parts: as OpenTelemetry's exporters send them.
            run_id: the run that the traces belong to.
        Raises: NotFound, for an experiment that is not there.
        """
        if self._plain:
            self._experiments.require(experiment_id)
        ids = list(trace_ids)
        of_run = {"run_id": run_id} if run_id else {}
        for part in parts:
            self._write(ids[0], SPANS, experiment_id, {"spans": part, **of_run})
        for one in ids:
            self._know(one, spans=True)

    def _start(self, asked: Request) -> object:
        told = asked.read(StartTrace).trace.trace_info
        if told.trace_location is None or told.trace_location.mlflow_experiment is None:
            self._desk.settle()  # elsewhere than in an experiment
            return asked.send()
        now_ms = _now_ms()
        info = checked_info(told.told(0, now_ms))
        experiment_id = str(told.experiment)
        if self._plain:
            self._experiments.require(experiment_id, active=True)
        sent = asked.fields["trace"]["trace_info"]
        sent.setdefault("request_time", timestamp_text(now_ms))
        self._write(info.trace_id, TRACES, experiment_id, asked.fields)
        spans = self._mine.get(info.trace_id, False)
        self._know(info.trace_id, spans=spans)
        known = KnownTrace.begun(info.trace_id, experiment_id, info.request_ms)
        known.describe(info)
        if spans or not self._plain:
            known.tag(SPANS_LOCATION, TRACKING_STORE)
        return {"trace": {"trace_info": known.info_message()}}

    def _tag(self, asked: Request) -> object:
        one = asked.read(SetTraceTag)
        checked_tag(Tag(one.key, one.value))
        return self._changed(asked, one.trace_id, one.trace_id, {})

    def _untag(self, asked: Request) -> object:
        """Which tags a trace has is known to the server alone: it is asked about this process's own traces, too."""
        one = asked.read(DeleteTraceTag)
        check_untag(one.key)
        return self._asked_or_written(asked, one.trace_id, {})

    def _assess(self, asked: Request) -> object:
        one = asked.read(CreateAssessment)
        told = one.assessment.assessment(one.assessment.assessment_id or "", one.trace_id, _now_ms())
        message = AssessmentMessage.of(named_assessment(told))
        asked.fields["assessment"] = msgspec.to_builtins(message)  # with its id and times, from now on
        return self._changed(asked, one.trace_id, one.trace_id, {"assessment": message})

    def _link(self, asked: Request) -> object:
        link = asked.read(LinkToRun)
        check_link(link.trace_ids, link.run_id)
        named = link.trace_ids or [""]
        mine = next((one for one in named if one in self._mine), named[0])
        return self._changed(asked, mine, "", {})

    def _link_prompts(self, asked: Request) -> object:
        trace_id = asked.read(LinkPrompts).trace_id
        return self._changed(asked, trace_id, trace_id, {})

    def _get_info(self, asked: Request) -> object:
        trace_id = asked.read(TraceId).trace_id
        return self._told(
            asked, [trace_id], lambda found: {"trace": {"trace_info": found[0].info_message()}}, spans=False
        )

    def _get(self, asked: Request) -> object:
        one = asked.read(GetTrace)

        def here(found: list[KnownTrace]) -> Document:
            if not one.allow_partial:
                require_complete(found[0].whole())
            return {"trace": found[0].message()}

        return self._told(asked, [one.trace_id], here)

    def _get_many(self, asked: Request) -> object:
        wanted = asked.read(TraceIds)
        return self._told(
            asked,
            wanted.trace_ids,
            lambda found: {
                "traces": [
                    one.message() for one in _in_experiments(found, wanted) if is_complete(one.whole())
                ]
            },
        )

    def _get_infos(self, asked: Request) -> object:
        wanted = asked.read(TraceIds)
        return self._told(
            asked,
            wanted.trace_ids,
            lambda found: {"trace_infos": [one.info_message() for one in _in_experiments(found, wanted)]},
            spans=False,
        )

    def _told(
        self,
        asked: Request,
        trace_ids: list[str],
        here: Callable[[list[KnownTrace]], Document],
        *,
        spans: bool = True,
    ) -> object:
        """What the server answers; while it is away, or lacks what was logged, what the journals tell.

        Args:
            here: the answer from what the journals tell of these traces, in this order.
            spans: whether it has spans.
        """
        found = None if self._desk.settle() else self._found(trace_ids, spans=spans)
        cause: RunyardError | None = None
        if found is None and self._desk.reach.there():
            try:
                return asked.answer()
            except Away as exc:
                cause = exc.cause
        if found is None:
            found = self._found(trace_ids, spans=spans)
        if found is None:
            raise cause or away(f"{_named(trace_ids)} at the server, which is away.")
        return here(found)

    def _found(self, trace_ids: Collection[str], *, spans: bool) -> list[KnownTrace] | None:
        """The traces as journals tell them; None when they do not tell all of them."""
        if spans and self._decode is None:
            return None
        traces = local_reads.traces(self._desk.home, self._decode, trace_ids)
        unique = dict.fromkeys(trace_ids)
        return [traces[one] for one in unique] if all(one in traces for one in unique) else None

    def _search(self, asked: Request) -> object:
        query = asked.read(SearchTraces)
        ids = [str(one.mlflow_experiment.experiment_id) for one in query.locations if one.mlflow_experiment]
        self._desk.settle()
        if self._desk.reach.there():
            try:
                if not any(map(is_offline_id, ids)):
                    return asked.answer()
                there = self._experiments.at_server(ids)
                asked.fields["locations"] = [
                    {"type": EXPERIMENT, "mlflow_experiment": {"experiment_id": one}} for one in there
                ]
                return asked.ask() if there else {}
            except Away:
                pass
        self._desk.search_here()
        known = local_reads.traces(self._desk.home, self._decode)
        return trace_search.traces(list(known.values()), ids, query)

    def _changed(self, asked: Request, trace_id: str, run_id: str, answer: Document) -> object:
        """Written down for a trace of this process, and without a server; else asked."""
        if trace_id not in self._mine:
            return self._asked_or_written(asked, run_id, answer)
        self._desk.recorder.append(Call(run_id, asked.method, asked.path, asked.fields))
        return answer

    def _asked_or_written(self, asked: Request, run_id: str, answer: Document) -> object:
        if self._desk.settle() and self._desk.reach.there():
            try:
                return asked.ask()
            except Away:
                pass
        self._desk.recorder.append(Call(run_id, asked.method, asked.path, asked.fields))
        return answer

    def _write(self, trace_id: str, path: str, experiment_id: str, body: dict[str, Any]) -> None:
        name = self._experiments.name_of(experiment_id)
        named = {"experiment_id": experiment_id} if name is None else {"experiment": name}
        self._desk.recorder.append(Call(trace_id, "POST", path, {**body, **named}))
        self._experiments.begun(experiment_id)

    def _know(self, trace_id: str, *, spans: bool) -> None:
        """It is in the journal: what is said of it from now on comes after that."""
        self._mine[trace_id] = spans
        if len(self._mine) > KNOWN:
            self._mine.pop(next(iter(self._mine)), None)


def check_span_bytes(largest: int) -> None:
    """Raises: TooLarge, for a span that fits into no record."""
    if largest > MOST_BYTES:
        raise TooLarge(
            f"A span of {largest} bytes is too large for the journal; {MOST_BYTES} are allowed. Log large inputs and "
            "outputs as attachments or artifacts."
        )


def _in_experiments(found: list[KnownTrace], wanted: TraceIds) -> list[KnownTrace]:
    named = {str(one) for one in wanted.experiment_ids or []}
    return [one for one in found if not named or one.experiment_id in named]


def _named(trace_ids: list[str]) -> str:
    return f"Trace {trace_ids[0]} is" if len(trace_ids) == 1 else "Some of these traces are"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

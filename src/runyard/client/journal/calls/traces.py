"""Requests about traces of MLflow 3: what is said of a trace goes into the journal, in the order in which it is said.

MLflow's client chooses the ids of traces and spans itself. What changes a trace of this process is written down; what
changes another one is asked at once where there is a server, so that what it refuses is told at the call.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from runyard.client.journal.calls.desk import Desk
from runyard.client.journal.calls.experiments import Experiments
from runyard.client.journal.calls.places import TRACES
from runyard.client.journal.calls.request import Calls, Request
from runyard.client.journal.calls.way import Away, Document
from runyard.client.journal.offline_names import trace_artifacts
from runyard.entities.journal import Call
from runyard.entities.trace import ARTIFACT_LOCATION, FIXED_TAGS, SPANS_LOCATION, TRACKING_STORE

SPANS = "/api/v1/spans"
KNOWN = 10_000  # traces that are remembered as this process's own


class Traces:
    """Answers requests about traces."""

    def __init__(self, desk: Desk, experiments: Experiments) -> None:
        self._desk = desk
        self._experiments = experiments
        self._mine: dict[str, None] = {}

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
        }

    def log_spans(self, experiment_id: str, trace_ids: Iterable[str], parts: Iterable[bytes]) -> None:
        """Write spans down.

        Args:
            trace_ids: of all spans, that of the first one first.
            parts: as OpenTelemetry's exporters send them.
        Raises: NotFound, for an offline experiment of another machine.
        """
        ids = list(trace_ids)
        for part in parts:
            self._write(ids[0], SPANS, experiment_id, {"spans": part})
        for one in ids:
            self._know(one)

    def _start(self, asked: Request) -> object:
        info = asked.fields["trace"]["trace_info"]
        place = info.get("trace_location", {}).get("mlflow_experiment")
        if place is None:  # elsewhere than in an experiment
            self._desk.settle()
            return asked.send()
        trace_id, experiment_id = str(info["trace_id"]), str(place["experiment_id"])
        self._write(trace_id, TRACES, experiment_id, asked.fields)
        self._know(trace_id)
        own = {ARTIFACT_LOCATION: trace_artifacts(experiment_id, trace_id), SPANS_LOCATION: TRACKING_STORE}
        return {"trace": {"trace_info": {**info, "tags": {**info.get("tags", {}), **own}}}}

    def _tag(self, asked: Request) -> object:
        trace_id = asked.path.split("/")[-2]
        if asked.fields.get("key") in FIXED_TAGS:
            self._desk.settle()
            return asked.send()
        return self._changed(asked, trace_id, trace_id, {})

    def _untag(self, asked: Request) -> object:
        """Which tags a trace has is known to the server alone: it is asked about this process's own traces, too."""
        trace_id = asked.path.split("/")[-2]
        if asked.fields.get("key") in FIXED_TAGS:
            self._desk.settle()
            return asked.send()
        return self._asked_or_written(asked, trace_id, {})

    def _assess(self, asked: Request) -> object:
        trace_id = asked.path.split("/")[-2]
        said = asked.fields.setdefault("assessment", {})
        said.setdefault("assessment_id", f"a-{uuid.uuid4().hex}")
        said["trace_id"] = trace_id
        return self._changed(asked, trace_id, trace_id, {"assessment": said})

    def _link(self, asked: Request) -> object:
        named = [str(one) for one in asked.fields.get("trace_ids") or [""]]
        mine = next((one for one in named if one in self._mine), named[0])
        return self._changed(asked, mine, "", {})

    def _link_prompts(self, asked: Request) -> object:
        trace_id = str(asked.fields.get("trace_id", ""))
        return self._changed(asked, trace_id, trace_id, {})

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

    def _know(self, trace_id: str) -> None:
        """It is in the journal: what is said of it from now on comes after that."""
        self._mine[trace_id] = None
        if len(self._mine) > KNOWN:
            self._mine.pop(next(iter(self._mine)), None)

"""What this machine knows by itself: enough to check what is logged, and to answer while no server is in reach."""

from __future__ import annotations

import json

import msgspec

from runyard.client.journal.model_state import MODELS, ModelState, model_id_of
from runyard.client.journal.run_state import RunState, apply_batch, apply_change
from runyard.entities.journal import (
    BatchRecord,
    Call,
    FileRecord,
    NewRun,
    PointRecord,
    Record,
    RunChange,
    Untag,
)
from runyard.entities.log_rules import MODEL_HISTORY_TAG, parse_model
from runyard.wire.mlflow.runs import LogInputs, LogModel, LogOutputs

RUNS = "/api/2.0/mlflow/runs"
MODELS_KEPT = 1_000  # of logged models, the latest
ENDED_KEPT = 1_000  # ended runs that are remembered; more are looked up again


class LocalState:
    """Runs and logged models. Any number of threads; a record is told once it is in the journal."""

    def __init__(self) -> None:
        self.runs: dict[str, RunState] = {}
        self.models: dict[str, ModelState] = {}

    def add(self, run: RunState) -> None:
        """Know a run from now on. Of those that have ended, the oldest are forgotten beyond a thousand."""
        self.runs[run.run_id] = run
        if len(self.runs) > ENDED_KEPT:
            ended = [one for one, state in self.runs.copy().items() if state.end_ms is not None]
            for one in ended[: len(self.runs) - ENDED_KEPT]:
                self.runs.pop(one, None)

    def apply(self, record: Record) -> None:
        """Take a record of a journal into account; what belongs to no known run or model is passed over."""
        if isinstance(record, NewRun):
            if record.run_id not in self.runs:
                self.add(RunState.made(record))
        elif isinstance(record, Call):
            self._call(record)
        elif isinstance(record, FileRecord):
            return  # the journals tell which files there are
        elif (run := self.runs.get(record.run_id)) is not None:
            _apply_to_run(run, record)

    def _call(self, call: Call) -> None:
        if call.path == MODELS:
            model = ModelState.made(call.body)
            self.models.setdefault(model.message.info.model_id, model)
            while len(self.models) > MODELS_KEPT:
                self.models.pop(next(iter(self.models)), None)
        elif (model_id := model_id_of(call.path)) is not None:
            if model_id in self.models:
                self.models[model_id].change(call)
        elif (run := self.runs.get(call.run_id)) is not None:
            _apply_call(run, call)


def _apply_to_run(run: RunState, record: PointRecord | BatchRecord | RunChange | Untag) -> None:
    if isinstance(record, PointRecord):
        run.point(record.key, record.value, record.ms, record.step)
    elif isinstance(record, BatchRecord):
        apply_batch(run, record)
    elif isinstance(record, RunChange):
        apply_change(run, record)
    else:
        run.tags.pop(record.key, None)


def _apply_call(run: RunState, call: Call) -> None:
    if call.path == f"{RUNS}/log-inputs":
        inputs = msgspec.convert(call.body, LogInputs, strict=False)
        known = {(one.dataset.name, one.dataset.digest) for one in run.inputs}
        run.inputs += [one for one in inputs.datasets if (one.dataset.name, one.dataset.digest) not in known]
        run.model_inputs.update({one.model_id: None for one in inputs.models})
    elif call.path == f"{RUNS}/outputs":
        outputs = msgspec.convert(call.body, LogOutputs, strict=False)
        run.model_outputs.update({one.model_id: one.step for one in outputs.models})
    elif call.path == f"{RUNS}/log-model":
        model = parse_model(msgspec.convert(call.body, LogModel).model_json)
        items = json.loads(run.tags.get(MODEL_HISTORY_TAG, "[]"))
        run.tags[MODEL_HISTORY_TAG] = json.dumps([*items, model])

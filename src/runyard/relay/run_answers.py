"""Answers about runs: what is logged goes into the journal, what is read comes from the server or what is known here."""

from __future__ import annotations

import re
import uuid
from typing import Any

from runyard.client.journal import local_reads
from runyard.client.journal.offline_names import is_offline_id
from runyard.client.journal.run_state import RunState
from runyard.entities.common import Param, Tag
from runyard.entities.journal import BatchPoint
from runyard.entities.log_rules import require_run_id, tag_absent
from runyard.errors import NotFound, RunyardError, Unauthenticated
from runyard.relay.asked import Answers, Asked, PassOn, local_uris
from runyard.relay.desk import Desk, away
from runyard.relay.experiment_answers import ExperimentAnswers
from runyard.relay.server import Away
from runyard.wire.mlflow.runs import (
    CreateRun,
    DeleteTag,
    GetHistory,
    HistoryAnswer,
    HistoryPoint,
    LogBatch,
    LogInputs,
    LogMetric,
    LogModel,
    LogOutputs,
    LogParam,
    MetricMessage,
    RunId,
    SetTag,
    UpdateRun,
    number,
)

RUNS = "/2.0/mlflow/runs"
_ID = re.compile(r"[0-9a-f]{32}")


class RunAnswers:
    """Answers requests about runs."""

    def __init__(self, desk: Desk, experiments: ExperimentAnswers) -> None:
        self._desk = desk
        self._logbook = desk.logbook
        self._experiments = experiments

    @property
    def answers(self) -> Answers:
        """By method and path."""
        return {
            ("POST", f"{RUNS}/log-metric"): self._log_metric,
            ("POST", f"{RUNS}/log-parameter"): self._log_param,
            ("POST", f"{RUNS}/log-batch"): self._log_batch,
            ("POST", f"{RUNS}/set-tag"): self._set_tag,
            ("POST", f"{RUNS}/delete-tag"): self._delete_tag,
            ("POST", f"{RUNS}/log-inputs"): self._log_inputs,
            ("POST", f"{RUNS}/outputs"): self._log_outputs,
            ("POST", f"{RUNS}/log-model"): self._log_model,
            ("POST", f"{RUNS}/create"): self._create,
            ("POST", f"{RUNS}/update"): self._update,
            ("POST", f"{RUNS}/delete"): self._change_stage,
            ("POST", f"{RUNS}/restore"): self._change_stage,
            ("GET", f"{RUNS}/get"): self._get,
            ("POST", f"{RUNS}/search"): self._search,
            ("GET", "/2.0/mlflow/metrics/get-history"): self._history,
        }

    def _log_metric(self, asked: Asked) -> Any:
        one = asked.read(LogMetric)
        run_id = one.run_id or one.run_uuid
        if one.model_id is None:
            self._logbook.log_metric(run_id, one.key, one.value, one.timestamp, one.step)
        else:
            self._logbook.log_batch(run_id, [_point(one)])
        return {}

    def _log_param(self, asked: Asked) -> Any:
        one = asked.read(LogParam)
        self._logbook.log_param(one.run_id or one.run_uuid, Param(one.key, one.value))
        return {}

    def _log_batch(self, asked: Asked) -> Any:
        batch = asked.read(LogBatch)
        points = [_point(one) for one in batch.metrics]
        self._logbook.log_batch(batch.run_id, points, batch.params, batch.tags)
        return {}

    def _set_tag(self, asked: Asked) -> Any:
        one = asked.read(SetTag)
        self._logbook.set_tag(one.run_id or one.run_uuid, Tag(one.key, one.value))
        return {}

    def _delete_tag(self, asked: Asked) -> Any:
        one = asked.read(DeleteTag)
        if one.key in self._logbook.entered(one.run_id).tags:
            self._logbook.delete_tag(one.run_id, one.key)
            return {}
        if not self._desk.server.there():
            raise tag_absent(one.run_id, one.key)
        raise PassOn

    def _log_inputs(self, asked: Asked) -> Any:
        asked.read(LogInputs)
        self._logbook.log_inputs(asked.fields)
        return {}

    def _log_outputs(self, asked: Asked) -> Any:
        asked.read(LogOutputs)
        self._logbook.log_outputs(asked.fields)
        return {}

    def _log_model(self, asked: Asked) -> Any:
        asked.read(LogModel)
        self._logbook.log_model(asked.fields)
        return {}

    def _update(self, asked: Asked) -> Any:
        one = asked.read(UpdateRun)
        run = self._logbook.update(one.run_id or one.run_uuid, one.status, one.end_time, one.run_name)
        return {"run_info": local_uris(run.message())["info"]}

    def _change_stage(self, asked: Asked) -> Any:
        self._desk.settle()
        try:
            return self._desk.server.ask(asked.method, asked.path, asked.fields)
        except Away as exc:
            raise away(f"The server is to do this, and is away: {exc}") from exc
        finally:
            self._logbook.forget(str(asked.fields.get("run_id", "")))

    def _create(self, asked: Asked) -> Any:
        """At the server where there is one, so that what it refuses is told at once; else here."""
        new = asked.read(CreateRun)
        if new.run_id and not _ID.fullmatch(new.run_id):
            raise PassOn  # for the server's own words
        run_id = new.run_id or uuid.uuid4().hex
        experiment_id = str(new.experiment_id or "0")
        named = self._experiments.name_of(experiment_id)
        if self._desk.server.there() and (named is None or self._desk.settle()):
            body = {**asked.fields, "run_id": run_id}  # the same one, should it be made here after all
            try:
                if named is not None:
                    body["experiment_id"] = self._experiments.made(named)
                document = self._desk.server.ask("POST", asked.path, body)
            except Away:
                pass
            else:
                self._logbook.begun_at_server(RunState.told(document["run"]))
                return document
        run = self._logbook.create_run(
            None if named else experiment_id,
            named,
            new.user_id,
            new.start_time,
            new.run_name,
            new.tags or [],
            run_id=run_id,
        )
        return {"run": local_uris(run.message())}

    def _get(self, asked: Asked) -> Any:
        one = asked.read(RunId)
        run_id = require_run_id(one.run_id or one.run_uuid)
        known = self._desk.state.runs.get(run_id)
        settled = self._desk.settle()
        seq = self._desk.recorder.seq
        if self._desk.server.there() and (settled or known is None):
            try:
                document = self._desk.server.ask("GET", asked.path, run_id=run_id)
            except Away:
                pass
            except (
                NotFound,
                Unauthenticated,
            ) as exc:  # not sent yet; or the login has ended, and logging goes on
                return self._local(run_id, exc)
            else:
                if known is not None and seq == self._desk.recorder.seq:
                    self._logbook.know(RunState.told(document["run"]))
                return document
        return self._local(run_id, None)

    def _local(self, run_id: str, cause: RunyardError | None) -> Any:
        try:
            return {"run": local_uris(self._desk.local_run(run_id).message())}
        except NotFound:
            raise cause or away(f"Run {run_id} is at the server, which is away.") from None

    def _history(self, asked: Asked) -> Any:
        one = asked.read(GetHistory)
        run_id = require_run_id(one.run_id or one.run_uuid)
        settled = self._desk.settle()
        folders = self._desk.journals_of(run_id)
        if (settled and self._desk.server.there()) or not local_reads.is_whole(folders, run_id):
            raise PassOn
        points = local_reads.history(folders, run_id, one.metric_key)
        return HistoryAnswer([HistoryPoint(p.key, number(p.value), p.ms, p.step) for p in points])

    def _search(self, asked: Asked) -> Any:
        ids = [str(one) for one in asked.fields.get("experiment_ids") or []]
        if not any(map(is_offline_id, ids)):
            raise PassOn
        self._desk.settle()
        try:
            there = self._experiments.at_server(ids)
            body = {**asked.fields, "experiment_ids": there}
            return self._desk.server.ask("POST", asked.path, body) if there else {}
        except Away as exc:
            raise away("Runs are searched by the server alone, and it is away.") from exc


def _point(one: MetricMessage) -> BatchPoint:
    return BatchPoint(
        one.key, one.value, one.timestamp, one.step, one.model_id, one.dataset_name, one.dataset_digest
    )

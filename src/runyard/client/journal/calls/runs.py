"""Requests about runs: what logs goes into the journal, what reads sees it.

A read first has what was logged sent. While no server is in reach, runs that this machine's journals know are answered
from them.
"""

from __future__ import annotations

import logging
import re
import uuid

from runyard.client.journal import local_reads
from runyard.client.journal.calls import search
from runyard.client.journal.calls.desk import Desk
from runyard.client.journal.calls.experiments import Experiments
from runyard.client.journal.calls.request import Calls, Request
from runyard.client.journal.calls.way import Away, away
from runyard.client.journal.run_state import RunState
from runyard.entities.common import Param, Tag
from runyard.entities.journal import BatchPoint
from runyard.entities.log_rules import require_run_id, tag_absent
from runyard.errors import NotFound, RunyardError, Unauthenticated
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
    SearchRuns,
    SetTag,
    UpdateRun,
    number,
)

log = logging.getLogger("runyard.journal")

CREATE_S = 10.0  # that a server may be silent over the beginning of a run
KNOWN_S = 20.0  # the same over a run that can be answered here
_ID = re.compile(r"[0-9a-f]{32}")


class Runs:
    """Answers requests about runs."""

    def __init__(self, desk: Desk, experiments: Experiments) -> None:
        self._desk = desk
        self._logbook = desk.logbook
        self._experiments = experiments

    @property
    def calls(self) -> Calls:
        """By MLflow's name of the request."""
        return {
            "LogMetric": self._log_metric,
            "LogParam": self._log_param,
            "LogBatch": self._log_batch,
            "SetTag": self._set_tag,
            "DeleteTag": self._delete_tag,
            "LogInputs": self._log_inputs,
            "LogOutputs": self._log_outputs,
            "LogModel": self._log_model,
            "CreateRun": self._create,
            "UpdateRun": self._update,
            "DeleteRun": self._change_stage,
            "RestoreRun": self._change_stage,
            "GetRun": self._get,
            "GetMetricHistory": self._history,
            "SearchRuns": self._search,
        }

    def _log_metric(self, asked: Request) -> object:
        one = asked.read(LogMetric)
        run_id = one.run_id or one.run_uuid
        if one.model_id is None:
            self._logbook.log_metric(run_id, one.key, one.value, one.timestamp, one.step)
        else:
            self._logbook.log_batch(run_id, [_point(one)])
        return {}

    def _log_param(self, asked: Request) -> object:
        one = asked.read(LogParam)
        self._logbook.log_param(one.run_id or one.run_uuid, Param(one.key, one.value))
        return {}

    def _log_batch(self, asked: Request) -> object:
        batch = asked.read(LogBatch)
        points = [_point(one) for one in batch.metrics]
        self._logbook.log_batch(batch.run_id, points, batch.params, batch.tags)
        return {}

    def _set_tag(self, asked: Request) -> object:
        one = asked.read(SetTag)
        self._logbook.set_tag(one.run_id or one.run_uuid, Tag(one.key, one.value))
        return {}

    def _delete_tag(self, asked: Request) -> object:
        one = asked.read(DeleteTag)
        if one.key in self._logbook.entered(one.run_id).tags:
            self._logbook.delete_tag(one.run_id, one.key)
            return {}
        if not self._desk.reach.there():
            raise tag_absent(one.run_id, one.key)
        self._desk.settle()
        return asked.send()

    def _log_inputs(self, asked: Request) -> object:
        asked.read(LogInputs)
        self._logbook.log_inputs(asked.fields)
        return {}

    def _log_outputs(self, asked: Request) -> object:
        asked.read(LogOutputs)
        self._logbook.log_outputs(asked.fields)
        return {}

    def _log_model(self, asked: Request) -> object:
        asked.read(LogModel)
        self._logbook.log_model(asked.fields)
        return {}

    def _update(self, asked: Request) -> object:
        one = asked.read(UpdateRun)
        run = self._logbook.update(one.run_id or one.run_uuid, one.status, one.end_time, one.run_name)
        return {"run_info": run.message().info}

    def _change_stage(self, asked: Request) -> object:
        one = asked.read(RunId)
        self._desk.settle()
        return asked.send(lambda: self._logbook.forget(one.run_id or ""))

    def _create(self, asked: Request) -> object:
        """At the server where there is one, so that what it refuses is told at once; else here."""
        new = asked.read(CreateRun)
        if new.run_id and not _ID.fullmatch(new.run_id):
            return asked.send()  # for the server's own words
        run_id = asked.fields["run_id"] = (
            new.run_id or uuid.uuid4().hex
        )  # the same one, should it be made here after all
        experiment_id = str(new.experiment_id or "0")
        named = self._experiments.name_of(experiment_id)
        if self._desk.reach.answers() and (named is None or self._desk.settle()):
            try:
                if named is not None:
                    asked.fields["experiment_id"] = self._experiments.made(named)
                document = asked.ask(timeout_s=CREATE_S)
            except Away as exc:
                log.debug("The run is made here: %s", exc)
            else:
                self._logbook.begun_at_server(RunState.told(document["run"]))
                self._experiments.begun(experiment_id)
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
        self._experiments.begun(experiment_id)
        self._desk.run_begun_here()
        return {"run": run.message()}

    def _get(self, asked: Request) -> object:
        one = asked.read(RunId)
        run_id = require_run_id(one.run_id or one.run_uuid)
        known = self._desk.state.runs.get(run_id)
        settled = self._desk.settle()
        if (known is not None and not settled) or not self._desk.reach.there():
            return self._local(run_id, None)
        seq = self._desk.recorder.seq
        try:
            document = asked.ask(timeout_s=None if known is None else KNOWN_S)
        except Away as exc:
            return self._local(run_id, exc.cause)
        except (
            NotFound,
            Unauthenticated,
        ) as exc:  # not sent yet; or the login has ended, and logging goes on
            return self._local(run_id, exc)
        if known is not None and seq == self._desk.recorder.seq:
            self._logbook.know(RunState.told(document["run"]))
        return document

    def _local(self, run_id: str, cause: RunyardError | None) -> object:
        found = self._desk.local_run(run_id)
        if found is None and cause is None and self._desk.grants:
            found = self._logbook.know(self._desk.granted(run_id))
        if found is None:
            raise cause or away(f"Run {run_id} is at the server, which is away.")
        return {"run": found.message()}

    def _history(self, asked: Request) -> object:
        one = asked.read(GetHistory)
        run_id = require_run_id(one.run_id or one.run_uuid)
        settled = self._desk.settle()
        folders = self._desk.journals_of(run_id)
        cause: RunyardError | None = None
        if self._desk.reach.there() and (settled or not local_reads.is_whole(folders, run_id)):
            try:
                return asked.answer()
            except Away as exc:
                cause = exc.cause
            except (NotFound, Unauthenticated) as exc:
                cause = exc
        if one.page_token or not local_reads.is_whole(folders, run_id):
            raise cause or away(f"The history of run {run_id} is at the server, which is away.")
        points = local_reads.history(folders, run_id, one.metric_key)
        return HistoryAnswer([HistoryPoint(p.key, number(p.value), p.ms, p.step) for p in points])

    def _search(self, asked: Request) -> object:
        query = asked.read(SearchRuns)
        ids = [str(one) for one in query.experiment_ids or []]
        return self._experiments.searched(asked, ids, lambda: search.runs(self._known(), ids, query))

    def _known(self) -> list[RunState]:
        """All runs that this machine knows."""
        found = {one.run_id: one for one in local_reads.all_runs(self._desk.home)}
        return list((found | self._desk.state.runs).values())


def _point(one: MetricMessage) -> BatchPoint:
    return BatchPoint(
        one.key, one.value, one.timestamp, one.step, one.model_id, one.dataset_name, one.dataset_digest
    )

"""Requests about runs: what logs goes into the journal, what reads sees it.

A read first has what was logged sent. While no server is in reach, runs that this machine's journals know are answered
from them.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE

from runyard.client.journal import local_reads
from runyard.client.journal.offline_names import is_offline_id
from runyard.client.journal.run_state import RunState
from runyard.entities.common import Param, Tag
from runyard.entities.journal import BatchPoint
from runyard.entities.log_rules import require_run_id, run_absent, tag_absent
from runyard.mlflow_plugin.experiment_calls import ExperimentCalls
from runyard.mlflow_plugin.journals import OpenJournal
from runyard.mlflow_plugin.local_search import searched
from runyard.mlflow_plugin.reach import Away
from runyard.mlflow_plugin.rest_call import RestCall
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

log = logging.getLogger("runyard.mlflow")

GET_RUN = "/api/2.0/mlflow/runs/get"
CREATE_S = 10.0  # that a server may be silent over the beginning of a run
KNOWN_S = 20.0  # the same over a run that can be answered here
ABSENT = "RESOURCE_DOES_NOT_EXIST"
REJECTED = "UNAUTHENTICATED"
Handler = Callable[[RestCall], Any]


class RunCalls:
    """Answers requests about runs."""

    def __init__(self, journal: OpenJournal, experiments: ExperimentCalls) -> None:
        self._journal = journal
        self._logbook = journal.logbook
        self._experiments = experiments
        self._told_where = False
        journal.find_runs_by(self.find)

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """By the name of MLflow's request."""
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

    def find(self, run_id: str) -> RunState:
        """A run that this process does not know: the server's, or that of another journal of this machine.

        Where neither can be asked it is taken for granted; what is logged is sent later, and refused then if there is
        no such run.

        Raises: MlflowException, as the server answers.
        """
        if self._journal.reach.there():
            self._journal.settle()  # another tracking URI of this process may have logged to it
            try:
                return RunState.told(self._journal.reach.ask(GET_RUN, "GET", {"run_id": run_id})["run"])
            except Away:
                pass
            except MlflowException as exc:
                found = self._in_journals(run_id) if exc.error_code == ABSENT else None
                if found is None:
                    raise
                return found
        return self._in_journals(run_id) or self._granted(run_id)

    def local(self, run_id: str) -> RunState:
        """A run as this process, or another journal of this machine, knows it.

        Raises: NotFound.
        """
        found = self._journal.state.runs.get(run_id) or self._in_journals(run_id)
        if found is None:
            raise run_absent(run_id)
        return found

    def _in_journals(self, run_id: str) -> RunState | None:
        folders = self._journal.journals_of(run_id)
        return local_reads.replayed(folders, run_id) if folders else None

    def _granted(self, run_id: str) -> RunState:
        log.warning(
            "No server is in reach to ask for run %s. What is logged to it is kept, and sent once there is one.",
            run_id,
        )
        return RunState(
            run_id, self._experiments.active_id(), f"runyard://experiments/-/runs/{run_id}/artifacts"
        )

    def _log_metric(self, call: RestCall) -> Any:
        one = call.read(LogMetric)
        run_id = one.run_id or one.run_uuid
        if one.model_id is None:
            self._logbook.log_metric(run_id, one.key, one.value, one.timestamp, one.step)
        else:
            self._logbook.log_batch(run_id, [_point(one)])
        return call.reply({})

    def _log_param(self, call: RestCall) -> Any:
        one = call.read(LogParam)
        self._logbook.log_param(one.run_id or one.run_uuid, Param(one.key, one.value))
        return call.reply({})

    def _log_batch(self, call: RestCall) -> Any:
        batch = call.read(LogBatch)
        self._logbook.log_batch(
            batch.run_id, [_point(one) for one in batch.metrics], batch.params, batch.tags
        )
        return call.reply({})

    def _set_tag(self, call: RestCall) -> Any:
        one = call.read(SetTag)
        self._logbook.set_tag(one.run_id or one.run_uuid, Tag(one.key, one.value))
        return call.reply({})

    def _delete_tag(self, call: RestCall) -> Any:
        one = call.read(DeleteTag)
        run = self._logbook.entered(one.run_id)
        if one.key in run.tags:
            self._logbook.delete_tag(one.run_id, one.key)
            return call.reply({})
        if not self._journal.reach.there():
            raise tag_absent(one.run_id, one.key)
        self._journal.settle()
        return call.send()

    def _log_inputs(self, call: RestCall) -> Any:
        call.read(LogInputs)
        self._logbook.log_inputs(call.fields)
        return call.reply({})

    def _log_outputs(self, call: RestCall) -> Any:
        call.read(LogOutputs)
        self._logbook.log_outputs(call.fields)
        return call.reply({})

    def _log_model(self, call: RestCall) -> Any:
        call.read(LogModel)
        self._logbook.log_model(call.fields)
        return call.reply({})

    def _update(self, call: RestCall) -> Any:
        one = call.read(UpdateRun)
        run = self._logbook.update(one.run_id or one.run_uuid, one.status, one.end_time, one.run_name)
        return call.reply({"run_info": run.message().info})

    def _change_stage(self, call: RestCall) -> Any:
        self._journal.settle()
        try:
            return call.send()
        finally:
            self._logbook.forget(str(call.fields.get("run_id", "")))

    def _create(self, call: RestCall) -> Any:
        """At the server where there is one, so that what it refuses is told at once; else here."""
        new = call.read(CreateRun)
        run_id = uuid.uuid4().hex
        experiment_id = str(new.experiment_id or "0")
        if not is_offline_id(experiment_id) and self._journal.reach.answers():
            call.fields["run_id"] = run_id  # the same one, should it be made here after all
            try:
                document = call.ask(again=0, timeout_s=CREATE_S)
            except Away as exc:
                log.debug("The run is made here: %s", exc)
            else:
                self._logbook.begun_at_server(RunState.told(document["run"]))
                return call.reply(document)
        named = self._experiments.name_of(experiment_id)
        run = self._logbook.create_run(
            None if named else experiment_id,
            named,
            new.user_id,
            new.start_time,
            new.run_name,
            new.tags or [],
            run_id=run_id,
        )
        if named:
            self._experiments.begun(experiment_id)
        self._tell_where()
        return call.reply({"run": run.message()})

    def _tell_where(self) -> None:
        """Once in a process."""
        if self._told_where:
            return
        self._told_where = True
        place = self._journal.place
        if self._journal.reach.offline:
            log.warning("Runyard is offline: runs are written to %s. `runyard sync` sends them.", place)
        else:
            log.warning(
                "%s is not in reach: runs are written to %s, and sent in the background once it answers, or by "
                "`runyard sync`.",
                self._journal.credentials.host,
                place,
            )

    def _get(self, call: RestCall) -> Any:
        one = call.read(RunId)
        run_id = require_run_id(one.run_id or one.run_uuid)
        known = self._journal.state.runs.get(run_id)
        settled = self._journal.settle()
        if (known is not None and not settled) or not self._journal.reach.there():
            return self._local_answer(call, run_id)
        seq = self._journal.recorder.seq
        try:
            document = call.ask() if known is None else call.ask(again=0, timeout_s=KNOWN_S)
        except Away as exc:
            return self._local_answer(call, run_id, exc.cause)
        except MlflowException as exc:
            if exc.error_code in (ABSENT, REJECTED):
                return self._local_answer(call, run_id, exc)
            raise
        if known is not None and seq == self._journal.recorder.seq:
            self._logbook.know(RunState.told(document["run"]))
        return call.reply(document)

    def _local_answer(self, call: RestCall, run_id: str, cause: MlflowException | None = None) -> Any:
        found = self._journal.state.runs.get(run_id) or self._in_journals(run_id)
        if found is not None:
            return call.reply({"run": found.message()})
        if cause is not None:
            raise cause
        return call.reply({"run": self._logbook.know(self._granted(run_id)).message()})

    def _history(self, call: RestCall) -> Any:
        one = call.read(GetHistory)
        run_id = require_run_id(one.run_id or one.run_uuid)
        self._journal.settle()
        if self._journal.reach.there():
            try:
                return call.reply(call.ask())
            except Away as exc:
                cause: MlflowException | None = exc.cause
            except MlflowException as exc:
                if exc.error_code not in (ABSENT, REJECTED):
                    raise
                cause = exc
        else:
            cause = None
        folders = self._journal.journals_of(run_id)
        if not local_reads.is_whole(folders, run_id):
            raise cause or _unreachable(
                f"The history of run {run_id} is at the server, which is not in reach."
            )
        points = local_reads.history(folders, run_id, one.metric_key)
        return call.reply(HistoryAnswer([HistoryPoint(p.key, number(p.value), p.ms, p.step) for p in points]))

    def _search(self, call: RestCall) -> Any:
        asked = list(call.fields.get("experiment_ids") or [])
        self._journal.settle()
        if self._journal.reach.there():
            call.fields["experiment_ids"] = ids = self._experiments.at_server(asked)
            try:
                return call.reply(call.ask() if ids or not asked else {})
            except Away as exc:
                log.debug("Runs are searched here: %s", exc)
        runs = {one.run_id: one for one in local_reads.all_runs(self._journal.home)}
        runs.update(self._journal.state.runs)
        return call.reply(searched(list(runs.values()), asked, call.fields))


def _point(one: MetricMessage) -> BatchPoint:
    return BatchPoint(
        one.key, one.value, one.timestamp, one.step, one.model_id, one.dataset_name, one.dataset_digest
    )


def _unreachable(text: str) -> MlflowException:
    return MlflowException(text, TEMPORARILY_UNAVAILABLE)

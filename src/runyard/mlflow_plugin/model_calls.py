"""Requests about logged models of MLflow 3: made at the server where there is one, finished in the order of the journal.

A model is finalized after its files: that call, and all calls of models that were made without a server, go into the
journal. The rest is asked at once, so that what the server refuses is told at the call.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from mlflow.exceptions import MlflowException

from runyard.client.journal import local_reads
from runyard.client.journal.model_state import MODELS, ModelState, model_id_of
from runyard.client.journal.offline_names import is_offline_id
from runyard.entities.journal import Call
from runyard.errors import NotFound
from runyard.mlflow_plugin.experiment_calls import ExperimentCalls
from runyard.mlflow_plugin.journals import OpenJournal
from runyard.mlflow_plugin.local_search import searched_models
from runyard.mlflow_plugin.reach import Away
from runyard.mlflow_plugin.rest_call import RestCall


class ModelCalls:
    """Answers requests about logged models."""

    def __init__(self, journal: OpenJournal, experiments: ExperimentCalls) -> None:
        self._journal = journal
        self._experiments = experiments

    @property
    def handlers(self) -> Mapping[str, Callable[[RestCall], Any]]:
        """By the name of MLflow's request."""
        return {
            "CreateLoggedModel": self._create,
            "FinalizeLoggedModel": self._finalize,
            "SetLoggedModelTags": self._change,
            "DeleteLoggedModelTag": self._change,
            "LogLoggedModelParamsRequest": self._change,
            "GetLoggedModel": self._get,
            "DeleteLoggedModel": self._delete,
            "SearchLoggedModels": self._search,
        }

    def known(self, model_id: str) -> ModelState | None:
        """A model that this process, or another journal of this machine, knows."""
        found = self._journal.state.models.get(model_id)
        if found is None and (folders := self._journal.journals_of(model_id)):
            found = local_reads.replayed_model(folders, model_id)
            if found is not None:
                self._journal.state.models[model_id] = found
        return found

    def _create(self, call: RestCall) -> Any:
        experiment_id = str(call.fields.get("experiment_id") or "0")
        call.fields["model_id"] = model_id = f"m-{uuid.uuid4().hex}"
        if not is_offline_id(experiment_id) and self._journal.reach.there():
            self._journal.settle()
            try:
                document = call.ask(again=0)
            except Away:
                pass
            else:
                made = ModelState.told(document["model"])
                self._journal.state.models[made.message.info.model_id] = made
                return call.reply(document)
        body = dict(call.fields)
        name = self._experiments.name_of(experiment_id)
        if name is not None:
            del body["experiment_id"]
            body["experiment"] = name
        self._write(model_id, Call(model_id, "POST", MODELS, body))
        return call.reply({"model": self._journal.state.models[model_id].message})

    def _finalize(self, call: RestCall) -> Any:
        model_id = model_id_of(call.path) or ""
        if self.known(model_id) is None:
            self._journal.settle()
            return call.send()
        self._write(model_id, Call(model_id, call.method, call.path, call.fields))
        return call.reply({"model": self._journal.state.models[model_id].message})

    def _change(self, call: RestCall) -> Any:
        model_id = model_id_of(call.path) or ""
        known = self.known(model_id)
        if (known is None or not known.local) and self._journal.reach.there():
            self._journal.settle()
            if known is None:
                return call.send()
            try:
                document = call.ask()
            except Away:
                pass
            else:
                known.change(Call(model_id, call.method, call.path, call.fields))
                return call.reply(document)
        self._write(model_id, Call(model_id, call.method, call.path, call.fields))
        return call.reply({})

    def _get(self, call: RestCall) -> Any:
        model_id = model_id_of(call.path) or ""
        settled = self._journal.settle()
        known = self.known(model_id)
        cause: MlflowException | None = None
        if self._journal.reach.there() and (settled or known is None):
            try:
                return call.reply(call.ask())
            except Away as exc:
                cause = exc.cause
        if known is None:
            raise cause or NotFound(
                f"Logged model with id={model_id} is not known here, and no server is in reach"
            )
        return call.reply({"model": known.message})

    def _search(self, call: RestCall) -> Any:
        asked = list(call.fields.get("experiment_ids") or [])
        self._journal.settle()
        if self._journal.reach.there():
            call.fields["experiment_ids"] = ids = self._experiments.at_server(asked)
            try:
                return call.reply(call.ask() if ids or not asked else {})
            except Away:
                pass
        models = {one.message.info.model_id: one for one in local_reads.all_models(self._journal.home)}
        models.update(self._journal.state.models)
        return call.reply(searched_models(list(models.values()), asked, call.fields))

    def _delete(self, call: RestCall) -> Any:
        self._journal.settle()
        try:
            return call.send()
        finally:
            self._journal.state.models.pop(model_id_of(call.path) or "", None)

    def _write(self, model_id: str, call: Call) -> None:
        self._journal.logbook.call_model(model_id, call)

"""Requests about logged models of MLflow 3: made at the server where there is one, finished in the order of the journal.

A model is finalized after its files: that call, and all calls of models that were made without a server, go into the
journal. The rest is asked at once, so that what the server refuses is told at the call.
"""

from __future__ import annotations

import uuid
from urllib.parse import unquote

from runyard.client.journal import local_reads
from runyard.client.journal.calls import search
from runyard.client.journal.calls.desk import Desk
from runyard.client.journal.calls.experiments import Experiments
from runyard.client.journal.calls.request import Calls, Request
from runyard.client.journal.calls.way import Away, away
from runyard.client.journal.model_state import MODELS, ModelState, model_id_of
from runyard.entities.journal import Call
from runyard.errors import NotFound, RunyardError
from runyard.wire.mlflow.logged_models import (
    CreateLoggedModel,
    DeleteLoggedModelTag,
    FinalizeLoggedModel,
    LoggedModelMessage,
    LogLoggedModelParams,
    SearchLoggedModels,
    SetLoggedModelTags,
)


class Models:
    """Answers requests about logged models."""

    def __init__(self, desk: Desk, experiments: Experiments) -> None:
        self._desk = desk
        self._experiments = experiments

    @property
    def calls(self) -> Calls:
        """By MLflow's name of the request."""
        return {
            "CreateLoggedModel": self._create,
            "FinalizeLoggedModel": self._finalize,
            "SetLoggedModelTags": lambda asked: self._change(asked, SetLoggedModelTags),
            "DeleteLoggedModelTag": lambda asked: self._change(asked, DeleteLoggedModelTag),
            "LogLoggedModelParamsRequest": lambda asked: self._change(asked, LogLoggedModelParams),
            "GetLoggedModel": self._get,
            "DeleteLoggedModel": self._delete,
            "SearchLoggedModels": self._search,
        }

    def _create(self, asked: Request) -> object:
        new = asked.read(CreateLoggedModel)
        experiment_id = str(new.experiment_id or "0")
        model_id = asked.fields["model_id"] = f"m-{uuid.uuid4().hex}"
        body = dict(asked.fields)
        name = self._experiments.name_of(experiment_id)
        if self._desk.reach.there() and (self._desk.settle() or name is None):
            try:
                if name is not None:
                    asked.fields["experiment_id"] = self._experiments.made(name)
                document = asked.ask()
            except Away:
                pass
            else:
                made = ModelState.told(document["model"])
                self._desk.state.models[made.message.info.model_id] = made
                return document
        if name is not None:
            del body["experiment_id"]
            body["experiment"] = name
        self._write(Call(model_id, "POST", MODELS, body))
        return {"model": self._desk.state.models[model_id].message}

    def _finalize(self, asked: Request) -> object:
        asked.read(FinalizeLoggedModel)
        known = self._desk.local_model(_id_of(asked))
        if known is None:
            self._desk.settle()
            return asked.send()
        self._write(Call(_id_of(asked), asked.method, asked.path, asked.fields))
        return {"model": known.message}

    def _change(self, asked: Request, kind: type) -> object:
        asked.read(kind)
        model_id = _id_of(asked)
        known = self._desk.local_model(model_id)
        call = Call(model_id, asked.method, asked.path, asked.fields)
        if (known is None or not known.local) and self._desk.reach.there():
            self._desk.settle()
            if known is None:
                return asked.send()
            try:
                document = asked.ask()
            except Away:
                pass
            else:
                known.change(call)
                return document
        self._write(call)
        return {}

    def _get(self, asked: Request) -> object:
        model_id = _id_of(asked)
        settled = self._desk.settle()
        known = self._desk.local_model(model_id)
        cause: RunyardError | None = None
        if self._desk.reach.there() and (settled or known is None):
            try:
                return asked.ask()
            except Away as exc:
                cause = exc.cause
            except NotFound:
                if known is None or settled:
                    raise
        if known is None:
            raise cause or away(f"Logged model {model_id} is at the server, which is away.")
        return {"model": known.message}

    def _search(self, asked: Request) -> object:
        query = asked.read(SearchLoggedModels)
        ids = [str(one) for one in query.experiment_ids or []]
        return self._experiments.searched(asked, ids, lambda: search.models(self._known(), ids, query))

    def _known(self) -> list[LoggedModelMessage]:
        """All logged models that this machine knows."""
        found = {one.message.info.model_id: one for one in local_reads.all_models(self._desk.home)}
        return [one.message for one in (found | self._desk.state.models).values()]

    def _delete(self, asked: Request) -> object:
        self._desk.settle()
        return asked.send(lambda: self._forget(_id_of(asked)))

    def _forget(self, model_id: str) -> None:
        self._desk.state.models.pop(model_id, None)

    def _write(self, call: Call) -> None:
        self._desk.logbook.call_model(call.run_id, call)


def _id_of(asked: Request) -> str:
    return unquote(model_id_of(asked.path) or "")

"""Answers about logged models: made at the server where there is one, finished in the order of the journal."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from runyard.client.journal import local_reads
from runyard.client.journal.model_state import MODELS, ModelState
from runyard.entities.journal import Call
from runyard.errors import NotFound
from runyard.relay.asked import Answers, Asked, PassOn, local_uris
from runyard.relay.desk import Desk, away
from runyard.relay.experiment_answers import ExperimentAnswers
from runyard.relay.server import Away
from runyard.wire.mlflow.logged_models import (
    CreateLoggedModel,
    FinalizeLoggedModel,
    LogLoggedModelParams,
    SetLoggedModelTags,
)

BASE = "/2.0/mlflow/logged-models"
ONE = f"{BASE}/{{id}}"


class ModelAnswers:
    """Answers requests about logged models."""

    def __init__(self, desk: Desk, experiments: ExperimentAnswers) -> None:
        self._desk = desk
        self._experiments = experiments

    @property
    def answers(self) -> Answers:
        """By method and path."""
        return {
            ("POST", BASE): self._create,
            ("GET", ONE): self._get,
            ("PATCH", ONE): self._finalize,
            ("DELETE", ONE): self._delete,
            ("PATCH", f"{ONE}/tags"): lambda asked: self._change(asked, SetLoggedModelTags),
            ("POST", f"{ONE}/params"): lambda asked: self._change(asked, LogLoggedModelParams),
            ("DELETE", f"{ONE}/tags/{{key}}"): lambda asked: self._change(asked, None),
        }

    def known(self, model_id: str) -> ModelState | None:
        """A model that this relay, or another journal of this machine, knows."""
        found = self._desk.state.models.get(model_id)
        if found is None and (folders := self._desk.journals_of(model_id)):
            found = local_reads.replayed_model(folders, model_id)
            if found is not None:
                self._desk.state.models[model_id] = found
        return found

    def _create(self, asked: Asked) -> Any:
        asked.read(CreateLoggedModel)
        experiment_id = str(asked.fields.get("experiment_id") or "0")
        model_id = f"m-{uuid.uuid4().hex}"
        body = {**asked.fields, "model_id": model_id}
        name = self._experiments.name_of(experiment_id)
        if self._desk.server.there() and (self._desk.settle() or name is None):
            try:
                if name is not None:
                    body["experiment_id"] = self._experiments.made(name)
                document = self._desk.server.ask("POST", asked.path, body)
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
        return self._local(self._desk.state.models[model_id])

    def _finalize(self, asked: Asked) -> Any:
        asked.read(FinalizeLoggedModel)
        model_id = asked.values["id"]
        known = self.known(model_id)
        if known is None:
            raise PassOn
        self._write(Call(model_id, asked.method, asked.path, asked.fields))
        return self._local(known)

    def _change(self, asked: Asked, kind: type[msgspec.Struct] | None) -> Any:
        if kind is not None:
            asked.read(kind)
        model_id = asked.values["id"]
        known = self.known(model_id)
        if known is None or not known.local:
            self._desk.settle()
            if known is None:
                raise PassOn
            if self._desk.server.there():
                try:
                    answer = self._desk.server.ask(asked.method, asked.path, asked.fields or None)
                except Away:
                    pass
                else:
                    known.change(Call(model_id, asked.method, asked.path, asked.fields))
                    return answer
        self._write(Call(model_id, asked.method, asked.path, asked.fields))
        return {}

    def _get(self, asked: Asked) -> Any:
        model_id = asked.values["id"]
        settled = self._desk.settle()
        known = self.known(model_id)
        if self._desk.server.there() and (settled or known is None):
            try:
                return self._desk.server.ask("GET", asked.path)
            except Away:
                pass
            except NotFound:
                if known is None or settled:
                    raise
        if known is None:
            raise away(f"Logged model {model_id} is at the server, which is away.")
        return self._local(known)

    def _delete(self, asked: Asked) -> Any:
        self._desk.settle()
        self._desk.state.models.pop(asked.values["id"], None)
        raise PassOn

    def _write(self, call: Call) -> None:
        self._desk.logbook.call_model(call.run_id, call)

    def _local(self, known: ModelState) -> Any:
        return {"model": local_uris(known.message)}

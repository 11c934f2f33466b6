"""Requests about experiments. While no server is in reach an experiment is known by its name; its runs carry it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlflow.exceptions import MlflowException

from runyard.client.journal.offline_names import (
    OfflineExperiment,
    experiment_id_of,
    is_offline_id,
)
from runyard.entities.journal import Call
from runyard.entities.log_rules import check_key, check_text
from runyard.errors import AlreadyExists, InvalidInput, NotFound
from runyard.mlflow_plugin.fluent_api import active_experiment_id
from runyard.mlflow_plugin.journals import OpenJournal
from runyard.mlflow_plugin.reach import Away
from runyard.mlflow_plugin.rest_call import RestCall

BY_NAME = "/api/2.0/mlflow/experiments/get-by-name"
CREATE = "/api/2.0/mlflow/experiments/create"
SET_TAG = "/api/2.0/mlflow/experiments/set-experiment-tag"
ABSENT = "RESOURCE_DOES_NOT_EXIST"
DEFAULT = "0"
Document = dict[str, Any]


class ExperimentCalls:
    """Answers requests about experiments."""

    def __init__(self, journal: OpenJournal) -> None:
        self._journal = journal
        self._told: dict[str, Document] = {}  # by id, as the server told them
        self._begun: set[str] = set()  # offline ones that have a run in the journal

    @property
    def handlers(self) -> Mapping[str, Callable[[RestCall], Any]]:
        """By the name of MLflow's request."""
        return {
            "GetExperiment": self._get,
            "GetExperimentByName": self._get_by_name,
            "CreateExperiment": self._create,
            "SearchExperiments": self._search,
            "SetExperimentTag": self._set_tag,
            "DeleteExperiment": self._change,
            "RestoreExperiment": self._change,
            "UpdateExperiment": self._change,
        }

    def name_of(self, experiment_id: str) -> str | None:
        """The name of an experiment that is known by it alone.

        Raises: NotFound, for an offline id that was made on another machine.
        """
        if not is_offline_id(experiment_id):
            return None
        found = self._journal.experiments.find(experiment_id)
        if found is None:
            raise NotFound(
                f"No Experiment with id={experiment_id} exists on this machine. Choose it by its name again, with "
                "mlflow.set_experiment."
            )
        return found.name

    def at_server(self, ids: Sequence[str]) -> list[str]:
        """Ids as the server has them; offline experiments that it does not have yet are left out."""
        found = []
        for one in ids:
            number = self._number(one) if is_offline_id(one) else one
            if number is not None:
                found.append(number)
        return found

    def active_id(self) -> str:
        """The experiment that is chosen just now."""
        return active_experiment_id() or DEFAULT

    def _number(self, offline_id: str, *, make: bool = False) -> str | None:
        """What the server calls an offline experiment."""
        name = self.name_of(offline_id)
        try:
            document = self._journal.reach.ask(BY_NAME, "GET", {"experiment_name": name})
            return str(document["experiment"]["experiment_id"])
        except Away:
            return None
        except MlflowException as exc:
            if exc.error_code != ABSENT:
                raise
        if not make:
            return None
        return str(self._journal.reach.ask(CREATE, "POST", {"name": name})["experiment_id"])

    def _get(self, call: RestCall) -> Any:
        experiment_id = str(call.fields.get("experiment_id", ""))
        if is_offline_id(experiment_id):
            name = self.name_of(experiment_id)
            found = self._journal.experiments.find(experiment_id)
            assert name is not None and found is not None
            return call.reply({"experiment": _document(found)})
        if self._journal.reach.there():
            try:
                return call.reply(self._known(call.ask()))
            except Away:
                pass
        fallback = OfflineExperiment(experiment_id, "Default" if experiment_id == DEFAULT else experiment_id)
        return call.reply({"experiment": self._told.get(experiment_id, _document(fallback))})

    def _get_by_name(self, call: RestCall) -> Any:
        name = str(call.fields.get("experiment_name", ""))
        self._journal.settle()
        if self._journal.reach.there():
            try:
                return call.reply(self._known(call.ask()))
            except Away:
                pass
        told = next((one for one in self._told.values() if one.get("name") == name), None)
        found = self._journal.experiments.find_name(name)
        if told is None and found is None:
            raise NotFound(f"Could not find experiment with name '{name}'")
        return call.reply({"experiment": told or _document(found)})

    def _create(self, call: RestCall) -> Any:
        if self._journal.reach.there():
            self._journal.settle()
            try:
                return call.reply(call.ask(again=0))
            except Away:
                pass
        name = str(call.fields.get("name") or "")
        if not name.strip():
            raise InvalidInput(f'Invalid experiment name: "{name}". It must not be empty or blank.')
        if self._journal.experiments.find_name(name) is not None:
            raise AlreadyExists(
                f"Experiment(name={name}) already exists. Choose another name or use that experiment."
            )
        if call.fields.get("artifact_location"):
            raise InvalidInput(
                f"The experiment {name!r} cannot get an artifact location of its own while no server is in reach. Leave "
                "it out, or make the experiment first."
            )
        one = OfflineExperiment(experiment_id_of(name), name, int(time.time() * 1000))
        self._journal.experiments.add(one)
        for tag in call.fields.get("tags") or []:
            self._tag_later(one.id, str(tag["key"]), str(tag.get("value", "")))
        return call.reply({"experiment_id": one.id})

    def _search(self, call: RestCall) -> Any:
        self._journal.settle()
        if self._journal.reach.there():
            try:
                return call.reply(call.ask())
            except Away:
                pass
        if call.fields.get("filter"):
            raise InvalidInput(
                "Experiments are searched with a filter by the server alone, and it is not in reach."
            )
        documents = {one.name: _document(one) for one in self._journal.experiments.all()}
        documents.update({str(one["name"]): one for one in self._told.values()})
        return call.reply({"experiments": list(documents.values())})

    def _set_tag(self, call: RestCall) -> Any:
        experiment_id = str(call.fields.get("experiment_id", ""))
        self._journal.settle()
        if self._journal.reach.there():
            try:
                if is_offline_id(experiment_id):
                    call.fields["experiment_id"] = self._number(experiment_id, make=True) or experiment_id
                return call.reply(call.ask())
            except Away:
                pass
        self._tag_later(experiment_id, str(call.fields.get("key", "")), str(call.fields.get("value", "")))
        return call.reply({})

    def begun(self, experiment_id: str) -> None:
        """A run was made here: from its record on, the server has the experiment, and takes tags of it."""
        if experiment_id in self._begun:
            return
        self._begun.add(experiment_id)
        found = self._journal.experiments.find(experiment_id)
        for key, value in (found.tags if found is not None else {}).items():
            self._write_tag(experiment_id, key, value)

    def _tag_later(self, experiment_id: str, key: str, value: str) -> None:
        check_key(key, "Tag")
        check_text("tag value", value)
        if self.name_of(experiment_id) is not None:
            self._journal.experiments.tag(experiment_id, key, value)
            if experiment_id not in self._begun:
                return
        self._write_tag(experiment_id, key, value)

    def _write_tag(self, experiment_id: str, key: str, value: str) -> None:
        name = self.name_of(experiment_id)
        body: Document = {"experiment_id": experiment_id} if name is None else {"experiment": name}
        self._journal.recorder.append(Call("", "POST", SET_TAG, body | {"key": key, "value": value}))

    def _change(self, call: RestCall) -> Any:
        """What runs may be logged to changes: they are looked up again."""
        experiment_id = str(call.fields.get("experiment_id", ""))
        self._journal.settle()
        try:
            return call.send()
        finally:
            self._told.pop(experiment_id, None)
            for run in list(self._journal.state.runs.values()):
                if run.experiment_id == experiment_id:
                    self._journal.logbook.forget(run.run_id)

    def _known(self, document: Document) -> Document:
        one = document.get("experiment", {})
        self._told[str(one.get("experiment_id"))] = one
        return document


def _document(one: OfflineExperiment | None) -> Document:
    """An experiment as MLflow's API answers it."""
    assert one is not None
    return {
        "experiment_id": one.id,
        "name": one.name,
        "artifact_location": f"runyard://experiments/{one.id}",
        "lifecycle_stage": "active",
        "creation_time": one.created_ms,
        "last_update_time": one.created_ms,
        "tags": [{"key": key, "value": value} for key, value in one.tags.items()],
    }

"""Requests about experiments. While no server is in reach an experiment is known by its name; its runs carry it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from runyard.client.journal.calls import search
from runyard.client.journal.calls.desk import DEFAULT_EXPERIMENT, Desk
from runyard.client.journal.calls.request import Calls, Request
from runyard.client.journal.calls.way import Away, Document
from runyard.client.journal.offline_names import OfflineExperiment, experiment_id_of, is_offline_id
from runyard.entities.common import Stage
from runyard.entities.experiment import experiment_inactive, parse_experiment_id
from runyard.entities.journal import Call
from runyard.entities.log_rules import check_key, check_text
from runyard.errors import AlreadyExists, InvalidInput, NotFound
from runyard.wire.mlflow.experiments import (
    CreateExperiment,
    ExperimentId,
    ExperimentName,
    SearchExperiments,
    SetExperimentTag,
)

BASE = "/api/2.0/mlflow/experiments"


class Experiments:
    """Answers requests about experiments."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._told: dict[str, Document] = {}  # by id, as the server told them
        self._begun: set[str] = set()  # offline ones that have a run in the journal

    @property
    def calls(self) -> Calls:
        """By MLflow's name of the request."""
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
        return self._offline(experiment_id).name if is_offline_id(experiment_id) else None

    def at_server(self, ids: Sequence[str]) -> list[str]:
        """Ids as the server has them; offline experiments that it does not have yet are left out.

        Raises: Away; NotFound.
        """
        found = []
        for one in ids:
            name = self.name_of(one)
            number = one if name is None else self._number(name)
            if number is not None:
                found.append(number)
        return found

    def searched(self, asked: Request, ids: Sequence[str], here: Callable[[], object]) -> object:
        """What the server answers to a search in experiments, some of which it may not have yet.

        Args:
            ids: the field experiment_ids.
            here: searches among what is known here, while the server is away.
        Raises: RunyardError.
        """
        self._desk.settle()
        if self._desk.reach.there():
            try:
                if not any(map(is_offline_id, ids)):
                    return asked.answer()
                asked.fields["experiment_ids"] = there = self.at_server(ids)
                return asked.ask() if there else {}
            except Away:
                pass
        self._desk.search_here()
        return here()

    def made(self, name: str) -> str:
        """The server's id of an experiment, which is made if it is not there.

        Raises: Away; RunyardError.
        """
        found = self._number(name)
        if found is not None:
            return found
        document = self._desk.way.ask("POST", f"{BASE}/create", {"name": name}, repeat=False)
        return str(document["experiment_id"])

    def require(self, experiment_id: str, *, active: bool = False) -> None:
        """That an experiment is there, as far as somebody can be asked; the server is asked once.

        Args:
            active: it must not be deleted.
        Raises: InvalidInput; NotFound; RunyardError, as the server answers.
        """
        if self.name_of(experiment_id) is not None:
            return
        parse_experiment_id(experiment_id)
        known = self._told.get(experiment_id)
        if known is None or (active and _is_deleted(known)):
            known = self._asked_for(experiment_id)
        if active and known is not None and _is_deleted(known):
            raise experiment_inactive(str(known.get("experiment_id")), Stage.DELETED)

    def _asked_for(self, experiment_id: str) -> Document | None:
        if not self._desk.reach.there():
            return None
        try:
            document = self._desk.way.ask("GET", f"{BASE}/get", {"experiment_id": experiment_id})
        except Away:
            return None
        found: Document = self._known(document).get("experiment", {})
        self._told[experiment_id] = found
        return found

    def begun(self, experiment_id: str) -> None:
        """A run, or a trace, was made here: from its record on, the server has the experiment, and takes tags of it."""
        if not is_offline_id(experiment_id) or experiment_id in self._begun:
            return
        self._begun.add(experiment_id)
        found = self._desk.experiments.find(experiment_id)
        for key, value in (found.tags if found is not None else {}).items():
            self._write_tag(experiment_id, key, value)

    def _offline(self, experiment_id: str) -> OfflineExperiment:
        found = self._desk.experiments.find(experiment_id)
        if found is None:
            raise NotFound(
                f"No Experiment with id={experiment_id} exists on this machine. Choose it by its name again."
            )
        return found

    def _number(self, name: str) -> str | None:
        """What the server calls an experiment."""
        try:
            document = self._desk.way.ask("GET", f"{BASE}/get-by-name", {"experiment_name": name})
        except NotFound:
            return None
        return str(document["experiment"]["experiment_id"])

    def _get(self, asked: Request) -> object:
        experiment_id = str(asked.read(ExperimentId).experiment_id)
        if is_offline_id(experiment_id):
            return {"experiment": _document(self._offline(experiment_id))}
        if self._desk.reach.there():
            try:
                return self._known(asked.ask())
            except Away:
                pass
        named = "Default" if experiment_id == DEFAULT_EXPERIMENT else experiment_id
        fallback = OfflineExperiment(experiment_id, named)
        return {"experiment": self._told.get(experiment_id) or _document(fallback)}

    def _get_by_name(self, asked: Request) -> object:
        name = asked.read(ExperimentName).experiment_name
        self._desk.settle()
        if self._desk.reach.there():
            try:
                return self._known(asked.ask())
            except Away:
                pass
        told = next((one for one in self._told.values() if one.get("name") == name), None)
        found = self._desk.experiments.find_name(name)
        if told is None and found is None:
            raise NotFound(f"Could not find experiment with name '{name}'")
        return {"experiment": told or _document(found)}

    def _create(self, asked: Request) -> object:
        if self._desk.reach.there():
            self._desk.settle()
            try:
                return asked.ask(repeat=False)
            except Away:
                pass
        new = asked.read(CreateExperiment)
        if not new.name.strip():
            raise InvalidInput(f'Invalid experiment name: "{new.name}". It must not be empty or blank.')
        if self._desk.experiments.find_name(new.name) is not None:
            raise AlreadyExists(
                f"Experiment(name={new.name}) already exists. Choose another name or use that experiment."
            )
        if new.artifact_location:
            raise InvalidInput(
                f"The experiment {new.name!r} cannot get an artifact location of its own while no server is in reach. "
                "Leave it out, or make the experiment first."
            )
        one = OfflineExperiment(experiment_id_of(new.name), new.name, int(time.time() * 1000))
        for tag in new.tags or []:
            _check_tag(tag.key, tag.value)
        self._desk.experiments.add(one)
        for tag in new.tags or []:
            self._tag_later(one.id, tag.key, tag.value)
        return {"experiment_id": one.id}

    def _search(self, asked: Request) -> object:
        query = asked.read(SearchExperiments)
        self._desk.settle()
        if self._desk.reach.there():
            try:
                return asked.answer()
            except Away:
                pass
        self._desk.search_here()
        documents = {one.name: _document(one) for one in self._desk.experiments.all()}
        documents.update({str(one["name"]): one for one in self._told.values()})
        return search.experiments(list(documents.values()), query)

    def _set_tag(self, asked: Request) -> object:
        one = asked.read(SetExperimentTag)
        experiment_id = str(one.experiment_id)
        self._desk.settle()
        if self._desk.reach.there():
            try:
                name = self.name_of(experiment_id)
                if name is None:
                    return asked.answer()
                asked.fields["experiment_id"] = self.made(name)
                return asked.ask()
            except Away:
                pass
        _check_tag(one.key, one.value)
        self._tag_later(experiment_id, one.key, one.value)
        return {}

    def _tag_later(self, experiment_id: str, key: str, value: str) -> None:
        if self.name_of(experiment_id) is not None:
            self._desk.experiments.tag(experiment_id, key, value)
            if experiment_id not in self._begun:
                return
        self._write_tag(experiment_id, key, value)

    def _write_tag(self, experiment_id: str, key: str, value: str) -> None:
        name = self.name_of(experiment_id)
        body: Document = {"experiment_id": experiment_id} if name is None else {"experiment": name}
        path = f"{BASE}/set-experiment-tag"
        self._desk.recorder.append(Call("", "POST", path, body | {"key": key, "value": value}))

    def _change(self, asked: Request) -> object:
        experiment_id = str(asked.read(ExperimentId).experiment_id)
        self._desk.settle()
        return asked.send(lambda: self._changed(experiment_id))

    def _changed(self, experiment_id: str) -> None:
        """What runs may be logged to has changed: they are looked up again."""
        self._told.pop(experiment_id, None)
        for run in list(self._desk.state.runs.values()):
            if run.experiment_id == experiment_id:
                self._desk.logbook.forget(run.run_id)

    def _known(self, document: Document) -> Document:
        one = document.get("experiment", {})
        self._told[str(one.get("experiment_id"))] = one
        return document


def _is_deleted(document: Document) -> bool:
    return document.get("lifecycle_stage") == Stage.DELETED.text


def _check_tag(key: str, value: str) -> None:
    check_key(key, "Tag")
    check_text("tag value", value)


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

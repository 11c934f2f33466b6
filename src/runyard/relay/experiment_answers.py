"""Answers about experiments. One that is made while the server is away is known by its name; its runs carry it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from runyard.client.journal.offline_names import OfflineExperiment, experiment_id_of, is_offline_id
from runyard.entities.journal import Call
from runyard.entities.log_rules import check_key, check_text
from runyard.errors import AlreadyExists, InvalidInput, NotFound
from runyard.relay.asked import Answers, Asked, PassOn
from runyard.relay.desk import Desk
from runyard.relay.server import Away

BASE = "/2.0/mlflow/experiments"
DEFAULT = "0"
Document = dict[str, Any]


class _Id(msgspec.Struct):
    experiment_id: str = ""


class _Name(msgspec.Struct):
    experiment_name: str = ""


class ExperimentAnswers:
    """Answers requests about experiments."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._told: dict[str, Document] = {}  # by id, as the server told them

    @property
    def answers(self) -> Answers:
        """By method and path."""
        return {
            ("GET", f"{BASE}/get"): self._get,
            ("GET", f"{BASE}/get-by-name"): self._get_by_name,
            ("POST", f"{BASE}/create"): self._create,
            ("POST", f"{BASE}/set-experiment-tag"): self._set_tag,
        }

    def name_of(self, experiment_id: str) -> str | None:
        """The name of an experiment that is known by it alone.

        Raises: NotFound, for an offline id that was made on another machine.
        """
        if not is_offline_id(experiment_id):
            return None
        found = self._desk.experiments.find(experiment_id)
        if found is None:
            raise NotFound(
                f"No Experiment with id={experiment_id} exists on this machine. Choose it by its name again."
            )
        return found.name

    def at_server(self, ids: Sequence[str]) -> list[str]:
        """Ids as the server has them; experiments that it does not have yet are left out.

        Raises: Away.
        """
        found = []
        for one in ids:
            name = self.name_of(one)
            number = one if name is None else self._number(name)
            if number is not None:
                found.append(number)
        return found

    def made(self, name: str) -> str:
        """The server's id of an experiment, which is made if it is not there.

        Raises: Away.
        """
        found = self._number(name)
        if found is not None:
            return found
        return str(
            self._desk.server.ask("POST", f"/api{BASE}/create", {"name": name}, retry=False)["experiment_id"]
        )

    def _number(self, name: str) -> str | None:
        try:
            found = self._desk.server.ask("GET", f"/api{BASE}/get-by-name", experiment_name=name)
        except NotFound:
            return None
        return str(found["experiment"]["experiment_id"])

    def _get(self, asked: Asked) -> Any:
        experiment_id = asked.read(_Id).experiment_id
        name = self.name_of(experiment_id)
        if name is not None:
            return {"experiment": _document(self._desk.experiments.find(experiment_id))}
        if self._desk.server.there():
            try:
                return self._known(self._desk.server.ask("GET", asked.path, experiment_id=experiment_id))
            except Away:
                pass
        fallback = OfflineExperiment(experiment_id, "Default" if experiment_id == DEFAULT else experiment_id)
        return {"experiment": self._told.get(experiment_id) or _document(fallback)}

    def _get_by_name(self, asked: Asked) -> Any:
        name = asked.read(_Name).experiment_name
        self._desk.settle()
        if self._desk.server.there():
            try:
                return self._known(self._desk.server.ask("GET", asked.path, experiment_name=name))
            except Away:
                pass
        told = next((one for one in self._told.values() if one.get("name") == name), None)
        found = self._desk.experiments.find_name(name)
        if told is None and found is None:
            raise NotFound(f"Could not find experiment with name '{name}'")
        return {"experiment": told or _document(found)}

    def _create(self, asked: Asked) -> Any:
        if self._desk.server.there():
            self._desk.settle()
            try:
                return self._desk.server.ask("POST", asked.path, asked.fields, retry=False)
            except Away:
                pass
        name = str(asked.fields.get("name") or "")
        if not name.strip():
            raise InvalidInput(f'Invalid experiment name: "{name}". It must not be empty or blank.')
        if self._desk.experiments.find_name(name) is not None:
            raise AlreadyExists(
                f"Experiment(name={name}) already exists. Choose another name or use that experiment."
            )
        if asked.fields.get("artifact_location") or asked.fields.get("tags"):
            raise InvalidInput(
                f"The experiment {name!r} cannot get an artifact location or tags while the server is away. Leave them "
                "out, or make the experiment first."
            )
        one = OfflineExperiment(experiment_id_of(name), name, int(time.time() * 1000))
        self._desk.experiments.add(one)
        return {"experiment_id": one.id}

    def _set_tag(self, asked: Asked) -> Any:
        """Journaled where the server is away; the runs of an experiment that is not there yet go first."""
        experiment_id = str(asked.fields.get("experiment_id", ""))
        name = self.name_of(experiment_id)
        if name is None and self._desk.server.there():
            raise PassOn
        key, value = str(asked.fields.get("key", "")), str(asked.fields.get("value", ""))
        check_key(key, "Tag")
        check_text("tag value", value)
        if name is not None:
            self._desk.experiments.tag(experiment_id, key, value)
        body: Document = {"experiment_id": experiment_id} if name is None else {"experiment": name}
        self._desk.recorder.append(Call("", "POST", asked.path, body | {"key": key, "value": value}))
        return {}

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

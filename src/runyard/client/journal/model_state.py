"""A logged model as far as it is known here, and the calls that make and change one."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import msgspec

from runyard.client.journal.offline_names import experiment_id_of, model_artifacts
from runyard.entities.common import Param, Tag
from runyard.entities.journal import Call
from runyard.entities.logged_model import ModelStatus
from runyard.entities.run_names import random_run_name
from runyard.wire.mlflow.logged_models import (
    LoggedModelData,
    LoggedModelInfo,
    LoggedModelMessage,
)

MODELS = "/api/2.0/mlflow/logged-models"
_ONE = re.compile(rf"{MODELS}/([^/?]+)(?:/(tags|params)(?:/(.+))?)?")


@dataclass(slots=True)
class ModelState:
    """A logged model.

    Attributes:
        message: as MLflow's API answers it.
        local: whether it was made here, and the server may not know it yet.
    """

    message: LoggedModelMessage
    local: bool = False

    @classmethod
    def told(cls, document: dict[str, Any]) -> ModelState:
        """A model as the server tells it: `model` of MLflow's answer."""
        return cls(msgspec.convert(document, LoggedModelMessage, strict=False))

    @classmethod
    def made(cls, body: dict[str, Any]) -> ModelState:
        """A model that is made here; the body says its id, and the id or the name of its experiment."""
        now = int(time.time() * 1000)
        named = experiment_id_of(str(body.get("experiment") or ""))
        experiment_id, model_id = str(body.get("experiment_id") or named), str(body["model_id"])
        info = LoggedModelInfo(
            model_id=model_id,
            experiment_id=experiment_id,
            name=body.get("name") or random_run_name(),
            creation_timestamp_ms=now,
            last_updated_timestamp_ms=now,
            artifact_uri=model_artifacts(experiment_id, model_id),
            status=ModelStatus.PENDING.text,
            model_type=body.get("model_type") or "",
            source_run_id=body.get("source_run_id") or "",
            tags=_tags(body),
        )
        return cls(LoggedModelMessage(info, LoggedModelData(_params(body))), local=True)

    def change(self, call: Call) -> None:
        """Take a call about this model into account."""
        found = _ONE.fullmatch(call.path)
        if found is None:
            return
        info, data = self.message.info, self.message.data
        info.last_updated_timestamp_ms = int(time.time() * 1000)
        if found[2] is None:
            status = call.body.get("status")
            info.status = status if isinstance(status, str) else ModelStatus(int(status or 0)).text
        elif found[2] == "params":
            data.params = [*data.params, *_params(call.body)]
        else:
            gone = unquote(found[3]) if found[3] else None
            changed = {tag.key: tag for tag in (*info.tags, *_tags(call.body)) if tag.key != gone}
            info.tags = list(changed.values())


def model_id_of(path: str) -> str | None:
    """The model that a path is about; None for other paths."""
    found = _ONE.fullmatch(path)
    return found[1] if found is not None and found[1] != "search" else None


def model_values(path: str) -> dict[str, str]:
    """What a path says of a model, under the server's names of it."""
    found = _ONE.fullmatch(path)
    if found is None:
        return {}
    values = {"id": found[1], "key": found[3]}
    return {name: unquote(value) for name, value in values.items() if value is not None}


def _tags(body: dict[str, Any]) -> list[Tag]:
    return msgspec.convert(body.get("tags") or [], list[Tag])


def _params(body: dict[str, Any]) -> list[Param]:
    return msgspec.convert(body.get("params") or [], list[Param])

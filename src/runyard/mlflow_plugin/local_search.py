"""A search among runs and logged models that this machine knows, with MLflow's own grammar."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import msgspec
from mlflow.entities import Run
from mlflow.protos.service_pb2 import GetRun
from mlflow.utils.proto_json_utils import parse_dict
from mlflow.utils.search_utils import SearchUtils

from runyard.client.journal.model_state import ModelState
from runyard.client.journal.run_state import RunState
from runyard.entities.common import Stage, ViewType
from runyard.wire.mlflow.runs import RunMessage

SHOWN = {
    ViewType.ACTIVE_ONLY.name: (Stage.ACTIVE,),
    ViewType.DELETED_ONLY.name: (Stage.DELETED,),
    ViewType.ALL.name: (Stage.ACTIVE, Stage.DELETED),
}
MOST = 1_000


def searched(
    runs: Sequence[RunState], experiment_ids: Sequence[str], fields: dict[str, Any]
) -> dict[str, Any]:
    """A page of runs as MLflow's API answers it.

    Args:
        fields: of MLflow's request.
    Raises: MlflowException for a filter, an order or a token that MLflow does not read.
    """
    stages = SHOWN[str(fields.get("run_view_type") or ViewType.ACTIVE_ONLY.name)]
    documents = {
        one.run_id: one.message()
        for one in runs
        if one.experiment_id in experiment_ids and one.stage in stages
    }
    found = SearchUtils.filter([run_entity(one) for one in documents.values()], fields.get("filter") or "")
    found = SearchUtils.sort(found, fields.get("order_by") or [])
    page, token = SearchUtils.paginate(
        found, fields.get("page_token"), int(fields.get("max_results") or MOST)
    )
    answer: dict[str, Any] = {"runs": [documents[one.info.run_id] for one in page]}
    return {**answer, "next_page_token": token} if token else answer


def run_entity(message: RunMessage) -> Run:
    """A run as MLflow's classes have it, from its message."""
    answer = GetRun.Response()
    parse_dict(js_dict={"run": msgspec.to_builtins(message)}, message=answer)
    return Run.from_proto(answer.run)


def searched_models(
    models: Sequence[ModelState], experiment_ids: Sequence[str], fields: dict[str, Any]
) -> dict[str, Any]:
    """A page of logged models as MLflow 3's API answers it.

    Args:
        fields: of MLflow's request.
    Raises: MlflowException for a filter, an order or a token that MLflow does not read.
    """
    search = importlib.import_module("mlflow.utils.search_utils").SearchLoggedModelsUtils
    documents = {
        one.message.info.model_id: one.message
        for one in models
        if one.message.info.experiment_id in experiment_ids
    }
    entities = [_model_entity(one) for one in documents.values()]
    found = search.filter_logged_models(entities, fields.get("filter"), fields.get("datasets"))
    found = search.sort(found, fields.get("order_by"))
    page, token = search.paginate(found, fields.get("page_token"), int(fields.get("max_results") or MOST))
    answer: dict[str, Any] = {"models": [documents[one.model_id] for one in page]}
    return {**answer, "next_page_token": token} if token else answer


def _model_entity(message: object) -> Any:
    answer = importlib.import_module("mlflow.protos.service_pb2").GetLoggedModel.Response()
    parse_dict(js_dict={"model": msgspec.to_builtins(message)}, message=answer)
    return importlib.import_module("mlflow.entities").LoggedModel.from_proto(answer.model)

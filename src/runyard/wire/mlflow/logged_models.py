"""Logged models as MLflow's REST API spells them. Requests with `id` take it from the path."""

from __future__ import annotations

import math
import sys

import msgspec

from runyard.entities.common import Page, Param, Tag
from runyard.entities.logged_model import LoggedModel, ModelMetric
from runyard.wire.mlflow.scalars import Int32


class CreateLoggedModel(msgspec.Struct):
    """model_id is an addition to MLflow: an id of the client's choice."""

    experiment_id: str | int
    name: str | None = None
    model_type: str | None = None
    source_run_id: str | None = None
    params: list[Param] | None = None
    tags: list[Tag] | None = None
    model_id: str | None = None


class GetLoggedModel(msgspec.Struct):
    id: str
    allow_deleted: bool = False


class LoggedModelId(msgspec.Struct):
    id: str


class FinalizeLoggedModel(msgspec.Struct):
    """model_id is required though the path has it, as MLflow has it."""

    id: str
    model_id: str
    status: str | int


class SetLoggedModelTags(msgspec.Struct):
    id: str
    tags: list[Tag] | None = None


class DeleteLoggedModelTag(msgspec.Struct):
    id: str
    key: str


class LogLoggedModelParams(msgspec.Struct):
    id: str
    model_id: str
    params: list[Param] | None = None


class SearchDataset(msgspec.Struct):
    dataset_name: str | None = None
    dataset_digest: str | None = None


class SearchOrder(msgspec.Struct):
    field_name: str
    ascending: bool = True
    dataset_name: str | None = None
    dataset_digest: str | None = None


class SearchLoggedModels(msgspec.Struct):
    experiment_ids: list[str | int] | None = None
    filter: str | None = None
    datasets: list[SearchDataset] | None = None
    max_results: Int32 = 50
    order_by: list[SearchOrder] | None = None
    page_token: str | None = None


class ModelMetricMessage(msgspec.Struct, omit_defaults=True):
    """proto Metric with all that a logged model's metric tells."""

    key: str
    value: float | str
    timestamp: int
    step: int
    model_id: str
    run_id: str
    dataset_name: str | None = None
    dataset_digest: str | None = None

    @classmethod
    def of(cls, model_id: str, metric: ModelMetric) -> ModelMetricMessage:
        """The message of one metric of a model."""
        return cls(
            key=metric.key,
            value=json_number(metric.value),
            timestamp=metric.timestamp,
            step=metric.step,
            model_id=model_id,
            run_id=metric.run_uuid,
            dataset_name=metric.dataset_name,
            dataset_digest=metric.dataset_digest,
        )


class LoggedModelInfo(msgspec.Struct, omit_defaults=True):
    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: str
    model_type: str
    source_run_id: str
    status_message: str | None = None
    tags: list[Tag] = []


class LoggedModelData(msgspec.Struct, omit_defaults=True):
    params: list[Param] = []
    metrics: list[ModelMetricMessage] = []


class LoggedModelMessage(msgspec.Struct):
    """proto LoggedModel."""

    info: LoggedModelInfo
    data: LoggedModelData

    @classmethod
    def of(cls, model: LoggedModel) -> LoggedModelMessage:
        """The message of one model."""
        metrics = [ModelMetricMessage.of(model.uuid, metric) for metric in model.metrics]
        return cls(_info(model), LoggedModelData(model.params, metrics))


class LoggedModelAnswer(msgspec.Struct):
    model: LoggedModelMessage


class LoggedModelPage(msgspec.Struct, omit_defaults=True):
    models: list[LoggedModelMessage] = []
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[LoggedModel]) -> LoggedModelPage:
        """The message of one page."""
        return cls([LoggedModelMessage.of(model) for model in page.items], page.next_page_token)


def json_number(value: float) -> float | str:
    """A metric's value in an answer: NaN as text, infinities as the largest finite number."""
    if math.isnan(value):
        return "NaN"
    return max(-sys.float_info.max, min(sys.float_info.max, value))


def _info(model: LoggedModel) -> LoggedModelInfo:
    return LoggedModelInfo(
        model_id=model.uuid,
        experiment_id=str(model.experiment_id),
        name=model.name,
        creation_timestamp_ms=model.created_ms,
        last_updated_timestamp_ms=model.updated_ms,
        artifact_uri=model.artifact_uri,
        status=model.status.text,
        model_type=model.model_type,
        source_run_id=model.source_run_uuid,
        status_message=model.status_message or None,
        tags=model.tags,
    )

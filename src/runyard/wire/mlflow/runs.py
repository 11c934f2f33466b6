"""Runs and metrics as MLflow's REST API spells them."""

from __future__ import annotations

import math

import msgspec

from runyard.entities.common import Param, Tag
from runyard.entities.run import DatasetInput, MetricPoint, ModelEdge, Run
from runyard.wire.mlflow.scalars import Int32, Int64

LARGEST = 1.7976931348623157e308


class CreateRun(msgspec.Struct):
    """run_id is an addition to MLflow: an id of the client's choice."""

    experiment_id: str | None = None
    user_id: str | None = None
    run_name: str | None = None
    start_time: Int64 | None = None
    tags: list[Tag] | None = None
    run_id: str | None = None


class UpdateRun(msgspec.Struct):
    run_id: str | None = None
    run_uuid: str | None = None
    status: str | int | None = None
    end_time: Int64 | None = None
    run_name: str | None = None


class RunId(msgspec.Struct):
    run_id: str | None = None
    run_uuid: str | None = None


class SearchRuns(msgspec.Struct):
    experiment_ids: list[str | int] | None = None
    filter: str | None = None
    run_view_type: str | int | None = None
    max_results: Int32 | None = None
    order_by: list[str] | None = None
    page_token: str | None = None


class MetricMessage(msgspec.Struct):
    """A point as clients send it; the field names are those of entities.run.MetricPoint."""

    key: str
    value: float
    timestamp: Int64
    step: Int64 = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class LogMetric(MetricMessage, kw_only=True):
    run_id: str | None = None
    run_uuid: str | None = None


class LogBatch(msgspec.Struct):
    run_id: str | None = None
    metrics: list[MetricMessage] = []
    params: list[Param] = []
    tags: list[Tag] = []


class LogParam(msgspec.Struct):
    key: str
    value: str = ""
    run_id: str | None = None
    run_uuid: str | None = None


class SetTag(msgspec.Struct):
    key: str
    value: str = ""
    run_id: str | None = None
    run_uuid: str | None = None


class DeleteTag(msgspec.Struct):
    run_id: str
    key: str


class ModelInputMessage(msgspec.Struct):
    model_id: str


class ModelOutputMessage(msgspec.Struct):
    model_id: str
    step: Int64 = 0


class LogInputs(msgspec.Struct):
    run_id: str
    datasets: list[DatasetInput] = []
    models: list[ModelInputMessage] = []


class LogOutputs(msgspec.Struct):
    run_id: str
    models: list[ModelOutputMessage] = []


class LogModel(msgspec.Struct):
    run_id: str | None = None
    model_json: str | None = None


class GetHistory(msgspec.Struct):
    metric_key: str
    run_id: str | None = None
    run_uuid: str | None = None
    page_token: str | None = None
    max_results: Int32 | None = None


class GetHistoryBulk(msgspec.Struct):
    metric_key: str | None = None
    run_id: list[str] = []
    max_results: Int32 | None = None


class GetHistoryBulkInterval(msgspec.Struct):
    metric_key: str
    run_ids: list[str] = []
    start_step: Int32 | None = None
    end_step: Int32 | None = None
    max_results: Int32 | None = None


class RunInfoMessage(msgspec.Struct, omit_defaults=True):
    run_uuid: str
    run_id: str
    experiment_id: str
    run_name: str
    user_id: str
    status: str
    artifact_uri: str
    lifecycle_stage: str
    start_time: int
    end_time: int | None = None


class MetricValue(msgspec.Struct):
    key: str
    value: float | str
    timestamp: int
    step: int


class RunDataMessage(msgspec.Struct, omit_defaults=True):
    metrics: list[MetricValue] = []
    params: list[Param] = []
    tags: list[TagMessage] = []


class TagMessage(msgspec.Struct):
    key: str
    value: str


class ModelIdMessage(msgspec.Struct):
    model_id: str


class InputsMessage(msgspec.Struct, omit_defaults=True):
    dataset_inputs: list[DatasetInput] = []
    model_inputs: list[ModelIdMessage] = []


class OutputsMessage(msgspec.Struct, omit_defaults=True):
    model_outputs: list[ModelEdge] = []


class RunMessage(msgspec.Struct, omit_defaults=True):
    info: RunInfoMessage
    data: RunDataMessage
    inputs: InputsMessage
    outputs: OutputsMessage | None = None


def number(value: float) -> float | str:
    """A metric value as MLflow answers it: NaN as text, infinities as the largest doubles."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else math.copysign(LARGEST, value)


def info_of(run: Run) -> RunInfoMessage:
    """proto RunInfo."""
    return RunInfoMessage(
        run_uuid=run.id,
        run_id=run.id,
        experiment_id=str(run.experiment_id),
        run_name=run.name,
        user_id=run.user_id,
        status=run.status.name,
        artifact_uri=run.artifact_uri,
        lifecycle_stage=run.stage.text,
        start_time=run.start_ms or 0,
        end_time=run.end_ms,
    )


def message_of(run: Run, *, outputs: bool = True) -> RunMessage:
    """proto Run."""
    return RunMessage(
        info=info_of(run),
        data=RunDataMessage(
            [MetricValue(m.key, number(m.value), m.timestamp, m.step) for m in run.metrics],
            run.params,
            [TagMessage(tag.key, tag.value) for tag in run.tags],
        ),
        inputs=InputsMessage(run.inputs, [ModelIdMessage(edge.model_id) for edge in run.model_inputs]),
        outputs=OutputsMessage(run.model_outputs) if outputs else None,
    )


def render(run: Run) -> bytes:
    """The document of a run, ready to send."""
    return msgspec.json.encode(message_of(run))


class HistoryPoint(msgspec.Struct):
    """A point of a history: proto Metric, or MetricWithRunId with run_id."""

    key: str
    value: float | str
    timestamp: int
    step: int
    run_id: str | msgspec.UnsetType = msgspec.UNSET


class HistoryAnswer(msgspec.Struct, omit_defaults=True):
    metrics: list[HistoryPoint] = []
    next_page_token: str | None = None


class BulkAnswer(msgspec.Struct):
    metrics: list[HistoryPoint]


def points_of(
    key: str,
    steps: list[int],
    ms: list[int],
    values: list[float],
    run_id: str | msgspec.UnsetType = msgspec.UNSET,
) -> list[HistoryPoint]:
    """Columns as messages."""
    return [
        HistoryPoint(key, value if value - value == 0 else number(value), at, step, run_id)
        for step, at, value in zip(steps, ms, values, strict=True)
    ]


def metric_points(messages: list[MetricMessage]) -> list[MetricPoint]:
    """Messages as entities."""
    return messages  # type: ignore[return-value]  # same fields; copying 1,000 points costs as much as storing them

"""One recorded execution."""

from __future__ import annotations

import enum

import msgspec

from runyard.entities.common import Param, Stage, Tag

RUN_NAME_TAG = "mlflow.runName"
USER_TAG = "mlflow.user"
PARENT_TAG = "mlflow.parentRunId"
CONTEXT_TAG = "mlflow.data.context"


class RunStatus(enum.IntEnum):
    """MLflow's numbers."""

    RUNNING = 1
    SCHEDULED = 2
    FINISHED = 3
    FAILED = 4
    KILLED = 5


class MetricPoint(msgspec.Struct):
    """A named number at a step. Times are milliseconds UTC; the optional fields tie it to a logged model."""

    key: str
    value: float
    timestamp: int
    step: int = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class Dataset(msgspec.Struct, omit_defaults=True):
    """Identified by name and digest within its experiment."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None


class DatasetInput(msgspec.Struct, omit_defaults=True):
    """A dataset that a run read."""

    dataset: Dataset
    tags: list[Tag] = []


class ModelEdge(msgspec.Struct):
    """A logged model that a run read or wrote."""

    model_id: str
    step: int = 0


class Run(msgspec.Struct):
    """A run with all that is shown of it; metrics are the latest points."""

    id: str
    experiment_id: int
    name: str
    user_id: str
    status: RunStatus
    stage: Stage
    start_ms: int | None
    end_ms: int | None
    artifact_uri: str
    metrics: list[MetricPoint] = []
    params: list[Param] = []
    tags: list[Tag] = []
    inputs: list[DatasetInput] = []
    model_inputs: list[ModelEdge] = []
    model_outputs: list[ModelEdge] = []


class NewRun(msgspec.Struct):
    """What a client says of a run that begins."""

    id: str
    experiment_id: int
    name: str
    user_id: str
    start_ms: int | None
    tags: list[Tag]

"""A model that a run wrote, before and beside any registration."""

from __future__ import annotations

import enum

import msgspec

from runyard.entities.common import Param, Stage, Tag


class ModelStatus(enum.IntEnum):
    """How far the upload of a model came; MLflow's numbers."""

    UNSPECIFIED = 0
    PENDING = 1
    READY = 2
    UPLOAD_FAILED = 3

    @property
    def text(self) -> str:
        """As MLflow writes it, LOGGED_MODEL_READY."""
        return f"LOGGED_MODEL_{self.name}" if self else "LOGGED_MODEL_STATUS_UNSPECIFIED"


class ModelMetric(msgspec.Struct, frozen=True):
    """The latest value of a metric that one run measured on a model, for one dataset or none.

    value may be NaN or infinite; timestamp is milliseconds UTC.
    """

    key: str
    value: float
    timestamp: int
    step: int
    run_uuid: str
    dataset_name: str | None = None
    dataset_digest: str | None = None


class LoggedModel(msgspec.Struct, frozen=True):
    """Times are milliseconds UTC; source_run_uuid is empty when no run wrote the model."""

    uuid: str
    experiment_id: int
    name: str
    model_type: str
    source_run_uuid: str
    status: ModelStatus
    status_message: str | None
    stage: Stage
    artifact_uri: str
    created_ms: int
    updated_ms: int
    tags: list[Tag]
    params: list[Param]
    metrics: list[ModelMetric]


class NewLoggedModel(msgspec.Struct, frozen=True):
    """What a caller decides about a model; each key is given once."""

    uuid: str
    experiment_id: int
    name: str
    model_type: str
    source_run_uuid: str
    tags: list[Tag]
    params: list[Param]


class DatasetRef(msgspec.Struct, frozen=True):
    """A dataset by name; without digest any version of it."""

    name: str
    digest: str | None = None


class ModelOrder(msgspec.Struct, frozen=True):
    """One sort key, `metrics.K` or an attribute; for a metric, only values measured on dataset if one is given."""

    field_name: str
    ascending: bool = True
    dataset: DatasetRef | None = None


class LoggedModelQuery(msgspec.Struct, frozen=True):
    """What a search asks for. max_results is rows per page, at least 1."""

    experiment_ids: tuple[int, ...]
    filter_string: str
    datasets: tuple[DatasetRef, ...]
    order: tuple[ModelOrder, ...]
    max_results: int
    page_token: str | None

"""Experiments as MLflow's REST API spells them."""

from __future__ import annotations

import msgspec

from runyard.entities.common import Page, Tag
from runyard.entities.experiment import Experiment
from runyard.wire.mlflow.scalars import Int64


class CreateExperiment(msgspec.Struct):
    name: str
    artifact_location: str | None = None
    tags: list[Tag] | None = None


class SearchExperiments(msgspec.Struct):
    max_results: Int64 | None = None
    page_token: str | None = None
    filter: str | None = None
    order_by: list[str] | None = None
    view_type: str | int | None = None


class ExperimentId(msgspec.Struct):
    experiment_id: str | int


class ExperimentName(msgspec.Struct):
    experiment_name: str


class UpdateExperiment(msgspec.Struct):
    experiment_id: str | int
    new_name: str | None = None


class SetExperimentTag(msgspec.Struct):
    experiment_id: str | int
    key: str
    value: str = ""


class DeleteExperimentTag(msgspec.Struct):
    experiment_id: str | int
    key: str


class ExperimentMessage(msgspec.Struct, omit_defaults=True):
    """proto Experiment."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    creation_time: int
    last_update_time: int
    workspace: str
    tags: list[Tag] = []

    @classmethod
    def of(cls, experiment: Experiment, workspace: str) -> ExperimentMessage:
        """The message of one experiment of a workspace."""
        return cls(
            experiment_id=str(experiment.id),
            name=experiment.name,
            artifact_location=experiment.artifact_location,
            lifecycle_stage=experiment.stage.text,
            creation_time=experiment.created_ms,
            last_update_time=experiment.updated_ms,
            workspace=workspace,
            tags=experiment.tags,
        )


class ExperimentAnswer(msgspec.Struct):
    experiment: ExperimentMessage


class CreatedExperiment(msgspec.Struct):
    experiment_id: str


class ExperimentPage(msgspec.Struct, omit_defaults=True):
    experiments: list[ExperimentMessage] = []
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[Experiment], workspace: str) -> ExperimentPage:
        """The message of one page."""
        return cls([ExperimentMessage.of(item, workspace) for item in page.items], page.next_page_token)

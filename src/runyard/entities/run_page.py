"""What the page of a run shows beside the run."""

from __future__ import annotations

import msgspec

from runyard.entities.common import Stage
from runyard.entities.logged_model import ModelStatus
from runyard.entities.registry import VersionStatus
from runyard.entities.run import RunStatus


class RunBrief(msgspec.Struct, frozen=True):
    """A run in one line."""

    run_id: str
    experiment_id: int
    name: str
    status: RunStatus
    stage: Stage
    start_ms: int | None
    end_ms: int | None


class MadeVersion(msgspec.Struct, frozen=True):
    """A version of a registered model that was made from a run."""

    name: str
    version: int
    stage: str
    status: VersionStatus
    created_ms: int
    aliases: list[str]


class MadeModel(msgspec.Struct, frozen=True):
    """A model that a run logged."""

    model_id: str
    name: str
    model_type: str
    status: ModelStatus


class Life(msgspec.Struct, frozen=True):
    """The last sign of life of a run, when the next one is due, and since when it counts as lost."""

    host: str
    beat_ms: int
    due_ms: int
    lost_ms: int | None


class RunPage(msgspec.Struct):
    """A run and what belongs to it.

    Attributes:
        document: the run as its clients read it, ready to send.
        parent: where it is there and may be read.
        more_…: there are others.
        life: None for a run that is not watched, or has ended.
        lost: why it counts as failed, where it fell silent.
        points: of all its series; repetitions that are not settled yet may be among them.
    """

    document: bytes
    version: int
    experiment_id: int
    experiment_name: str
    experiment_stage: Stage
    parent: RunBrief | None
    children: list[RunBrief]
    more_children: bool
    versions: list[MadeVersion]
    more_versions: bool
    models: list[MadeModel]
    more_models: bool
    life: Life | None
    lost: str | None
    series: int
    points: int

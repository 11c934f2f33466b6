"""A named group of runs."""

from __future__ import annotations

import msgspec

from runyard.entities.common import Stage, Tag

DEFAULT_EXPERIMENT_ID = 0


class Experiment(msgspec.Struct, frozen=True):
    """Times are milliseconds UTC."""

    id: int
    workspace_id: int
    name: str
    artifact_location: str
    stage: Stage
    created_ms: int
    updated_ms: int
    tags: list[Tag] = msgspec.field(default_factory=list)

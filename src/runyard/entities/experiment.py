"""A named group of runs."""

from __future__ import annotations

import re

import msgspec

from runyard.entities.common import Stage, Tag
from runyard.errors import InvalidInput, shown

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


def experiment_inactive(experiment_id: str | int, stage: Stage) -> InvalidInput:
    """The error about an experiment that is deleted, where it would get something new."""
    return InvalidInput(
        f"The experiment {experiment_id} must be in the 'active' state. Current state is {stage.text}."
    )


def parse_experiment_id(value: str | int) -> int:
    """The number of an experiment.

    Raises: InvalidInput.
    """
    try:
        number = int(value) if not isinstance(value, str) or re.fullmatch(r"-?[0-9]{1,19}", value) else None
    except ValueError:
        number = None
    if number is None or not -(2**63) <= number < 2**63:
        raise InvalidInput(f"Invalid experiment ID {shown(value)}. Experiment ID must be a valid integer.")
    return number

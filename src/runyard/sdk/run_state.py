"""The states of a run by Azure ML's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOT_STARTED = "NotStarted"
RUNNING = "Running"
COMPLETED = "Completed"
FAILED = "Failed"
CANCELED = "Canceled"
TERMINAL = frozenset({COMPLETED, FAILED, CANCELED})
_NAMES = {
    "SCHEDULED": NOT_STARTED,
    "RUNNING": RUNNING,
    "FINISHED": COMPLETED,
    "FAILED": FAILED,
    "KILLED": CANCELED,
}
STORED = {name: stored for stored, name in _NAMES.items()}


def state_of(document: Mapping[str, Any]) -> str:
    """The state of a run's document."""
    return _NAMES[document["info"]["status"]]

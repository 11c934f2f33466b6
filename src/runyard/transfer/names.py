"""MLflow's words for states, checked: a source may hold anything."""

from __future__ import annotations

from typing import Any, get_args

from runyard.entities.registry import VersionStage, VersionStatus
from runyard.entities.run import RunStatus
from runyard.entities.transfer import StageName, StatusName
from runyard.transfer.source import SourceFault

STATUSES = get_args(StatusName)


def stage_of(value: Any) -> StageName:
    """A lifecycle stage; nothing means active, as in the first versions."""
    text = str(value or "active").lower()
    if text not in ("active", "deleted"):
        raise SourceFault(f"{text[:50]!r} is no lifecycle stage.")
    return "deleted" if text == "deleted" else "active"


def status_of(value: Any) -> StatusName:
    """A run's status by MLflow's name or number."""
    if value is None or value == "":
        return "RUNNING"
    text = str(value)
    if text.isascii() and text.isdigit() and int(text) in RunStatus.__members__.values():
        text = RunStatus(int(text)).name
    if text not in STATUSES:
        raise SourceFault(f"{text[:50]!r} is no status of a run.")
    return text  # type: ignore[return-value]


def version_stage_of(value: Any) -> Any:
    """A stage of a model version."""
    text = str(value or "None")
    if text not in set(VersionStage):
        raise SourceFault(f"{text[:50]!r} is no stage of a model version.")
    return text


def version_status_of(value: Any) -> int:
    """MLflow's number of a version's status."""
    if value is None or value == "":
        return int(VersionStatus.READY)
    text = str(value)
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 3:
        return int(text)
    if text not in VersionStatus.__members__:
        raise SourceFault(f"{text[:50]!r} is no status of a model version.")
    return int(VersionStatus[text])

"""The job of a submitted run, as the server tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.link import Link

JOBS = "/api/v1/jobs"
ENDED = frozenset({"Completed", "Failed", "Canceled"})
SUBMITTED_TYPES = frozenset({"azureml.scriptrun", "hyperdrive", "build"})


def job_path(run_id: str) -> str:
    """Where a run's job is."""
    return f"{JOBS}/{quote(run_id, safe='')}"


def job_of(link: Link, run_id: str) -> Mapping[str, Any] | None:
    """The job of a run; None for one that was not submitted."""
    found = link.find(job_path(run_id))
    return None if found is None else dict(found)


def target_name(target: Any) -> str:
    """The name of a compute target that is given itself or by name; empty for None."""
    if target is None:
        return ""
    name = target if isinstance(target, str) else getattr(target, "name", None)
    if not isinstance(name, str):
        raise UserErrorException(f"A compute target or its name is needed, not {target!r:.100}.")
    return name

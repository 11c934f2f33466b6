"""Jobs and compute targets for tests."""

from __future__ import annotations

from typing import Any

import msgspec

from runyard.entities.compute import Compute, ComputeState, Limits
from runyard.entities.job import Job, JobDefinition, JobState


def compute(name: str = "cpu-cluster", row: int = 1, **changes: Any) -> Compute:
    """A compute target without limits."""
    plain = Compute(
        id=row,
        workspace_id=1,
        name=name,
        kind="local",
        state=ComputeState.RUNNING,
        settings={},
        limits=Limits(),
        created_ms=1,
        modified_ms=1,
        created_by="me",
        workspace="default",
    )
    return msgspec.structs.replace(plain, **changes)


def job(row: int, compute_id: int = 1, **changes: Any) -> Job:
    """A job of one node that waits."""
    plain = Job(
        row=row,
        run_id=f"run_{row}",
        run_name="r",
        experiment_id=1,
        workspace_id=1,
        target="cpu-cluster",
        compute_id=compute_id,
        kind="script",
        state=JobState.NOT_STARTED,
        definition=JobDefinition(command=["true"], node_count=changes.pop("nodes", 1)),
        snapshot_id="",
        priority=0,
        submitted_by=changes.get("submitted_by", "alice"),
        submitted_by_uuid=changes.pop("person", "a"),
        created_ms=1,
    )
    return msgspec.structs.replace(plain, **changes)

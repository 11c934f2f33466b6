"""How a pool stands, by the names that Azure ML has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from runyard.sdk.workspace_record import iso_time

STATES = ("preparing", "running", "idle", "unusable", "leaving", "preempted")


class ScaleSettings(msgspec.Struct, frozen=True):
    """Limits of a pool."""

    minimum_node_count: int
    maximum_node_count: int
    idle_seconds_before_scaledown: int


class AmlComputeStatus(msgspec.Struct, frozen=True):
    """Nodes, jobs and limits of a pool, when it was last read."""

    allocation_state: str
    current_node_count: int
    target_node_count: int
    node_state_counts: Mapping[str, int]
    scale_settings: ScaleSettings
    provisioning_state: str
    errors: list[dict[str, Any]] | None
    vm_priority: str
    vm_size: str
    creation_time: datetime
    modified_time: datetime
    transition_ms: int

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> AmlComputeStatus:
        """Of a compute target's record."""
        limits, nodes = record.get("limits") or {}, record.get("nodes") or []
        counts = dict.fromkeys(STATES, 0)
        for node in nodes:
            state = str(node.get("state", "idle"))
            counts[state if state in counts else "running" if node.get("running") else "idle"] += 1
        return cls(
            allocation_state="Steady",
            current_node_count=len(nodes),
            target_node_count=max(len(nodes), int(limits.get("min_nodes", 0))),
            node_state_counts=counts,
            scale_settings=ScaleSettings(
                int(limits.get("min_nodes", 0)),
                int(limits.get("max_nodes", 0)),
                int(limits.get("idle_seconds", 120)),
            ),
            provisioning_state=str(record["provisioning_state"]),
            errors=[{"error": dict(one)} for one in record.get("provisioning_errors") or ()] or None,
            vm_priority="Dedicated",
            vm_size=str(record.get("size") or ""),
            creation_time=_moment(record["created_ms"]),
            modified_time=_moment(record["modified_ms"]),
            transition_ms=int(record.get("checked_ms") or record["modified_ms"]),
        )

    def serialize(self) -> dict[str, Any]:
        """As plain data."""
        scale = self.scale_settings
        return {
            "currentNodeCount": self.current_node_count,
            "targetNodeCount": self.target_node_count,
            "nodeStateCounts": {f"{name}NodeCount": self.node_state_counts[name] for name in STATES},
            "allocationState": self.allocation_state,
            "allocationStateTransitionTime": iso_time(self.transition_ms),
            "errors": self.errors,
            "creationTime": self.creation_time.isoformat(),
            "modifiedTime": self.modified_time.isoformat(),
            "provisioningState": self.provisioning_state,
            "provisioningStateTransitionTime": None,
            "scaleSettings": {
                "minNodeCount": scale.minimum_node_count,
                "maxNodeCount": scale.maximum_node_count,
                "nodeIdleTimeBeforeScaleDown": f"PT{scale.idle_seconds_before_scaledown}S",
            },
            "vmPriority": self.vm_priority,
            "vmSize": self.vm_size,
        }


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)

"""What Ray answers, as values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runyard.engines.contracts import EngineState, Phase
from runyard.engines.ray.request import PREFIX
from runyard.entities.compute import Node

START_TIMEOUT = "JOB_SUPERVISOR_ACTOR_START_TIMEOUT"
ENDED = frozenset(("STOPPED", "SUCCEEDED", "FAILED"))
NO_ENTRYPOINT = "Entrypoint not found."
MESSAGE_CHARACTERS = 2_000
_LOST = ("JOB_SUPERVISOR_ACTOR_DIED", "JOB_SUPERVISOR_ACTOR_UNKNOWN_FAILURE")
_MEGABYTE = 1024 * 1024
_HOW = {
    "RUNTIME_ENV_SETUP_FAILURE": "Ray could not make the runner's package ready",
    START_TIMEOUT: "Ray found no room for it in time",
    "JOB_SUPERVISOR_ACTOR_START_FAILURE": "Ray could not start it",
    "JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE": "Ray has no node for it",
    "JOB_SUPERVISOR_ACTOR_UNKNOWN_FAILURE": "Ray lost it",
    "JOB_SUPERVISOR_ACTOR_DIED": "Ray lost it: its node or Ray's process above it ended",
    "JOB_ENTRYPOINT_COMMAND_START_ERROR": "Ray could not start the runner",
}


class RayJob(msgspec.Struct, frozen=True):
    """One of GET /api/jobs/."""

    status: str
    submission_id: str | None = None
    entrypoint: str = ""
    message: str | None = None
    error_type: str | None = None
    driver_exit_code: int | None = None
    driver_node_id: str | None = None
    runtime_env: dict[str, Any] | None = None
    metadata: dict[str, str] | None = None
    entrypoint_num_cpus: float | None = None
    entrypoint_num_gpus: float | None = None
    entrypoint_memory: int | None = None
    entrypoint_resources: dict[str, float] | None = None


def never_began(job: RayJob) -> bool:
    """Ray gave it up while it waited for room: nothing of it has run."""
    if job.status != "FAILED":
        return False
    return job.error_type == START_TIMEOUT or (
        job.error_type is None and "failed to start within" in (job.message or "")
    )


def is_ghost(job: RayJob) -> bool:
    """What Ray writes of a job of ours that was removed before Ray noticed that it had ended."""
    return job.entrypoint == NO_ENTRYPOINT and (job.submission_id or "").startswith(PREFIX)


def same_request(job: RayJob) -> Mapping[str, Any]:
    """The request that a job was made of."""
    kept = {
        "entrypoint": job.entrypoint,
        "submission_id": job.submission_id,
        "runtime_env": job.runtime_env,
        "metadata": job.metadata,
        "entrypoint_num_cpus": job.entrypoint_num_cpus,
        "entrypoint_num_gpus": job.entrypoint_num_gpus,
        "entrypoint_memory": job.entrypoint_memory,
        "entrypoint_resources": job.entrypoint_resources,
    }
    return {name: value for name, value in kept.items() if value}


def state_of(job: RayJob) -> EngineState:
    """Where it is for Ray."""
    if job.status == "PENDING":
        return EngineState(Phase.WAITING, "Ray waits for room, or makes the runner's package ready")
    if job.status == "STOPPED":
        return EngineState(Phase.ENDED, "it was stopped at Ray", "Canceled")
    if job.status == "SUCCEEDED":
        return EngineState(Phase.ENDED, "Ray says that it ended well", exit_code=0)
    if job.status == "FAILED":
        return _failed(job)
    return EngineState(Phase.RUNNING)


def _failed(job: RayJob) -> EngineState:
    kind, message = job.error_type or "", (job.message or "")[:MESSAGE_CHARACTERS]
    code = job.driver_exit_code
    if code is not None:
        signal = -code if code < 0 else code - 128 if 128 < code < 193 else None
        exit_code = code if signal is None else None
        return EngineState(Phase.ENDED, "Ray says that it failed", "", exit_code, signal)
    told = _HOW.get(kind, "Ray says that it failed")
    reason = f"{told}: {message}" if message else told
    if "OutOfMemory" in message or re.search(r"\bOOM\b|memory on the node", message):
        return EngineState(Phase.ENDED, reason, "OutOfMemory")
    if kind in _LOST or "actor died" in message or "node died" in message.casefold():
        return EngineState(Phase.ENDED, reason, "NodeLost")
    return EngineState(Phase.ENDED, reason, "EngineError")


class _Node(msgspec.Struct, frozen=True):
    node_id: str
    state: str
    node_name: str = ""
    node_ip: str = ""
    is_head_node: bool = False
    resources_total: dict[str, Any] = {}


def nodes_of(listed: Any, jobs: Sequence[RayJob]) -> Sequence[Node]:
    """The nodes that are alive, and those that are not any more as far as Ray remembers them.

    Args:
        listed: the answer of the state API. jobs: whose places are counted.
    """
    rows = msgspec.convert(listed["data"]["result"]["result"], list[_Node])
    running: dict[str, int] = {}
    for job in jobs:
        if job.status == "RUNNING" and job.driver_node_id:
            running[job.driver_node_id] = running.get(job.driver_node_id, 0) + 1
    found = []
    for row in rows:
        count = running.get(row.node_id, 0)
        state = ("running" if count else "idle") if row.state == "ALIVE" else "unusable"
        found.append(
            Node(
                row.node_ip or row.node_name or row.node_id[:12],
                state,
                int(row.resources_total.get("CPU", 0)),
                int(row.resources_total.get("memory", 0)) // _MEGABYTE,
                int(row.resources_total.get("GPU", 0)),
                count,
            )
        )
    return found

"""What Slurm's states and reasons mean."""

from __future__ import annotations

from runyard.engines.contracts import Phase

WAITING = frozenset(
    ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT")
)
ENDED = {
    "COMPLETED": "",
    "FAILED": "",
    "CANCELLED": "Canceled",
    "REVOKED": "Canceled",
    "TIMEOUT": "TimeOut",
    "DEADLINE": "TimeOut",
    "OUT_OF_MEMORY": "OutOfMemory",
    "NODE_FAIL": "NodeLost",
    "PREEMPTED": "NodeLost",
    "BOOT_FAIL": "NodeLost",
    "LAUNCH_FAILED": "EngineError",
    "RECONFIG_FAIL": "EngineError",
}
_HOW = {
    "COMPLETED": "Slurm says that it ended well",
    "FAILED": "Slurm says that it failed",
    "CANCELLED": "it was canceled at Slurm",
    "REVOKED": "another cluster took it",
    "TIMEOUT": "Slurm's time limit passed",
    "DEADLINE": "Slurm's deadline passed",
    "OUT_OF_MEMORY": "it needed more memory than Slurm gave it",
    "NODE_FAIL": "a node of it failed",
    "PREEMPTED": "Slurm took its nodes for a job of higher priority",
    "BOOT_FAIL": "a node of it did not start",
    "LAUNCH_FAILED": "Slurm could not start it on its nodes",
    "RECONFIG_FAIL": "a node of it could not be made ready",
}
_REASONS = {
    "None": "Slurm has not looked at it yet",
    "Priority": "jobs of higher priority wait for the same nodes",
    "Resources": "the nodes that it needs are in use",
    "Dependency": "it depends on another job",
    "DependencyNeverSatisfied": "it depends on a job that failed",
    "JobHeldUser": "it is held: `scontrol release` lets it go",
    "JobHeldAdmin": "the cluster's administrator holds it",
    "BeginTime": "its time to begin has not come",
    "Licenses": "a license that it needs is in use",
    "PartitionDown": "its partition takes no jobs just now",
    "PartitionInactive": "its partition is inactive",
    "PartitionNodeLimit": "it asks for more nodes than its partition has",
    "PartitionTimeLimit": "it asks for more time than its partition allows",
    "PartitionConfig": "its partition is not made for what it asks",
    "AccountNotAllowed": "its account may not use its partition",
    "QOSNotAllowed": "its QOS may not be used there",
    "InvalidAccount": "its account does not exist",
    "InvalidQOS": "its QOS does not exist",
    "Reservation": "a reservation that it needs has not begun",
    "ReqNodeNotAvail": "nodes that it needs are down or reserved",
    "NodeDown": "a node that it needs is down",
    "BadConstraints": "no node is as it asks",
    "Cleaning": "it was requeued and is being cleaned up",
    "Prolog": "nodes are being made ready",
    "launch_failed_requeued_held": "Slurm could not start it, and holds it",
    "job_requeued_in_held_state": "it was requeued, and is held",
    "SystemFailure": "Slurm itself failed",
}
_LIMITS = ("QOS", "Assoc", "MaxCpu", "MaxMem", "MaxGRES", "MaxTRES")
ENGINE_REASONS = frozenset(
    ("BadConstraints", "InvalidAccount", "InvalidQOS", "SystemFailure", "PartitionDown", "AccountNotAllowed")
)


def phase_of(state: str) -> Phase:
    """What is not told to wait or to have ended runs: it holds its nodes."""
    if state in WAITING:
        return Phase.WAITING
    return Phase.ENDED if state in ENDED else Phase.RUNNING


def waits(reason: str) -> str:
    """Why a job waits, and Slurm's own word for it."""
    word = reason.partition(",")[0].strip("() ")
    meant = _REASONS.get(word)
    if meant is None and word.startswith(_LIMITS):
        meant = "a limit of its account or QOS is reached"
    if meant is None:
        return f"Slurm: {reason}" if reason else "Slurm has not looked at it yet"
    return meant if word == "None" else f"{meant} ({reason})"


def how(state: str, reason: str = "") -> str:
    """How a job ended."""
    told = _HOW.get(state, f"Slurm says {state}")
    if state == "FAILED" and reason not in ("", "None", "NonZeroExitCode"):
        return f"{told}: {_REASONS.get(reason, reason)}"
    return told

"""What is to be done, as the server tells it when a job begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_SECONDS = 30 * 86_400


@dataclass(frozen=True)
class Definition:
    """See entities/job.JobDefinition, of which this is the machine's side."""

    script: str = ""
    arguments: Sequence[str] = ()
    command: Sequence[str] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    node_count: int = 1
    process_count: int = 1
    communicator: str = "None"
    outputs: Sequence[str] = ("outputs",)
    watch: Sequence[str] = ("logs",)


@dataclass(frozen=True)
class Orders:
    """All that `begin` answers.

    Attributes:
        cancel: nothing is to be done any more.
        kind: script, or build: an environment only.
        environment_hash: of what its building depends on; empty where there is nothing to build.
        variables: for the script.
        interval_s: between two beats.
    """

    cancel: bool
    kind: str = "script"
    definition: Definition = field(default_factory=Definition)
    snapshot_id: str = ""
    environment_hash: str = ""
    experiment_id: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    interval_s: float = 10.0
    max_seconds: float = MAX_SECONDS


def read_orders(told: Mapping[str, Any]) -> Orders:
    """The server's answer as values; what it does not say is as it usually is."""
    if told.get("cancel"):
        return Orders(cancel=True)
    return Orders(
        cancel=False,
        kind=str(told.get("kind") or "script"),
        definition=_definition(told.get("definition") or {}),
        snapshot_id=str(told.get("snapshot_id") or ""),
        environment_hash=str(told.get("environment_hash") or ""),
        experiment_id=str(told.get("experiment_id") or ""),
        variables=_texts(told.get("env")),
        interval_s=float(told.get("interval_s") or 10.0),
        max_seconds=float(told.get("max_seconds") or MAX_SECONDS),
    )


def _definition(told: Mapping[str, Any]) -> Definition:
    return Definition(
        script=str(told.get("script") or ""),
        arguments=[str(one) for one in told.get("arguments") or ()],
        command=[str(one) for one in told.get("command") or ()],
        environment=told.get("environment") or {},
        environment_variables=_texts(told.get("environment_variables")),
        node_count=int(told.get("node_count") or 1),
        process_count=int(told.get("process_count") or 1),
        communicator=str(told.get("communicator") or "None"),
        outputs=_folders(told.get("outputs"), "outputs"),
        watch=_folders(told.get("watch"), "logs"),
    )


def _folders(told: Any, usual: str) -> Sequence[str]:
    return [usual] if told is None else [str(one) for one in told]


def _texts(told: Any) -> Mapping[str, str]:
    return {str(name): str(value) for name, value in (told or {}).items()}

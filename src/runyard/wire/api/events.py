"""What is told of changes, as our API spells it."""

from __future__ import annotations

import msgspec

from runyard.entities.change import ChangeKind


class HelloEvent(msgspec.Struct):
    """The first event of a stream: changes from now on are told."""

    server_ms: int


class ChangedRun(msgspec.Struct):
    """`kinds`: points, info, created (or restored), deleted, logs (text was appended)."""

    run_id: str
    experiment_id: str
    kinds: list[str]


class RunsEvent(msgspec.Struct, omit_defaults=True):
    """Runs that have changed.

    `many`: experiments in which more have than are named; `all`: more may have, anywhere in what the stream is about.
    """

    runs: list[ChangedRun] = []
    many: list[str] = []
    all: bool = False


class ExperimentsEvent(msgspec.Struct):
    """Experiments that have changed themselves, or are new; `all`: others may have."""

    experiment_ids: list[str]
    all: bool = False


class TracesEvent(msgspec.Struct):
    """Experiments whose traces have changed, or that have new ones; `all`: others may have."""

    experiment_ids: list[str]
    all: bool = False


class EndEvent(msgspec.Struct):
    """Why a stream ends before its reader does. A reader may come back where `retry` says so."""

    reason: str
    retry: bool


def changed_run(run_id: str, experiment_id: int, kind: ChangeKind) -> ChangedRun:
    """One run of a message."""
    return ChangedRun(run_id, str(experiment_id), kind.words)

"""What is to be made: experiments of runs of series and files. Pure data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True)
class Series:
    """All points of one metric; the arrays have one length."""

    key: str
    steps: Ints
    times_ms: Ints
    values: Floats


@dataclass(frozen=True)
class Registered:
    """A version of a registered model, made from the run's files below `folder`."""

    name: str
    folder: str
    about: str
    description: str
    aliases: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Data:
    """A dataset that a run read, as MLflow describes it."""

    name: str
    digest: str
    source_type: str
    source: str
    profile: str
    context: str = "training"


@dataclass(frozen=True)
class RunPlan:
    """One run. Without an end it is running.

    Attributes:
        files: content by path.
        logged_model: folder among the files that is a logged model, with its name and type.
        deleted: whether it is moved to the trash.
    """

    name: str
    start_ms: int
    end_ms: int | None
    status: str = "FINISHED"
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    series: Sequence[Series] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    inputs: Sequence[Data] = ()
    registered: Registered | None = None
    logged_model: tuple[str, str, str] | None = None
    children: Sequence[RunPlan] = ()
    deleted: bool = False

    @property
    def size(self) -> int:
        """How many runs it is."""
        return 1 + sum(child.size for child in self.children)


@dataclass(frozen=True)
class Span:
    """A step of a trace; times are milliseconds from its start, inputs and outputs are JSON."""

    name: str
    kind: str
    start_ms: int
    end_ms: int
    inputs: str
    outputs: str
    parent: int | None = None
    error: str = ""


@dataclass(frozen=True)
class TracePlan:
    """One trace and what somebody said of it."""

    start_ms: int
    spans: Sequence[Span]
    tags: Mapping[str, str] = field(default_factory=dict)
    feedback: tuple[str, bool, str] | None = None


@dataclass(frozen=True)
class ExperimentPlan:
    """A named group of runs and traces."""

    name: str
    note: str
    tags: Mapping[str, str]
    runs: Sequence[RunPlan]
    traces: Sequence[TracePlan] = ()
    deleted: bool = False

    @property
    def size(self) -> int:
        """How many runs and traces it has."""
        return sum(run.size for run in self.runs) + len(self.traces)

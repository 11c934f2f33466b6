"""A sweep: many runs of one script with different parameters, below one that stands for all of them."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runyard.entities.job import JobState

GRID, RANDOM, BAYESIAN = "grid", "random", "bayesian"
SAMPLINGS = (GRID, RANDOM, BAYESIAN)
MINIMIZE, MAXIMIZE = "minimize", "maximize"
GOALS = (MINIMIZE, MAXIMIZE)
NO_POLICY, BANDIT, MEDIAN, TRUNCATION = "none", "bandit", "median", "truncation"
POLICIES = (NO_POLICY, BANDIT, MEDIAN, TRUNCATION)
TRIALS_TAG = "hyperparameters"
BEST_TAG, METRIC_TAG = "runyard.sweep.bestRun", "runyard.sweep.bestMetric"
NOTE_TAG = "runyard.sweep.note"


class Dimension(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one parameter may be.

    Attributes:
        kind: choice (of `options`); randint (0 to `upper` - 1); uniform and loguniform (`min` to `max`, the latter of the
            value's logarithm); normal and lognormal (`mu`, `sigma`, the latter of the value's logarithm); quniform,
            qloguniform, qnormal, qlognormal: the same, rounded to multiples of `q`.
        flag: before its value among the script's arguments; empty: `--` and its name.
    """

    kind: str
    options: Sequence[Any] = ()
    min: float | None = None
    max: float | None = None
    mu: float | None = None
    sigma: float | None = None
    q: float | None = None
    upper: int | None = None
    flag: str = ""


class Policy(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a trial is stopped early. A trial's intervals are counted by the points of the metric.

    Attributes:
        kind: none; bandit: its best is not within the slack of the best of all; median: its best is worse than the median
            of all running averages; truncation: it is among the worst so many percent.
        evaluation_interval: looked at after so many points, again and again. delay_evaluation: not at fewer than so many.
    """

    kind: str = NO_POLICY
    evaluation_interval: int = 1
    delay_evaluation: int = 0
    slack_factor: float | None = None
    slack_amount: float | None = None
    truncation_percentage: float | None = None


class SweepConfig(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is tried, and how far.

    Attributes:
        metric: that is compared, by each trial's best value.
        max_total: trials in all. max_concurrent: at once. max_seconds: of the sweep, after which its trials are canceled.
        seed: makes the same proposals again.
    """

    space: Mapping[str, Dimension]
    sampling: str
    metric: str
    goal: str
    max_total: int
    max_concurrent: int
    max_seconds: int
    policy: Policy = Policy()
    seed: int = 0

    @property
    def maximizes(self) -> bool:
        """Greater is better."""
        return self.goal == MAXIMIZE

    def better(self, one: float, other: float) -> bool:
        """Whether a value is better than another."""
        return one > other if self.maximizes else one < other


class Sweep(msgspec.Struct, frozen=True):
    """A sweep. `run_id` is that of its own run, the parent of its trials' runs."""

    row: int
    workspace_id: int
    run_id: str
    config: SweepConfig
    created_ms: int
    best_run_id: str = ""


class Stop(enum.IntEnum):
    """Why the sweep canceled a trial."""

    NOT = 0
    POLICY = 1
    TIME = 2


class Trial(msgspec.Struct, frozen=True):
    """A run of a sweep.

    Attributes:
        number: from 0 on, in the order in which they were proposed.
        state: of its job; None: it is not made yet.
        points: of the metric. best: of its values; None: it has none.
        noted: its parameters were logged.
    """

    number: int
    run_id: str
    parameters: Mapping[str, Any]
    state: JobState | None = None
    stop: Stop = Stop.NOT
    noted: bool = False
    points: int = 0
    best: float | None = None

    @property
    def is_active(self) -> bool:
        """It may still do something, or is about to."""
        if self.state is None:
            return self.is_to_be_made
        return not self.state.ended

    @property
    def is_to_be_made(self) -> bool:
        """It was proposed, and its run is not there yet; nor was it there and is gone."""
        return self.state is None and self.stop is Stop.NOT and not self.noted


def best_of(config: SweepConfig, trials: Sequence[Trial]) -> Trial | None:
    """The trial with the best value; of equal ones the first."""
    found: Trial | None = None
    for one in trials:
        if one.best is None:
            continue
        if found is None or found.best is None or config.better(one.best, found.best):
            found = one
    return found

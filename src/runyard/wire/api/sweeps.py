"""Sweeps as our API spells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from runyard.entities.job import CLIENT_TARGET, MAX_SECONDS, JobDefinition
from runyard.entities.sweep import Dimension, Policy, Stop, SweepConfig, Trial
from runyard.wire.api.jobs import JobMessage, ResubmitJob
from runyard.wire.mlflow.runs import RunMessage
from runyard.wire.mlflow.scalars import Int32


class PolicyMessage(msgspec.Struct, omit_defaults=True):
    """When trials are stopped early; kind: none, bandit (slack_factor or slack_amount), median, truncation
    (truncation_percentage). Intervals are counted by the points of the metric.
    """

    kind: str = "none"
    evaluation_interval: Int32 = 1
    delay_evaluation: Int32 = 0
    slack_factor: float | None = None
    slack_amount: float | None = None
    truncation_percentage: float | None = None


class DimensionMessage(msgspec.Struct, omit_defaults=True):
    """What a parameter may be; kind: choice (options), randint (upper), uniform, loguniform, quniform, qloguniform (min,
    max), normal, lognormal, qnormal, qlognormal (mu, sigma); those that begin with q are rounded to multiples of q.
    """

    kind: str
    options: list[Any] = []
    min: float | None = None
    max: float | None = None
    mu: float | None = None
    sigma: float | None = None
    q: float | None = None
    upper: int | None = None
    flag: str = ""


class SubmitSweep(msgspec.Struct):
    """A run to be made for the sweep, and jobs for its trials. With `dry_run` nothing is made."""

    FREE: ClassVar[frozenset[str]] = frozenset({"environment", "environment_variables", "space"})

    target: str
    definition: JobDefinition
    space: dict[str, DimensionMessage]
    metric: str
    goal: str
    max_total: Int32
    sampling: str = "random"
    max_concurrent: Int32 | None = None
    max_seconds: Int32 = MAX_SECONDS
    policy: PolicyMessage = msgspec.field(default_factory=PolicyMessage)
    seed: Int32 | None = None
    experiment_id: str | int | None = None
    experiment_name: str | None = None
    run_id: str | None = None
    run_name: str | None = None
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    snapshot_id: str = ""
    priority: Int32 = 0
    parent_run_id: str | None = None
    dry_run: bool = False

    def config(self) -> SweepConfig:
        """What is tried, and how far."""
        policy = self.policy
        return SweepConfig(
            {name: Dimension(**msgspec.structs.asdict(one)) for name, one in self.space.items()},
            self.sampling,
            self.metric,
            self.goal,
            self.max_total,
            self._at_once() if self.max_concurrent is None else self.max_concurrent,
            self.max_seconds,
            Policy(**msgspec.structs.asdict(policy)),
        )

    def _at_once(self) -> int:
        """As many as may be, and on the machine that submits, which has no queue, one by one."""
        return 1 if self.target == CLIENT_TARGET else min(100, max(self.max_total, 1))


class SubmittedSweep(msgspec.Struct, omit_defaults=True):
    """`request` after a dry run."""

    run: RunMessage | None = None
    job: JobMessage | None = None
    request: str = ""


class ResubmitSweep(ResubmitJob):
    """What is left out stays."""

    metric: str | None = None
    max_total: Int32 | None = None
    max_concurrent: Int32 | None = None
    max_seconds: Int32 | None = None
    seed: Int32 | None = None


class SweepOfRun(msgspec.Struct):
    run_id: str


class SweepConfigMessage(msgspec.Struct):
    """As it was submitted; parameters without leading dashes, which are part of their `flag`."""

    space: dict[str, DimensionMessage]
    sampling: str
    metric: str
    goal: str
    max_total: int
    max_concurrent: int
    max_seconds: int
    policy: PolicyMessage
    seed: int

    @classmethod
    def of(cls, one: SweepConfig) -> SweepConfigMessage:
        """The message of one."""
        return cls(
            {name: DimensionMessage(**_fields(dimension)) for name, dimension in one.space.items()},
            one.sampling,
            one.metric,
            one.goal,
            one.max_total,
            one.max_concurrent,
            one.max_seconds,
            PolicyMessage(**_fields(one.policy)),
            one.seed,
        )


class TrialMessage(msgspec.Struct):
    """`metric`: the best of its values, null while it has none. `stopped`: policy or time, where the sweep canceled it."""

    run_id: str
    number: int
    parameters: dict[str, Any]
    state: str
    metric: float | None
    best: bool
    stopped: str


class SweepMessage(msgspec.Struct):
    """`note`: what people should know of it, such as that no trial logs the metric."""

    run_id: str
    config: SweepConfigMessage
    trials: list[TrialMessage]
    best_run_id: str | None
    best_metric: float | None
    note: str = ""

    @classmethod
    def of(
        cls, run_id: str, config: SweepConfig, trials: Sequence[Trial], best: Trial | None, note: str
    ) -> SweepMessage:
        """The message of one with its trials."""
        return cls(
            run_id,
            SweepConfigMessage.of(config),
            [_trial(one, best) for one in trials],
            None if best is None else best.run_id,
            None if best is None else best.best,
            note,
        )


def _trial(one: Trial, best: Trial | None) -> TrialMessage:
    state = "NotStarted" if one.state is None else one.state.text
    stopped = "" if one.stop is Stop.NOT else one.stop.name.lower()
    is_best = best is not None and best.number == one.number
    return TrialMessage(one.run_id, one.number, dict(one.parameters), state, one.best, is_best, stopped)


def _fields(one: msgspec.Struct) -> Mapping[str, Any]:
    found = msgspec.structs.asdict(one)
    if "options" in found:
        found["options"] = list(found["options"])
    return found

"""Which trials of a sweep are stopped early. Pure.

A trial that has logged n points of the metric is at its interval n. It is judged at multiples of the evaluation interval,
by what all trials had at that interval: those that are behind it do not count yet, those that ended do.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from statistics import median

from runyard.entities.sweep import BANDIT, MEDIAN, NO_POLICY, TRUNCATION, Policy, SweepConfig
from runyard.errors import InvalidInput, shown

Histories = Mapping[int, Sequence[float]]
"""Values of the metric by trial, in the order in which they were logged."""
MOST_INTERVALS = 1_000_000


def check_policy(policy: Policy) -> None:
    """Raises: InvalidInput."""
    for name, least in (("evaluation_interval", 1), ("delay_evaluation", 0)):
        value = getattr(policy, name)
        if not least <= value <= MOST_INTERVALS:
            raise InvalidInput(
                f"Invalid value {shown(value)} for 'policy.{name}': {least} to {MOST_INTERVALS}."
            )
    if policy.kind == BANDIT:
        slacks = [one for one in (policy.slack_factor, policy.slack_amount) if one is not None]
        if len(slacks) != 1 or not (math.isfinite(slacks[0]) and slacks[0] >= 0):
            raise InvalidInput(
                "A bandit policy has either a slack_factor or a slack_amount, a number from 0 on."
            )
    if policy.kind == TRUNCATION:
        percentage = policy.truncation_percentage
        if percentage is None or not 1 <= percentage <= 99:
            raise InvalidInput("A truncation policy has a truncation_percentage from 1 to 99.")


def due_interval(policy: Policy, points: int) -> int:
    """The interval at which a trial with so many points is judged; 0: not yet."""
    interval = points - points % policy.evaluation_interval
    return interval if interval >= policy.delay_evaluation else 0


class Curve:
    """What a trial had reached at each of its intervals; each point is looked at once. What is no number counts as the worst
    for `best`, and not at all for `average`.
    """

    def __init__(self, config: SweepConfig) -> None:
        self.best, self.average = array("d"), array("d")
        self._better = max if config.maximizes else min
        self._reached = -math.inf if config.maximizes else math.inf
        self._sum, self._count = 0.0, 0

    def follow(self, values: Sequence[float]) -> None:
        """Look at those that are new."""
        for value in values[len(self.best) :]:
            if not math.isnan(value):
                self._reached = self._better(self._reached, value)
            if math.isfinite(value):
                self._sum, self._count = self._sum + value, self._count + 1
            self.best.append(self._reached)
            self.average.append(self._sum / self._count if self._count else math.nan)


def to_stop(
    config: SweepConfig,
    histories: Histories,
    judged: Mapping[int, int],
    known: MutableMapping[int, Curve] | None = None,
) -> Collection[int]:
    """Numbers of the trials that are to be stopped.

    Args:
        judged: the trials in question, and the interval at which each is to be judged.
        known: curves of an earlier call, which are brought up to date.
    """
    if config.policy.kind == NO_POLICY or not any(judged.values()):
        return []
    curves = {} if known is None else known
    for number, values in histories.items():
        curves.setdefault(number, Curve(config)).follow(values)
    return [
        number
        for number, interval in judged.items()
        if interval and _is_hopeless(config, curves, number, interval)
    ]


def _is_hopeless(config: SweepConfig, curves: Mapping[int, Curve], number: int, interval: int) -> bool:
    beside = [one for one in curves.values() if len(one.best) >= interval]
    own = curves[number].best[interval - 1]
    policy = config.policy
    if policy.kind == MEDIAN:
        known = [average for one in beside if not math.isnan(average := one.average[interval - 1])]
        return bool(known) and _worse(config, own, median(known))
    ranks = [_rank(config, one.best[interval - 1]) for one in beside]
    if policy.kind == BANDIT:
        best = max(ranks) if config.maximizes else -max(ranks)
        return _worse(config, own, _with_slack(config, best))
    count = math.floor(len(ranks) * (policy.truncation_percentage or 0) / 100)
    behind = sum(one > _rank(config, own) for one in ranks)
    return count > 0 and behind >= len(ranks) - count


def _with_slack(config: SweepConfig, best: float) -> float:
    """The worst that is near enough to the best."""
    policy = config.policy
    if policy.slack_amount is not None:
        slack = policy.slack_amount
    elif config.maximizes and best > 0:
        slack = best - best / (1 + (policy.slack_factor or 0))
    else:
        slack = abs(best) * (policy.slack_factor or 0)
    return best - slack if config.maximizes else best + slack


def _rank(config: SweepConfig, value: float) -> float:
    """Greater is better; what is no number is the worst."""
    if math.isnan(value):
        return -math.inf
    return value if config.maximizes else -value


def _worse(config: SweepConfig, one: float, limit: float) -> bool:
    return _rank(config, one) < _rank(config, limit)

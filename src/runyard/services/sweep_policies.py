"""Which trials of a sweep are stopped early. Pure.

A trial that has logged n points of the metric is at its interval n. It is judged at multiples of the evaluation interval,
by what all trials had at that interval: those that are behind it do not count yet, those that ended do.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
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


def to_stop(config: SweepConfig, histories: Histories, judged: Mapping[int, int]) -> Collection[int]:
    """Numbers of the trials that are to be stopped.

    Args:
        judged: the trials in question, and the interval at which each is to be judged.
    """
    if config.policy.kind == NO_POLICY:
        return []
    return [
        number
        for number, interval in judged.items()
        if interval and _is_hopeless(config, histories, number, interval)
    ]


def _is_hopeless(config: SweepConfig, histories: Histories, number: int, interval: int) -> bool:
    at = {
        one: _best(config, values[:interval]) for one, values in histories.items() if len(values) >= interval
    }
    own = at[number]
    policy = config.policy
    if policy.kind == BANDIT:
        return _worse(config, own, _with_slack(config, max(at.values(), key=lambda one: _rank(config, one))))
    if policy.kind == MEDIAN:
        averages = [_average(histories[one][:interval]) for one in at]
        known = [one for one in averages if not math.isnan(one)]
        return bool(known) and _worse(config, own, median(known))
    count = math.floor(len(at) * (policy.truncation_percentage or 0) / 100)
    behind = sum(_rank(config, one) > _rank(config, own) for one in at.values())
    return count > 0 and behind >= len(at) - count


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


def _best(config: SweepConfig, values: Sequence[float]) -> float:
    """NaN: it has no number."""
    numbers = [one for one in values if not math.isnan(one)]
    if not numbers:
        return math.nan
    return max(numbers) if config.maximizes else min(numbers)


def _average(values: Sequence[float]) -> float:
    numbers = [one for one in values if math.isfinite(one)]
    return sum(numbers) / len(numbers) if numbers else math.nan


def _rank(config: SweepConfig, value: float) -> float:
    """Greater is better; what is no number is the worst."""
    if math.isnan(value):
        return -math.inf
    return value if config.maximizes else -value


def _worse(config: SweepConfig, one: float, limit: float) -> bool:
    return _rank(config, one) < _rank(config, limit)

"""Early stopping of trials."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from runyard.entities.sweep import Dimension, Policy, SweepConfig
from runyard.errors import InvalidInput
from runyard.services.sweep_policies import Curve, check_policy, due_interval, to_stop


def config(goal: str = "maximize", **policy: Any) -> SweepConfig:
    space = {"x": Dimension("choice", options=[1])}
    return SweepConfig(space, "random", "m", goal, 10, 2, 60, Policy(**policy))


def stopped(one: SweepConfig, *histories: list[float], interval: int = 0) -> list[int]:
    """Of trials that are all judged, at their last interval or at one that is given."""
    known = dict(enumerate(histories))
    judged = {number: interval or len(values) for number, values in known.items() if len(values) >= interval}
    return sorted(to_stop(one, known, judged))


def test_without_a_policy_nothing_is_stopped() -> None:
    assert stopped(config(), [1.0], [0.0]) == []


def test_a_bandit_stops_what_is_not_within_the_slack_of_the_best() -> None:
    one = config(kind="bandit", slack_factor=0.2)
    assert stopped(one, [0.8], [0.67], [0.66]) == [2]
    assert stopped(one, [0.1, 0.8], [0.7, 0.1], [0.5, 0.6]) == [2]
    assert stopped(config("minimize", kind="bandit", slack_factor=0.2), [1.0], [1.2], [1.21]) == [2]
    assert stopped(config(kind="bandit", slack_amount=0.1), [1.0], [0.91], [0.89]) == [2]
    assert stopped(config("minimize", kind="bandit", slack_amount=0.1), [1.0], [1.09], [1.11]) == [2]
    assert stopped(config(kind="bandit", slack_factor=0.5), [-1.0], [-1.4], [-1.6]) == [2]


def test_trials_are_compared_at_the_same_interval() -> None:
    one = config(kind="bandit", slack_factor=0.0)
    assert stopped(one, [0.1, 0.2, 0.9], [0.3], interval=1) == [0]
    assert stopped(one, [0.5, 0.6, 0.9], [0.3], interval=1) == [1]
    assert stopped(one, [0.5], [0.3, 0.4], interval=2) == []


def test_the_median_stops_what_is_worse_than_the_middle_of_the_averages() -> None:
    one = config(kind="median")
    assert stopped(one, [1.0, 1.0], [0.5, 0.5], [0.1, 0.2]) == [2]
    assert stopped(one, [1.0], [1.0]) == []
    assert stopped(config("minimize", kind="median"), [1.0, 1.0], [0.5, 0.5], [0.1, 0.2]) == [0]
    assert stopped(one, [0.0, 0.9], [0.5, 0.5], [0.5, 0.5]) == []  # its best counts, not its average


def test_truncation_stops_the_worst_of_them() -> None:
    one = config(kind="truncation", truncation_percentage=40)
    assert stopped(one, [5.0], [4.0], [3.0], [2.0], [1.0]) == [3, 4]
    assert stopped(one, [5.0], [4.0]) == []
    assert stopped(
        config("minimize", kind="truncation", truncation_percentage=20), *([float(n)] for n in range(5))
    ) == [4]


def test_what_is_no_number_is_the_worst() -> None:
    for kind in ({"kind": "bandit", "slack_factor": 9.0}, {"kind": "median"}):
        assert stopped(config(**kind), [1.0], [math.nan], [1.0]) == [1]
    assert stopped(config(kind="median"), [math.nan], [math.nan]) == []
    assert stopped(config(kind="bandit", slack_amount=1.0), [math.nan], [math.nan]) == []


@pytest.mark.parametrize(
    ("interval", "delay", "found"),
    [
        (1, 0, {0: 0, 1: 1, 2: 2}),
        (5, 0, {4: 0, 5: 5, 9: 5, 10: 10}),
        (2, 5, {4: 0, 5: 0, 6: 6, 7: 6}),
        (1, 3, {2: 0, 3: 3, 4: 4}),
    ],
)
def test_trials_are_judged_at_their_intervals(interval: int, delay: int, found: dict[int, int]) -> None:
    policy = Policy(kind="median", evaluation_interval=interval, delay_evaluation=delay)
    assert {points: due_interval(policy, points) for points in found} == found


@pytest.mark.parametrize(
    "policy",
    [
        {"kind": "bandit"},
        {"kind": "bandit", "slack_factor": 0.1, "slack_amount": 0.1},
        {"kind": "bandit", "slack_factor": -0.1},
        {"kind": "bandit", "slack_amount": math.inf},
        {"kind": "truncation"},
        *({"kind": "truncation", "truncation_percentage": one} for one in (0, 100, math.nan)),
        {"kind": "median", "evaluation_interval": 0},
        {"kind": "median", "delay_evaluation": -1},
        {"kind": "median", "delay_evaluation": 10**7},
    ],
)
def test_policies_that_make_no_sense_are_refused(policy: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        check_policy(Policy(**policy))


@pytest.mark.parametrize(
    "policy",
    [
        {"kind": "bandit", "slack_factor": 0.1},
        {"kind": "median"},
        {"kind": "truncation", "truncation_percentage": 20},
    ],
)
def test_many_long_histories_are_judged_point_by_point(policy: dict[str, Any]) -> None:
    """Each point is looked at once, not once for each trial that is judged: a server does other work too."""
    one, chance = config(**policy), random.Random(1)
    whole = {number: [chance.random() for _ in range(200)] for number in range(60)}
    whole[7][:3], whole[8][5] = [math.nan, math.inf, -math.inf], math.nan
    known: dict[int, Curve] = {}
    for at in (1, 3, 50, 200):
        histories = {number: values[:at] for number, values in whole.items()}
        judged = dict.fromkeys(whole, at)
        again = sorted(to_stop(one, histories, judged, known))
        assert again == sorted(to_stop(one, histories, judged))
    assert all(len(curve.best) == 200 for curve in known.values())

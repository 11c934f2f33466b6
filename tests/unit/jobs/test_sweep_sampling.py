"""What a sweep tries next."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runyard.entities.job import JobState
from runyard.entities.sweep import Dimension, SweepConfig, Trial
from runyard.jobs.sweep_sampling import propose
from tests.unit.services.test_sweep_spaces import ALL

LINE = {"x": Dimension("uniform", min=0, max=10), "c": Dimension("choice", options=["far", "near"])}


def config(space: dict[str, Dimension], sampling: str = "bayesian", goal: str = "minimize") -> SweepConfig:
    return SweepConfig(space, sampling, "m", goal, 1_000, 1, 60, seed=7)


def tried(one: SweepConfig, count: int, value: Any) -> list[Trial]:
    """Trials one after the other, each with a value that follows from its parameters."""
    trials: list[Trial] = []
    for number in range(count):
        found = asyncio.run(propose(one, number, trials))
        assert found is not None
        trials.append(
            Trial(number, f"r{number}", found, JobState.COMPLETED, points=1, best=float(value(found)))
        )
    return trials


def miss(parameters: Any) -> float:
    return abs(float(parameters["x"]) - 3.0) + (0.0 if parameters["c"] == "near" else 2.0)


def test_a_model_comes_nearer_than_chance() -> None:
    by_model = tried(config(LINE), 40, miss)
    by_chance = tried(config(LINE, "random"), 40, miss)
    assert sum(one.best or 0.0 for one in by_model[20:]) < sum(one.best or 0.0 for one in by_chance[20:]) / 2


def test_it_heeds_the_goal() -> None:
    last = tried(config(LINE, goal="maximize"), 40, miss)[30:]
    assert sum(one.best or 0.0 for one in last) / len(last) > 6


def test_a_restart_changes_nothing() -> None:
    one = config(LINE)
    trials = tried(one, 15, miss)
    again = asyncio.run(propose(one, 15, trials))
    assert again == asyncio.run(propose(one, 15, list(trials)))


@pytest.mark.parametrize("kind", ALL)
def test_every_kind_is_proposed_and_understood_again(kind: str) -> None:
    trials = tried(config({"p": ALL[kind]}), 14, lambda parameters: len(str(parameters["p"])))
    assert len(trials) == 14


def test_trials_without_a_value_are_no_obstacle() -> None:
    one = config(LINE)
    trials = tried(one, 12, miss)
    open_ones = [
        Trial(12, "r", trials[0].parameters, JobState.RUNNING, points=1, best=1.0),
        Trial(13, "r", trials[1].parameters, None),
        Trial(14, "r", trials[2].parameters, JobState.FAILED),
        Trial(15, "r", trials[3].parameters, JobState.CANCELED, points=2, best=4.0),
    ]
    assert asyncio.run(propose(one, 16, [*trials, *open_ones])) is not None


def test_a_grid_ends() -> None:
    one = config({"c": LINE["c"]}, "grid")
    assert [asyncio.run(propose(one, number, [])) for number in range(3)] == [
        {"c": "far"},
        {"c": "near"},
        None,
    ]

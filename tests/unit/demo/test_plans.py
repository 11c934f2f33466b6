"""The demo's plans: what can be looked at in it, and that it is the same each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from runyard.demo.plan import ExperimentPlan, RunPlan
from runyard.demo.workspace import planned

TRIALS = 40
KINDS = (
    "png",
    "csv",
    "parquet",
    "json",
    "md",
    "html",
    "ipynb",
    "pdf",
    "wav",
    "webm",
    "txt",
    "patch",
    "py",
    "yaml",
)


@pytest.fixture(scope="module")
def plans() -> list[ExperimentPlan]:
    return planned(TRIALS)


def every(runs: Sequence[RunPlan]) -> Iterator[RunPlan]:
    for run in runs:
        yield run
        yield from every(run.children)


def runs_of(plans: Sequence[ExperimentPlan]) -> list[RunPlan]:
    return [run for plan in plans for run in every(plan.runs)]


def test_there_is_a_file_of_each_kind_that_can_be_previewed(plans: list[ExperimentPlan]) -> None:
    endings = {path.rpartition(".")[2] for run in runs_of(plans) for path in run.files}
    assert set(KINDS) <= endings
    assert any(path.endswith("/MLmodel") for run in runs_of(plans) for path in run.files)


def test_runs_are_in_every_state_and_some_come_apart(plans: list[ExperimentPlan]) -> None:
    runs = runs_of(plans)
    assert {run.status for run in runs} == {"FINISHED", "FAILED", "KILLED", "RUNNING"}
    assert all((run.end_ms is None) == (run.status == "RUNNING") for run in runs)
    apart = [one for run in runs for one in run.series if np.isnan(one.values).any()]
    assert len(apart) > 3
    assert any(np.isinf(one.values).any() for one in apart)


def test_the_sweep_has_as_many_trials_as_were_asked_for(plans: list[ExperimentPlan]) -> None:
    (parent,) = next(plan for plan in plans if plan.name == "hyperparameter-sweep").runs
    assert len(parent.children) == TRIALS
    assert parent.size == TRIALS + 1


def test_times_and_lengths_make_sense(plans: list[ExperimentPlan]) -> None:
    for run in runs_of(plans):
        assert run.end_ms is None or run.end_ms > run.start_ms, run.name
        assert len(run.params) <= 100
        for one in run.series:
            assert len(one.steps) == len(one.times_ms) == len(one.values) > 0, (run.name, one.key)
            assert one.times_ms[0] >= run.start_ms
            assert (np.diff(one.times_ms) >= 0).all()


def test_names_are_unique_where_they_must_be(plans: list[ExperimentPlan]) -> None:
    assert len({plan.name for plan in plans}) == len(plans)
    for plan in plans:
        names = [run.name for run in every(plan.runs)]
        assert len(set(names)) == len(names), plan.name


def test_it_is_the_same_each_time_but_for_the_clock(plans: list[ExperimentPlan]) -> None:
    for one, other in zip(runs_of(plans), runs_of(planned(TRIALS)), strict=True):
        assert (one.name, one.status, one.params) == (other.name, other.status, other.params)
        for series, same in zip(one.series, other.series, strict=True):
            assert len(series.values) == len(same.values) or one.end_ms is None
            if len(series.values) == len(same.values):
                np.testing.assert_array_equal(series.values, same.values)


def test_learning_rates_of_runs_that_were_cut_short_are_on_their_way(plans: list[ExperimentPlan]) -> None:
    ends = {
        run.status: float(one.values[-1] / one.values.max())
        for run in runs_of(plans)
        for one in run.series
        if one.key == "train/learning_rate"
    }
    assert ends["FINISHED"] == pytest.approx(0.01, rel=0.05)
    assert all(end > 0.1 for status, end in ends.items() if status != "FINISHED")


@pytest.mark.parametrize("trials", [1, 2, 19])
def test_a_small_sweep_is_one_too(trials: int) -> None:
    sweep = next(plan for plan in planned(trials) if plan.name == "hyperparameter-sweep")
    assert sweep.size == trials + 1

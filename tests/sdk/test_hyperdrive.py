"""Sweeps from the SDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runyard import ComputeTarget, Environment, Experiment, LocalCompute, ScriptRunConfig, Workspace
from runyard.sdk import hyperdrive_space as space
from runyard.sdk.exceptions import ComputeTargetException, TrainingException
from runyard.sdk.hyperdrive import HyperDriveConfig, HyperDriveRun

SCRIPT = """
import os, sys, urllib.request, json
value = float(sys.argv[sys.argv.index("--rate") + 1])
body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": value, "timestamp": 1}
urllib.request.urlopen(urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric",
    json.dumps(body).encode(), {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}))
"""
GRID = space.GridParameterSampling({"--rate": space.choice(0.3, 0.1, 0.2)})
MIN = space.PrimaryMetricGoal.MINIMIZE


def test_a_sweep_finds_the_best_of_its_trials(ws: Workspace, experiment: Experiment, place: Path) -> None:
    (place / "train.py").write_text(SCRIPT)
    try:
        machine = ComputeTarget(ws, "machine")
    except ComputeTargetException:
        made = LocalCompute.attach_configuration(jobs_at_once=4, server_url=ws.server)
        machine = ComputeTarget.attach(ws, "machine", made)
    environment = Environment("mine")
    environment.python.user_managed_dependencies = True
    src = ScriptRunConfig(place, "train.py", compute_target=machine, environment=environment)
    run = experiment.submit(HyperDriveConfig(GRID, "loss", MIN, 3, max_concurrent_runs=2, run_config=src))
    assert isinstance(run, HyperDriveRun) and run.type == "hyperdrive"
    assert run.wait_for_completion()["status"] == "Completed"
    best = run.get_best_run_by_primary_metric()
    assert best is not None and best.get_metrics() == {"loss": 0.1}
    trials = run.get_children_sorted_by_primary_metric()
    assert [trial["best_primary_metric"] for trial in trials] == [0.1, 0.2, 0.3]
    assert len(run.get_children_sorted_by_primary_metric(top=1, reverse=True)) == 1
    assert json.loads(run.get_hyperparameters()[best.id]) == {"rate": 0.1}
    assert sorted(one["loss"] for one in run.get_metrics().values()) == [0.1, 0.2, 0.3]
    assert len(list(run.get_children())) == 3
    again = run.resubmit(max_total_runs=1)
    assert isinstance(again, HyperDriveRun) and again.id != run.id
    assert again.get_snapshot_id() == run.get_snapshot_id()
    assert again.wait_for_completion()["status"] == "Completed"
    assert list(again.get_hyperparameters().values()) == ['{"rate": 0.3}']


def test_expressions_and_policies_are_told_as_the_server_reads_them() -> None:
    src = ScriptRunConfig(".", "a.py")
    config = HyperDriveConfig(
        space.RandomParameterSampling({"a": space.quniform(1, 2, 0.5), "b": space.choice([1, 2])}, seed=7),
        "acc",
        space.PrimaryMetricGoal.MAXIMIZE,
        10,
        policy=space.BanditPolicy(2, slack_factor=0.1),
        estimator=src,
        max_duration_minutes=2,
    )
    assert config.fields() == {
        "sampling": "random",
        "space": {
            "a": {"kind": "quniform", "min": 1, "max": 2, "q": 0.5},
            "b": {"kind": "choice", "options": [1, 2]},
        },
        "seed": 7,
        "metric": "acc",
        "goal": "maximize",
        "max_total": 10,
        "max_seconds": 120,
        "policy": {"kind": "bandit", "evaluation_interval": 2, "delay_evaluation": 0, "slack_factor": 0.1},
    }
    assert space.NoTerminationPolicy().fields() == {"kind": "none"}
    assert space.TruncationSelectionPolicy(20).fields()["truncation_percentage"] == 20
    assert space.choice(range(3))[1] == {"options": [0, 1, 2]}


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (lambda: space.BanditPolicy(), "one of them"),
        (lambda: space.RandomParameterSampling({}), "is empty"),
        (lambda: space.RandomParameterSampling({"a": 3}).fields(), "say what it may be"),  # type: ignore[dict-item]
        (lambda: HyperDriveConfig(GRID, "loss", MIN, 3), "ScriptRunConfig"),
        (lambda: HyperDriveConfig(GRID, "loss", MIN, 3, run_config=ScriptRunConfig(".", "a"), resume_from=1), "resume"),
    ],
)  # fmt: skip
def test_what_cannot_be_says_why(work: Any, why: str) -> None:
    with pytest.raises(TrainingException, match=why):
        work()


def test_this_program_runs_the_trials_where_no_target_is_named(experiment: Experiment, place: Path) -> None:
    (place / "train.py").write_text(SCRIPT)
    environment = Environment("mine")
    environment.python.user_managed_dependencies = True
    src = ScriptRunConfig(place, "train.py", environment=environment)
    run = experiment.submit(HyperDriveConfig(GRID, "loss", MIN, 2, max_concurrent_runs=2, run_config=src))
    assert isinstance(run, HyperDriveRun) and run.wait_for_completion()["target"] == "local"
    trials = run.get_children_sorted_by_primary_metric()
    assert [trial["best_primary_metric"] for trial in trials] == [0.1, 0.3]

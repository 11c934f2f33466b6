"""Sweeps: many runs of one script with different parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self
from urllib.parse import quote

import msgspec

from runyard.client.local_sweeps import in_background
from runyard.client.submission import SWEEPS, Submission, submit
from runyard.sdk.exceptions import TrainingException
from runyard.sdk.experiment_record import ExperimentRecord
from runyard.sdk.hyperdrive_space import (
    EarlyTerminationPolicy,
    HyperParameterSampling,
    NoTerminationPolicy,
    PrimaryMetricGoal,
)
from runyard.sdk.run import Run
from runyard.sdk.script_run_config import sent

WEEK_MINUTES = 10_080


class Source(Protocol):
    """A ScriptRunConfig or an Estimator."""

    def submission(
        self, experiment: ExperimentRecord, tags: Mapping[str, str] | None, **kwargs: Any
    ) -> Submission:
        """What is sent to the server."""
        ...


class HyperDriveConfig:
    """A sweep, to be submitted.

    Args:
        run_config: the script; `estimator` is the older name.
        primary_metric_name: what the script logs, and is compared.
        max_duration_minutes: of the sweep; its trials are canceled then.
        resume_from, resume_child_runs, pipeline: not supported.
    Raises: TrainingException.
    """

    def __init__(
        self,
        hyperparameter_sampling: HyperParameterSampling,
        primary_metric_name: str,
        primary_metric_goal: PrimaryMetricGoal,
        max_total_runs: int,
        max_concurrent_runs: int | None = None,
        max_duration_minutes: int = WEEK_MINUTES,
        policy: EarlyTerminationPolicy | None = None,
        estimator: Source | None = None,
        run_config: Source | None = None,
        resume_from: object = None,
        resume_child_runs: object = None,
        pipeline: object = None,
    ) -> None:
        unsupported = {
            "resume_from": resume_from,
            "resume_child_runs": resume_child_runs,
            "pipeline": pipeline,
        }
        given = [name for name, value in unsupported.items() if value is not None]
        if given:
            raise TrainingException(f"{given[0]} is not supported.")
        source = run_config if run_config is not None else estimator
        if source is None or not hasattr(source, "submission"):
            raise TrainingException("run_config is needed: a ScriptRunConfig.")
        self.source = source
        self.hyperparameter_sampling = hyperparameter_sampling
        self.primary_metric_name = primary_metric_name
        self.primary_metric_goal = PrimaryMetricGoal(primary_metric_goal)
        self.max_total_runs = max_total_runs
        self.max_concurrent_runs = max_concurrent_runs
        self.max_duration_minutes = max_duration_minutes
        self.policy = policy if policy is not None else NoTerminationPolicy()

    def fields(self) -> dict[str, Any]:
        """What the server is told of the sweep."""
        found = {
            **self.hyperparameter_sampling.fields(),
            "metric": self.primary_metric_name,
            "goal": self.primary_metric_goal.value.lower(),
            "max_total": self.max_total_runs,
            "max_concurrent": self.max_concurrent_runs,
            "max_seconds": self.max_duration_minutes * 60,
            "policy": self.policy.fields(),
        }
        return {key: value for key, value in found.items() if value is not None}

    def submit_to(
        self, experiment: ExperimentRecord, tags: Mapping[str, str] | None, **kwargs: Any
    ) -> HyperDriveRun:
        """Submit; what `Experiment.submit` calls. Trials for this machine are started while the program runs."""
        what = self.source.submission(experiment, tags, **kwargs)
        sweep = msgspec.structs.replace(what, sweep=self.fields())
        connection = experiment.workspace.link.connection
        made = sent(lambda moved: submit(connection, sweep, moved))
        in_background(connection, made.job)
        return HyperDriveRun._of(experiment, made.run)


class HyperDriveRun(Run):
    """The run of a sweep; its trials are the runs below it."""

    def resubmit(
        self,
        target: Any = None,
        arguments: Sequence[Any] | None = None,
        run_name: str | None = None,
        *,
        primary_metric_name: str | None = None,
        max_total_runs: int | None = None,
        max_concurrent_runs: int | None = None,
        seed: int | None = None,
    ) -> Self:
        """A new sweep of the same source, environment and space; what is given is other than it was.

        Args:
            seed: another one makes other choices.
        """
        return self._resubmitted(
            target,
            arguments,
            run_name,
            metric=primary_metric_name,
            max_total=max_total_runs,
            max_concurrent=max_concurrent_runs,
            seed=seed,
        )

    def get_best_run_by_primary_metric(
        self,
        include_failed: bool = True,
        include_canceled: bool = True,
        include_resume_from_runs: bool = True,
    ) -> Run | None:
        """The trial with the best value; None while none has one.

        Args:
            include_failed, include_canceled: also one that ended so.
            include_resume_from_runs: kept for scripts that give it.
        """
        left_out = set() if include_failed else {"Failed"}
        left_out |= set() if include_canceled else {"Canceled"}
        for trial in self._sorted():
            if trial.get("metric") is not None and trial.get("state") not in left_out:
                return Run.get(self.experiment.workspace, str(trial["run_id"]))
        return None

    def get_children_sorted_by_primary_metric(
        self, top: int = 0, reverse: bool = False, discard_no_metric: bool = False
    ) -> list[dict[str, Any]]:
        """The trials, the best first; those without a value come last.

        Args:
            top: so many at most; 0: all.
            reverse: the worst first.
        """
        found = [
            {
                "run_id": trial["run_id"],
                "hyperparameters": json.dumps(trial["parameters"]),
                "best_primary_metric": trial.get("metric"),
                "status": trial.get("state"),
            }
            for trial in self._sorted(reverse=reverse)
            if trial.get("metric") is not None or not discard_no_metric
        ]
        return found[:top] if top else found

    def get_hyperparameters(self) -> dict[str, str]:
        """The parameters of each trial as JSON, by run id."""
        return {str(trial["run_id"]): json.dumps(trial["parameters"]) for trial in self._sweep()["trials"]}

    def get_metrics(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The metrics of each trial, by run id."""
        found = Run.get_metrics(self, recursive=True)
        return {run_id: metrics for run_id, metrics in found.items() if run_id != self.id}

    def _sweep(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._link.get(f"{SWEEPS}/{quote(self.id, safe='')}")
        return found

    def _sorted(self, *, reverse: bool = False) -> list[Mapping[str, Any]]:
        sweep = self._sweep()
        greatest_first = (sweep["config"]["goal"] == "maximize") != reverse
        valued = [trial for trial in sweep["trials"] if trial.get("metric") is not None]
        rest = [trial for trial in sweep["trials"] if trial.get("metric") is None]
        return [*sorted(valued, key=lambda one: float(one["metric"]), reverse=greatest_first), *rest]

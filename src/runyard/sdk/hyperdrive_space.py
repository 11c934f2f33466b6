"""What parameters of a sweep may be, how they are chosen, and when a trial is stopped early."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, ClassVar

from runyard.sdk.exceptions import TrainingException

Expression = tuple[str, Mapping[str, Any]]


class PrimaryMetricGoal(enum.Enum):
    """Which value of the metric is best."""

    MINIMIZE = "MINIMIZE"
    MAXIMIZE = "MAXIMIZE"


def choice(*options: Any) -> Expression:
    """One of some values; a list of them, or a range, may be given as one."""
    only = options[0] if len(options) == 1 else options
    values = list(only) if isinstance(only, list | tuple | range) else [only]
    return "choice", {"options": values}


def randint(upper: int) -> Expression:
    """A whole number from 0 on, below upper."""
    return "randint", {"upper": upper}


def uniform(min_value: float, max_value: float) -> Expression:
    """A number between two others."""
    return "uniform", {"min": min_value, "max": max_value}


def quniform(min_value: float, max_value: float, q: float) -> Expression:
    """The same, rounded to a multiple of q."""
    return "quniform", {"min": min_value, "max": max_value, "q": q}


def loguniform(min_value: float, max_value: float) -> Expression:
    """e to the power of a number between two others."""
    return "loguniform", {"min": min_value, "max": max_value}


def qloguniform(min_value: float, max_value: float, q: float) -> Expression:
    """The same, rounded to a multiple of q."""
    return "qloguniform", {"min": min_value, "max": max_value, "q": q}


def normal(mu: float, sigma: float) -> Expression:
    """A number near mu, as far from it as sigma says."""
    return "normal", {"mu": mu, "sigma": sigma}


def qnormal(mu: float, sigma: float, q: float) -> Expression:
    """The same, rounded to a multiple of q."""
    return "qnormal", {"mu": mu, "sigma": sigma, "q": q}


def lognormal(mu: float, sigma: float) -> Expression:
    """e to the power of a number near mu."""
    return "lognormal", {"mu": mu, "sigma": sigma}


def qlognormal(mu: float, sigma: float, q: float) -> Expression:
    """The same, rounded to a multiple of q."""
    return "qlognormal", {"mu": mu, "sigma": sigma, "q": q}


class HyperParameterSampling:
    """How the values of a trial are chosen.

    Args:
        parameter_space: names, with or without the dashes of the script's arguments, and what each may be.
        properties: seed: makes the same choices again.
    """

    sampling: ClassVar[str] = ""

    def __init__(
        self, parameter_space: Mapping[str, Expression], properties: Mapping[str, Any] | None = None
    ) -> None:
        if not parameter_space:
            raise TrainingException("parameter_space is empty: name at least one parameter of the script.")
        self.parameter_space = dict(parameter_space)
        self.properties = dict(properties or {})

    def fields(self) -> dict[str, Any]:
        """As the server takes them. Raises: TrainingException."""
        found: dict[str, Any] = {"sampling": self.sampling, "space": {}}
        for name, expression in self.parameter_space.items():
            if not (
                isinstance(expression, tuple) and len(expression) == 2 and isinstance(expression[1], Mapping)
            ):
                raise TrainingException(
                    f"Parameter {name!r} is {expression!r:.60}; say what it may be with choice(...), uniform(...) and so on."
                )
            found["space"][name] = {"kind": expression[0], **expression[1]}
        if self.properties.get("seed") is not None:
            found["seed"] = int(self.properties["seed"])
        return found


class GridParameterSampling(HyperParameterSampling):
    """All combinations of choices."""

    sampling = "grid"


class RandomParameterSampling(HyperParameterSampling):
    """By chance."""

    sampling = "random"

    def __init__(
        self,
        parameter_space: Mapping[str, Expression],
        properties: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(parameter_space, {**(properties or {}), **({} if seed is None else {"seed": seed})})


class BayesianParameterSampling(HyperParameterSampling):
    """By what earlier trials have shown."""

    sampling = "bayesian"


class EarlyTerminationPolicy:
    """When a trial is stopped early.

    Args:
        evaluation_interval: looked at after so many values of the metric, again and again.
        delay_evaluation: not at fewer than so many.
    """

    kind: ClassVar[str] = "none"

    def __init__(self, evaluation_interval: int = 1, delay_evaluation: int = 0) -> None:
        self.evaluation_interval = evaluation_interval
        self.delay_evaluation = delay_evaluation

    def fields(self) -> dict[str, Any]:
        """As the server takes them."""
        own = {name: value for name, value in vars(self).items() if value is not None}
        return {"kind": self.kind, **own}


class NoTerminationPolicy(EarlyTerminationPolicy):
    """Never."""

    def fields(self) -> dict[str, Any]:
        """As the server takes them."""
        return {"kind": self.kind}


class BanditPolicy(EarlyTerminationPolicy):
    """When it is not within a slack of the best trial: a factor, or an amount."""

    kind = "bandit"

    def __init__(
        self,
        evaluation_interval: int = 1,
        slack_factor: float | None = None,
        slack_amount: float | None = None,
        delay_evaluation: int = 0,
    ) -> None:
        if (slack_factor is None) == (slack_amount is None):
            raise TrainingException("BanditPolicy needs slack_factor or slack_amount, one of them.")
        super().__init__(evaluation_interval, delay_evaluation)
        self.slack_factor = slack_factor
        self.slack_amount = slack_amount


class MedianStoppingPolicy(EarlyTerminationPolicy):
    """When its best is worse than the median of all running averages."""

    kind = "median"


class TruncationSelectionPolicy(EarlyTerminationPolicy):
    """When it is among the worst so many percent."""

    kind = "truncation"

    def __init__(
        self,
        truncation_percentage: float,
        evaluation_interval: int = 1,
        delay_evaluation: int = 0,
        exclude_finished_jobs: bool = False,
    ) -> None:
        super().__init__(evaluation_interval, delay_evaluation)
        self.truncation_percentage = truncation_percentage

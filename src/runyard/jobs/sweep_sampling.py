"""What a sweep tries next. Everything follows from its configuration and its trials, so a restart loses nothing."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import warnings
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from runyard.entities.sweep import GRID, RANDOM, Dimension, SweepConfig, Trial
from runyard.errors import NotImplementedHere
from runyard.services.sweep_spaces import COUNTED, at_number, at_random, place_of, value_at

STARTING = 10  # trials of chance, before the model proposes anything


async def propose(config: SweepConfig, number: int, trials: Sequence[Trial]) -> Mapping[str, Any] | None:
    """The parameters of trial `number`; None when there is nothing left to try.

    Args:
        trials: those before it.
    """
    if config.sampling == GRID:
        return at_number(config.space, number)
    if config.sampling == RANDOM:
        return at_random(config.space, config.seed, number)
    return await asyncio.to_thread(_by_model, config, number, trials)


def check_sampler() -> None:
    """Raises: NotImplementedHere, when the library of models is not installed."""
    if find_spec("optuna") is None:
        raise NotImplementedHere(
            "This server has no Bayesian sampling; its administrator can `pip install 'runyard[sweeps]'`. Or choose "
            "sampling 'random'."
        )


def _by_model(config: SweepConfig, number: int, trials: Sequence[Trial]) -> dict[str, Any]:
    optuna = _optuna()
    digest = hashlib.sha256(f"{config.seed}/{number}".encode()).digest()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it calls experimental what it has had for years
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=STARTING, constant_liar=True, seed=int.from_bytes(digest[:4])
        )
        study = optuna.create_study(direction=config.goal, sampler=sampler)
        kinds = {name: _distribution(optuna, one) for name, one in config.space.items()}
        for one in trials:
            study.add_trial(_told(optuna, config, kinds, one))
        asked = study.ask(kinds)
    return {name: _value(one, asked.params[name]) for name, one in config.space.items()}


def _optuna() -> ModuleType:
    """Loaded when it is first needed: few servers need it."""
    check_sampler()
    optuna = importlib.import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _distribution(optuna: ModuleType, one: Dimension) -> Any:
    """Places for numbers; for what is counted, numbers of options."""
    if one.kind == "choice":
        return optuna.distributions.CategoricalDistribution(tuple(range(len(one.options))))
    if one.kind in COUNTED:
        return optuna.distributions.IntDistribution(0, (one.upper or 1) - 1)
    return optuna.distributions.FloatDistribution(0.0, 1.0)


def _value(one: Dimension, asked: Any) -> Any:
    if one.kind == "choice":
        return one.options[asked]
    return int(asked) if one.kind in COUNTED else value_at(one, float(asked))


def _asked(one: Dimension, value: Any) -> Any:
    """What `_value` made it of."""
    if one.kind == "choice":
        return list(one.options).index(value)
    return int(value) if one.kind in COUNTED else place_of(one, value)


def _told(optuna: ModuleType, config: SweepConfig, kinds: Mapping[str, Any], one: Trial) -> Any:
    states = optuna.trial.TrialState
    state = states.COMPLETE if one.best is not None else states.FAIL
    if one.is_active:
        state = states.RUNNING
    return optuna.trial.create_trial(
        state=state,
        value=one.best if state is states.COMPLETE else None,
        params={name: _asked(config.space[name], value) for name, value in one.parameters.items()},
        distributions=dict(kinds),
    )

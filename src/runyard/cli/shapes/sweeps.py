"""Sweeps as the CLI shows them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from runyard.cli.framework.columns import KEEP, Column, Record


def ordered(sweep: Record) -> list[Record]:
    """Trials, the best first, those without a value last."""
    sign = -1 if sweep["config"]["goal"] == "maximize" else 1
    trials: list[Record] = list(sweep["trials"])
    return sorted(trials, key=lambda one: (one["metric"] is None, sign * (one["metric"] or 0.0)))


def columns(sweep: Record) -> Sequence[Column]:
    """With one for each parameter."""
    config = sweep["config"]
    return [
        Column("RUN", "run_id", rank=KEEP),
        Column("STATE", _state, rank=1),
        Column(str(config["metric"]), "metric", rank=KEEP, right=True),
        *(Column(name, _parameter(name), rank=2, right=True) for name in config["space"]),
    ]


def _state(trial: Record) -> str:
    return f"{trial['state']} ({trial['stopped']})" if trial["stopped"] else str(trial["state"])


def _parameter(name: str) -> Any:
    def value(trial: Record) -> Any:
        found = trial["parameters"].get(name)
        return found if isinstance(found, str | int | float | None) else json.dumps(found)

    return value

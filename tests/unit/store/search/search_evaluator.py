"""The meaning of a run search in plain Python, as a second opinion on the compiled SQL."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from runyard.entities.common import ViewType
from runyard.store.sql.search.compile_runs import ATTRIBUTES, STATUS_NAMES
from runyard.store.sql.search.fragments import compare_text
from runyard.store.sql.search.page import RunSearch
from runyard.store.sql.search.tables import STATISTICS
from runyard.store.sql.search.tree import Comparison, Name, OrderBy

NAN = math.nan
MISSING = object()


@dataclass
class Series:
    """The summary of one metric; NaN where the database has NULL."""

    last: float
    min: float = NAN
    max: float = NAN
    first: float = 0.0
    count: int = 1
    sum: float = 0.0
    numbers: int = 0
    min_step: int | None = None
    max_step: int | None = None

    def statistic(self, stat: str) -> float:
        if stat == "mean":
            return self.sum / self.numbers if self.numbers else NAN
        value = getattr(self, stat or "last")
        return NAN if value is None else value


@dataclass
class FakeRun:
    """Columns of runs, and what belongs to a run."""

    id: int
    uuid: str
    experiment_id: int
    name: str = "n"
    user_id: str = "u"
    status: int = 1
    stage: int = 0
    start_ms: int | None = 0
    end_ms: int | None = None
    artifact_uri: str = "a"
    metrics: dict[str, Series] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    datasets: list[tuple[str, str, str | None]] = field(default_factory=list)


def expected_ids(runs: Sequence[FakeRun], search: RunSearch) -> list[int]:
    """Every run that the search finds, in order, whatever its limit."""
    stages = {ViewType.ACTIVE_ONLY: (0,), ViewType.DELETED_ONLY: (1,), ViewType.ALL: (0, 1)}[search.view]
    here = [run for run in runs if run.experiment_id in search.experiment_ids]
    metrics = {key for run in here for key in run.metrics}
    found = [
        run for run in here if run.stage in stages and all(_holds(run, c, metrics) for c in search.filter)
    ]
    found.sort(key=lambda run: run.uuid)
    order = [*search.order, OrderBy(Name("attribute", "start_time"), ascending=False)]
    for clause in reversed(order):
        found = _sorted(found, clause, metrics)
    return [run.id for run in found]


def _sorted(runs: Iterable[FakeRun], clause: OrderBy, metrics: set[str]) -> list[FakeRun]:
    ranks: tuple[list[FakeRun], list[FakeRun], list[FakeRun]] = ([], [], [])
    for run in runs:
        value = _value(run, _resolved(clause.name, metrics))
        absent = value is MISSING or value is None
        ranks[2 if absent else 1 if isinstance(value, float) and math.isnan(value) else 0].append(run)
    ordered = sorted(ranks[0], key=lambda run: _value(run, _resolved(clause.name, metrics)))
    if not clause.ascending:
        ordered = _descending(ranks[0], clause, metrics)
    return [*ordered, *ranks[1], *ranks[2]]


def _descending(runs: list[FakeRun], clause: OrderBy, metrics: set[str]) -> list[FakeRun]:
    name = _resolved(clause.name, metrics)
    return sorted(runs, key=lambda run: _value(run, name), reverse=True)  # stable also in reverse


def _resolved(name: Name, metrics: set[str]) -> Name:
    base, dot, stat = name.key.rpartition(".")
    if name.entity != "metric" or name.exact or name.stat or not dot or stat not in STATISTICS:
        return name
    return name if name.key in metrics else Name("metric", base, stat)


def _value(run: FakeRun, name: Name) -> Any:
    if name.entity == "metric":
        series = run.metrics.get(name.key)
        return MISSING if series is None else series.statistic(name.stat)
    if name.entity == "parameter":
        return run.params.get(name.key, MISSING)
    if name.entity == "tag":
        return run.tags.get(name.key, MISSING)
    value = getattr(run, ATTRIBUTES[name.key])
    return STATUS_NAMES[value] if name.key == "status" else value


def _holds(run: FakeRun, clause: Comparison, metrics: set[str]) -> bool:
    if clause.entity == "dataset":
        place = ("name", "digest", "context").index(clause.key)
        return any(_compare(dataset[place], clause) for dataset in run.datasets)
    return _compare(_value(run, _resolved(clause.name, metrics)), clause)


def _compare(value: Any, clause: Comparison) -> bool:
    absent = value is MISSING or value is None
    if clause.op in ("IS NULL", "IS NOT NULL"):
        return absent == (clause.op == "IS NULL")
    if absent:
        return False
    if isinstance(value, str):
        return compare_text(value, clause.op, clause.value)
    other: Any = clause.value
    results = {
        "=": value == other,
        "!=": value != other,
        "<": value < other,
        "<=": value <= other,
        ">": value > other,
        ">=": value >= other,
    }
    return bool(results[clause.op])

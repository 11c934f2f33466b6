"""A run search in memory, as clients do it without a server: the second opinion on the compiled SQL."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from runyard.entities.common import ViewType
from runyard.entities.search.evaluate import ordered, resolve, selected
from runyard.entities.search.tree import Name, OrderBy
from runyard.store.sql.search.compile_runs import ATTRIBUTES, STATUS_NAMES
from runyard.store.sql.search.page import RunSearch

NAN = math.nan


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
    look = _look(metrics)
    found = selected([run for run in here if run.stage in stages], search.filter, look)
    found.sort(key=lambda run: run.uuid)
    found = ordered(found, (*search.order, OrderBy(Name("attribute", "start_time"), ascending=False)), look)
    return [run.id for run in found]


def _look(metrics: set[str]) -> Any:
    def look(run: FakeRun, name: Name) -> list[Any]:
        name = resolve(name, metrics)
        if name.entity == "metric":
            series = run.metrics.get(name.key)
            return [] if series is None else [series.statistic(name.stat)]
        if name.entity == "parameter":
            return [run.params.get(name.key)]
        if name.entity == "tag":
            return [run.tags.get(name.key)]
        if name.entity == "dataset":
            place = ("name", "digest", "context").index(name.key)
            return [dataset[place] for dataset in run.datasets]
        value = getattr(run, ATTRIBUTES[name.key])
        return [STATUS_NAMES[value] if name.key == "status" else value]

    return look

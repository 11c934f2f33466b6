"""Runs as rows of a table: what a table shows of each run, column after column."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

Stat = Literal["last", "min", "max", "first", "mean", "count", "min_step", "max_step"]
STATS: tuple[str, ...] = get_args(Stat)
Number = float | int | None
"""None: the run has no such value. A value that is not a number is NaN."""


class MetricColumn(msgspec.Struct, frozen=True):
    """One statistic of a metric's points."""

    key: str
    stat: Stat = "last"


class TableColumns(msgspec.Struct, frozen=True):
    """What to show.

    Attributes:
        info: the run's own columns.
        all_metrics, all_params, all_tags: every one that a run of the rows has, beside those that are named.
        text_limit: characters; texts that are longer come cut, with an ellipsis.
    """

    info: bool = True
    metrics: tuple[MetricColumn, ...] = ()
    params: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    all_metrics: bool = False
    all_params: bool = False
    all_tags: bool = False
    text_limit: int = 500


class RunInfo(msgspec.Struct, frozen=True, gc=False):
    """The run's own columns.

    Attributes:
        handle: its number in this database; of no use elsewhere.
        status, stage: numbers, as MLflow and the store have them.
        version: grows with every change.
        parent: id of the run that it is nested in.
        children: how many runs of its experiment name it as their parent, deleted ones included.
    """

    handle: int
    run_id: str
    experiment_id: int
    name: str
    status: int
    user: str
    start_ms: int | None
    end_ms: int | None
    stage: int
    version: int
    parent: str | None
    children: int


class RunRows(msgspec.Struct):
    """Rows in the order asked for; every column has one value for each."""

    infos: list[RunInfo]
    metric_columns: list[MetricColumn]
    metrics: list[list[Number]]
    param_keys: list[str]
    params: list[list[str | None]]
    tag_keys: list[str]
    tags: list[list[str | None]]
    left_out: int = 0  # columns of all_… beyond what one answer holds


class RunTable(msgspec.Struct):
    """A page of handles, and the first rows.

    Attributes:
        total: how many runs there are, where that is cheaply known.
    """

    handles: list[int]
    rows: RunRows
    next_page_token: str | None = None
    total: int | None = None

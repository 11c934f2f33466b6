"""Runs as a table, as our API spells it: JSON asks, packed columns (wire/api/columns.py) answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from runyard.entities.common import ViewType
from runyard.entities.run_table import MetricColumn, RunInfo, RunRows, RunTable, Stat, TableColumns
from runyard.wire.api.columns import Column, codes, counts, floats, metric_values, texts
from runyard.wire.mlflow.scalars import Int32, Int64

View = Literal["active", "deleted", "all"]
VIEWS = {"active": ViewType.ACTIVE_ONLY, "deleted": ViewType.DELETED_ONLY, "all": ViewType.ALL}
MOST_U4 = 2**32 - 1


class MetricChoice(msgspec.Struct):
    """A statistic of a metric's points."""

    key: str
    stat: Stat = "last"


class ColumnChoice(msgspec.Struct):
    """What to show of each run.

    `all_…` brings every key that a run of the rows has, at most 1,000 of each kind, beside those that are named. Texts
    longer than `text_limit` characters come cut, with an ellipsis.
    """

    info: bool = True
    metrics: list[MetricChoice] = []
    params: list[str] = []
    tags: list[str] = []
    all_metrics: bool = False
    all_params: bool = False
    all_tags: bool = False
    text_limit: Int32 = 500


class TableRequest(msgspec.Struct):
    """No experiment ids: the whole workspace. `max_results` counts handles, `rows` those that come with columns."""

    experiment_ids: list[str | int] = []
    filter: str = ""
    order_by: list[str] = []
    view: View = "active"
    max_results: Int32 = 1_000
    page_token: str | None = None
    rows: Int32 = 100
    columns: ColumnChoice = msgspec.field(default_factory=ColumnChoice)


class RowsRequest(msgspec.Struct):
    """Rows by the handles of a table of this workspace, or by ids of runs."""

    handles: list[Int64] = []
    run_ids: list[str] = []
    columns: ColumnChoice = msgspec.field(default_factory=ColumnChoice)


def chosen(columns: ColumnChoice) -> TableColumns:
    """As the services have it."""
    return TableColumns(
        columns.info,
        tuple(MetricColumn(one.key, one.stat) for one in columns.metrics),
        tuple(columns.params),
        tuple(columns.tags),
        columns.all_metrics,
        columns.all_params,
        columns.all_tags,
        columns.text_limit,
    )


def table_answer(table: RunTable, columns: TableColumns) -> dict[str, Any]:
    """A page to pack: handles of all its runs, and the columns of the first ones."""
    return {
        "rows": numbers(table.handles),
        "next_page_token": table.next_page_token,
        "total": table.total,
        "table": rows_answer(table.rows, columns),
    }


def rows_answer(rows: RunRows, columns: TableColumns) -> dict[str, Any]:
    """Columns of rows to pack. Keys are listed in the order of their columns."""
    infos = rows.infos
    answer: dict[str, Any] = {
        "n": len(infos),
        "handle": numbers([info.handle for info in infos]),
        "run_id": [info.run_id for info in infos],
        "version": floats([info.version for info in infos]),
        "metric_columns": [{"key": one.key, "stat": one.stat} for one in rows.metric_columns],
        "metrics": [_metric(column) for column in rows.metrics],
        "param_keys": rows.param_keys,
        "params": [texts(column) for column in rows.params],
        "tag_keys": rows.tag_keys,
        "tags": [texts(column) for column in rows.tags],
        "left_out": rows.left_out,
    }
    return {**answer, **_infos(infos)} if columns.info else answer


def _infos(infos: Sequence[RunInfo]) -> dict[str, Column]:
    return {
        "experiment_id": texts([str(info.experiment_id) for info in infos]),
        "name": texts([info.name for info in infos]),
        "status": codes([info.status for info in infos]),
        "user": texts([info.user for info in infos]),
        "start_ms": floats([info.start_ms for info in infos]),
        "end_ms": floats([info.end_ms for info in infos]),
        "stage": codes([info.stage for info in infos]),
        "parent": texts([info.parent for info in infos]),
        "children": counts([info.children for info in infos]),
    }


def _metric(column: Sequence[float | int | None]) -> Column:
    return metric_values(column, [value is not None for value in column])


def numbers(values: Sequence[int]) -> Column:
    """Whole numbers: a column `u4` where they fit, else `f8`."""
    return counts(values) if not values or max(values) <= MOST_U4 else floats(values)

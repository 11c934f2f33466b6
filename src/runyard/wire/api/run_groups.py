"""Groups of runs as our API spells them: JSON asks, packed columns answer."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from runyard.entities.run_group import GroupKey, RunGroups
from runyard.entities.run_table import MetricColumn
from runyard.wire.api.columns import counts, floats, texts
from runyard.wire.api.run_table import MetricChoice, View
from runyard.wire.mlflow.scalars import Int32


class GroupChoice(msgspec.Struct):
    """What runs are grouped by."""

    kind: Literal["param", "tag"]
    key: str


class GroupsRequest(msgspec.Struct):
    """No experiment ids: the whole workspace."""

    by: list[GroupChoice]
    experiment_ids: list[str | int] = []
    filter: str = ""
    view: View = "active"
    metrics: list[MetricChoice] = []
    max_results: Int32 = 100
    page_token: str | None = None


def keys_of(body: GroupsRequest) -> list[GroupKey]:
    """What to group by."""
    return [GroupKey(one.kind, one.key) for one in body.by]


def metrics_of(body: GroupsRequest) -> list[MetricColumn]:
    """What to tell of each group."""
    return [MetricColumn(one.key, one.stat) for one in body.metrics]


def groups_answer(found: RunGroups, by: list[GroupKey]) -> dict[str, Any]:
    """A page to pack; columns have one row for each group. `numbers` counts members with a value that is a number."""
    groups = found.groups
    return {
        "n": len(groups),
        "by": [{"kind": one.kind, "key": one.key} for one in by],
        "values": [texts([group.values[at] for group in groups]) for at in range(len(by))],
        "count": counts([group.count for group in groups]),
        "filter": [group.filter for group in groups],
        "metrics": [
            {
                "key": one.column.key,
                "stat": one.column.stat,
                "numbers": counts(one.numbers),
                "mean": floats(one.means),
                "std": floats(one.deviations),
                "min": floats(one.lows),
                "max": floats(one.highs),
            }
            for one in found.metrics
        ],
        "total": found.total,
        "runs": found.runs,
        "next_page_token": found.next_page_token,
    }

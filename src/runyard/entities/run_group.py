"""Runs that have the same params or tags, and what their metrics are like."""

from __future__ import annotations

from typing import Literal

import msgspec

from runyard.entities.run_table import MetricColumn


class GroupKey(msgspec.Struct, frozen=True):
    """What runs are grouped by."""

    kind: Literal["param", "tag"]
    key: str


class RunGroup(msgspec.Struct, frozen=True):
    """Runs with these values, one for each key; None: they have none.

    Attributes:
        count: runs.
        filter: finds the members; None where no filter can say it.
    """

    values: tuple[str | None, ...]
    count: int
    filter: str | None


class GroupedMetric(msgspec.Struct):
    """A statistic of the runs' metric over the members of each group.

    Attributes:
        numbers: members with a value that is a number.
        means, deviations, lows, highs: NaN where there is none; a deviation is that of a sample, of two members at least.
    """

    column: MetricColumn
    numbers: list[int]
    means: list[float]
    deviations: list[float]
    lows: list[float]
    highs: list[float]


class RunGroups(msgspec.Struct):
    """A page of groups, the largest first.

    Attributes:
        total: groups; runs: that were grouped.
    """

    groups: list[RunGroup]
    metrics: list[GroupedMetric]
    total: int
    runs: int
    next_page_token: str | None

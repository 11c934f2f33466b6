"""What the services ask of a store about groups of runs. The rules of store/contracts.py hold."""

from __future__ import annotations

from typing import Protocol

import msgspec

from runyard.entities.common import ViewType
from runyard.entities.run_group import GroupKey, RunGroups
from runyard.entities.run_table import MetricColumn
from runyard.store.contracts import Seen


class GroupQuery(msgspec.Struct, frozen=True):
    """Which runs, by what, and what to tell of them. Experiments and seen as in TableQuery."""

    workspace_id: int
    experiment_ids: tuple[int, ...]
    seen: Seen | None
    view: ViewType
    filter_string: str
    by: tuple[GroupKey, ...]
    metrics: tuple[MetricColumn, ...]
    max_results: int
    page_token: str | None


class RunGroupStore(Protocol):
    """Groups of runs."""

    async def groups(self, query: GroupQuery) -> RunGroups:
        """A page of groups.

        Cost: every run that matches is looked at once for each key, those of the page's groups once for each metric.
        Raises: QueryTooExpensive, for more than 200,000 runs or 5,000,000 values.
        """
        ...

"""Rules for groups of runs."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.common import ViewType
from runyard.entities.run_group import GroupKey, RunGroups
from runyard.entities.run_table import MetricColumn
from runyard.errors import InvalidInput
from runyard.services.checks import check_max_results
from runyard.services.context import Context
from runyard.services.experiments import seen_experiments
from runyard.services.run_table import READ, check_name_of_key, chosen_experiments
from runyard.store.run_group_contracts import GroupQuery, RunGroupStore

KEYS_LIMIT = 3
METRICS_LIMIT = 50
GROUPS_LIMIT = 1_000


class RunGroupService:
    """Checks, then asks the store. What a caller may not read is left out."""

    def __init__(self, store: RunGroupStore) -> None:
        self._store = store

    async def groups(
        self,
        ctx: Context,
        experiment_ids: Sequence[str | int],
        *,
        view: ViewType,
        filter_string: str,
        by: Sequence[GroupKey],
        metrics: Sequence[MetricColumn],
        max_results: int,
        page_token: str | None,
    ) -> RunGroups:
        """A page of groups, the largest first."""
        if not 1 <= len(by) <= KEYS_LIMIT or len(set(by)) < len(by):
            raise InvalidInput(
                f"Runs are grouped by 1 to {KEYS_LIMIT} different params or tags. Got {len(by)}."
            )
        if len(metrics) > METRICS_LIMIT:
            raise InvalidInput(
                f"{len(metrics)} metrics are more than {METRICS_LIMIT}. Ask for those that are shown."
            )
        for key in (*(one.key for one in by), *(one.key for one in metrics)):
            check_name_of_key(key)
        return await self._store.groups(
            GroupQuery(
                ctx.workspace_id,
                chosen_experiments(ctx, experiment_ids),
                seen_experiments(ctx, READ),
                view,
                filter_string,
                tuple(by),
                tuple(metrics),
                check_max_results(max_results, GROUPS_LIMIT),
                page_token or None,
            )
        )

"""Groups of runs for a table: by params or tags, with what their metrics are like."""

from __future__ import annotations

from runyard.server.packed import Packed
from runyard.server.routes.api.run_table import packed
from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.run_groups import RunGroupService
from runyard.wire.api.run_groups import GroupsRequest, groups_answer, keys_of, metrics_of
from runyard.wire.api.run_table import VIEWS


def routes(service: RunGroupService) -> list[Route]:
    """One."""

    async def groups(ctx: Context, body: GroupsRequest) -> Packed:
        """Group runs by up to three params or tags, with mean, deviation and range of their metrics, as packed columns.

        Cost: every run that matches is looked at once for each key, those of the page's groups once for each metric.
        """
        by = keys_of(body)
        found = await service.groups(
            ctx,
            body.experiment_ids,
            view=VIEWS[body.view],
            filter_string=body.filter,
            by=by,
            metrics=metrics_of(body),
            max_results=body.max_results,
            page_token=body.page_token,
        )
        values = len(found.groups) * (len(by) + 5 * len(found.metrics))
        return await packed(values, lambda: groups_answer(found, by))

    return [*api("POST", "/runs/groups", GroupsRequest, groups, "runs/read", filtered=True)]

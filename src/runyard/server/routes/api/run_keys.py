"""The names in runs, for filter bars and choices of columns."""

from __future__ import annotations

from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.run_keys import RunKeyService
from runyard.wire.api.run_keys import KeyMessage, KeysAnswer, KeysRequest, ValuesAnswer, ValuesRequest


def routes(service: RunKeyService) -> list[Route]:
    """Keys, and the values of one."""

    async def keys(ctx: Context, body: KeysRequest) -> KeysAnswer:
        """List names of metrics, params and tags that runs of some experiments have, in order.

        Cost: one look into an index for each name and experiment, however many runs there are.
        """
        found = await service.keys(
            ctx, body.experiment_ids, body.kinds, body.prefix, body.max_results, body.page_token
        )
        items = [KeyMessage(one.kind, one.key) for one in found.items]
        return KeysAnswer(items, found.next_page_token, found.whole)

    async def values(ctx: Context, body: ValuesRequest) -> ValuesAnswer:
        """List different values of a param or tag, in order; of long ones that begin alike, one.

        Cost: one look into an index for each value and experiment, however many runs there are.
        """
        found = await service.values(
            ctx, body.experiment_ids, body.kind, body.key, body.prefix, body.max_results
        )
        return ValuesAnswer(found.items, found.more, found.whole)

    return [
        *api("POST", "/runs/keys", KeysRequest, keys, "runs/read", filtered=True),
        *api("POST", "/runs/values", ValuesRequest, values, "runs/read", filtered=True),
    ]

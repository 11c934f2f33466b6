"""Rules for the names in runs: what a filter bar and a choice of columns offer."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.errors import InvalidInput
from runyard.services.checks import check_max_results
from runyard.services.context import Context
from runyard.services.experiments import seen_experiments
from runyard.services.run_table import READ, check_name_of_key, chosen_experiments
from runyard.store.run_key_contracts import KeyKind, Names, RunKeyStore, Values

KEYS_LIMIT = 1_000
VALUES_LIMIT = 200


class RunKeyService:
    """Checks, then asks the store. What a caller may not read is left out."""

    def __init__(self, store: RunKeyStore) -> None:
        self._store = store

    async def keys(
        self,
        ctx: Context,
        experiment_ids: Sequence[str | int],
        kinds: Sequence[KeyKind],
        prefix: str,
        max_results: int,
        page_token: str | None,
    ) -> Names:
        """Keys by name that begin with prefix."""
        if not kinds:
            raise InvalidInput("Name at least one of the kinds 'metric', 'param' and 'tag'.")
        check_name_of_key(prefix)
        return await self._store.keys(
            ctx.workspace_id,
            chosen_experiments(ctx, experiment_ids),
            seen_experiments(ctx, READ),
            kinds=kinds,
            prefix=prefix,
            max_results=check_max_results(max_results, KEYS_LIMIT),
            page_token=page_token or None,
        )

    async def values(
        self,
        ctx: Context,
        experiment_ids: Sequence[str | int],
        kind: KeyKind,
        key: str,
        prefix: str,
        max_results: int,
    ) -> Values:
        """Different values of one param or tag that begin with prefix."""
        check_name_of_key(key)
        check_name_of_key(prefix)
        return await self._store.values(
            ctx.workspace_id,
            chosen_experiments(ctx, experiment_ids),
            seen_experiments(ctx, READ),
            kind=kind,
            key=key,
            prefix=prefix,
            max_results=check_max_results(max_results, VALUES_LIMIT),
        )

"""Rules for the page of a run."""

from __future__ import annotations

from runyard.entities.log_rules import require_run_id
from runyard.entities.run_page import RunPage
from runyard.services.checks import check_text
from runyard.services.context import Context
from runyard.services.experiments import seen_experiments
from runyard.services.run_table import READ
from runyard.store.contracts import Seen
from runyard.store.run_page_contracts import RunPageStore

MODELS = "models/read"


class RunPageService:
    """Checks, then asks the store. What a caller may not read is left out."""

    def __init__(self, store: RunPageStore) -> None:
        self._store = store

    async def page(self, ctx: Context, run_id: str) -> RunPage:
        """A run with what belongs to it.

        Raises: NotFound.
        """
        require_run_id(run_id)
        check_text("run_id", run_id)
        return await self._store.page(
            ctx.workspace_id,
            run_id,
            seen_experiments(ctx, READ),
            _seen_models(ctx),
            versions=ctx.grants.permits(MODELS),
        )


def _seen_models(ctx: Context) -> Seen | None:
    if ctx.grants.experiments or ctx.grants.permits(MODELS):
        return seen_experiments(ctx, MODELS)
    return Seen(frozenset(), False)

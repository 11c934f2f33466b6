"""Rules for a workspace at a glance."""

from __future__ import annotations

import time

from runyard.entities.overview import Overview
from runyard.services.context import Context
from runyard.services.experiments import seen_experiments
from runyard.services.run_table import READ
from runyard.store.overview_contracts import OverviewStore

SHOWN = 20
DAY_MS = 86_400_000
FAILED_DAYS, STARTED_DAYS = 7, 30


class OverviewService:
    """Asks the store. What a caller may not read is left out."""

    def __init__(self, store: OverviewStore) -> None:
        self._store = store

    async def overview(self, ctx: Context) -> Overview:
        """Counts, and the newest runs: of all, of those that run, of those that failed in the last week."""
        now_ms = time.time_ns() // 1_000_000
        return await self._store.overview(
            ctx.workspace_id,
            seen_experiments(ctx, READ),
            shown=SHOWN,
            started_ms=now_ms - STARTED_DAYS * DAY_MS,
            failed_ms=now_ms - FAILED_DAYS * DAY_MS,
        )

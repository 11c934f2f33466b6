"""What the services ask of a store about a workspace at a glance. The rules of store/contracts.py hold."""

from __future__ import annotations

from typing import Protocol

from runyard.entities.overview import Overview
from runyard.store.contracts import Seen


class OverviewStore(Protocol):
    """Workspaces at a glance."""

    async def overview(
        self, workspace_id: int, seen: Seen | None, *, shown: int, started_ms: int, failed_ms: int
    ) -> Overview:
        """Counts and the newest runs.

        Args:
            shown: most runs of each list.
            started_ms, failed_ms: failed runs are shown that started and ended after these.
        Cost: bounded: at most 1,000 experiments are looked into, 250,000 runs counted in an index and 10,000 of each
            status looked up.
        """
        ...

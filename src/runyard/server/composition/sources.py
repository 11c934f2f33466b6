"""Composition of what jobs come from and leave: their logs, snapshots and environments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runyard.jobs.upkeep import Upkeep
from runyard.server.composition.foundation import Foundation
from runyard.server.composition.tracking import Tracking
from runyard.server.routes.api import run_logs
from runyard.server.routing import Route
from runyard.services.run_logs import RunLogService
from runyard.store.sql.lease import Lease
from runyard.store.sql.run_logs import SqlRunLogs

SEAL_EVERY_S = 10.0
SEAL_SILENT_MS = (
    60_000  # nothing came to the log of a run that has ended, and nobody said that it may be sealed
)


class Sources:
    """Services and routes. `running` lasts as long as the server does."""

    def __init__(self, base: Foundation, tracking: Tracking) -> None:
        self.logs = RunLogService(SqlRunLogs(base.database), tracking.files, SEAL_SILENT_MS)
        share = Lease(base.database, "run logs")
        self._sealer = Upkeep("The sealing of logs", self.logs.seal_forgotten, share, SEAL_EVERY_S)

    def routes(self) -> list[Route]:
        """All of them."""
        return [*run_logs.routes(self.logs)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """What goes on in the background."""
        async with self._sealer.running():
            yield

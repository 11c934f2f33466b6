"""Composition of what jobs come from and leave: their logs, snapshots and environments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runyard.jobs.upkeep import Upkeep
from runyard.server.composition.foundation import Foundation
from runyard.server.composition.tracking import Tracking
from runyard.server.routes.api import environments, run_logs, snapshots
from runyard.server.routing import Route
from runyard.services.environments import EnvironmentService
from runyard.services.run_logs import RunLogService
from runyard.services.snapshots import SnapshotLimits, SnapshotService
from runyard.store.sql.environments import SqlEnvironments
from runyard.store.sql.lease import Lease
from runyard.store.sql.run_logs import SqlRunLogs
from runyard.store.sql.snapshots import SqlSnapshots

SEAL_EVERY_S = 10.0
SEAL_SILENT_MS = (
    60_000  # nothing came to the log of a run that has ended, and nobody said that it may be sealed
)
CLEAN_EVERY_S = 60.0
SNAPSHOT_GRACE_MS = 86_400_000  # how long a snapshot that no job names is kept, and what was sent for one
SNAPSHOT_RECHECK_MS = 3_600_000  # how often it is looked whether any job still names a snapshot


class Sources:
    """Services and routes. `running` lasts as long as the server does."""

    def __init__(self, base: Foundation, tracking: Tracking) -> None:
        self.logs = RunLogService(SqlRunLogs(base.database), tracking.files, SEAL_SILENT_MS)
        share = Lease(base.database, "run logs")
        self._sealer = Upkeep("The sealing of logs", self.logs.seal_forgotten, share, SEAL_EVERY_S)

        self.environments = EnvironmentService(SqlEnvironments(base.database, base.key))
        limits = SnapshotLimits(
            base.settings.snapshot_files,
            base.settings.snapshot_bytes,
            SNAPSHOT_GRACE_MS,
            SNAPSHOT_RECHECK_MS,
        )
        self.snapshots = SnapshotService(SqlSnapshots(base.database), base.mount.datastore, limits)
        share = Lease(base.database, "snapshots")
        self._cleaner = Upkeep("The removal of snapshots", self.snapshots.clean, share, CLEAN_EVERY_S)

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            *run_logs.routes(self.logs),
            *snapshots.routes(self.snapshots),
            *environments.routes(self.environments),
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """What goes on in the background."""
        async with self._sealer.running(), self._cleaner.running():
            yield

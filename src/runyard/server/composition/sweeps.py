"""Composition of sweeps."""

from __future__ import annotations

from runyard.jobs.sweep_sampling import check_sampler, propose
from runyard.jobs.sweeper import Sweeper
from runyard.jobs.upkeep import Upkeep
from runyard.server.composition.foundation import Foundation
from runyard.server.composition.jobs import Jobs, JobStores
from runyard.server.composition.sources import Sources
from runyard.server.composition.tracking import Tracking
from runyard.server.routes.api import sweeps
from runyard.server.routing import Route
from runyard.services.sweeps import SweepService
from runyard.store.sql.lease import Lease
from runyard.store.sql.metrics import SqlMetrics
from runyard.store.sql.sweeps import SqlSweeps

LOOK_EVERY_S = 1.0


class Sweeps:
    """Service and routes. `upkeep` runs as long as the server does."""

    def __init__(
        self, base: Foundation, tracking: Tracking, sources: Sources, stores: JobStores, jobs: Jobs
    ) -> None:
        store = SqlSweeps(base.database)
        sweeper = Sweeper(
            store,
            stores.store,
            jobs.submitter,
            stores.ender,
            SqlMetrics(base.database, base.key),
            tracking.runs,
            sources.logs,
            propose,
        )
        self.service = SweepService(store, jobs.submitter, jobs.service, check_sampler)
        self.upkeep = Upkeep("Sweeps", sweeper.step, Lease(base.database, "sweeps"), LOOK_EVERY_S)

    def routes(self) -> list[Route]:
        """All of them."""
        return sweeps.routes(self.service)

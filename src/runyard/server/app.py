"""Composition: the one place that joins concrete classes. `composition/` chooses them, group by group."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from runyard.server.application import Application, Lifespan
from runyard.server.client_addresses import ClientAddresses
from runyard.server.composition.computes import Computes
from runyard.server.composition.data import Data
from runyard.server.composition.events import Events
from runyard.server.composition.foundation import Foundation, lay
from runyard.server.composition.jobs import Jobs, JobStores
from runyard.server.composition.measures import health_routes, measured
from runyard.server.composition.people import people_routes
from runyard.server.composition.reporting import Reporting
from runyard.server.composition.sources import Sources
from runyard.server.composition.studio import studio_routes
from runyard.server.composition.sweeps import Sweeps
from runyard.server.composition.tables import table_routes
from runyard.server.composition.tracking import Tracking
from runyard.server.composition.workspaces import workspace_routes
from runyard.server.gate import Gate
from runyard.server.routes import description, simple, studio
from runyard.server.routing import RouteTable
from runyard.server.settings import Settings, is_loopback, split
from runyard.server.studio import Bundle
from runyard.services.wheel_sources import all_wheels
from runyard.services.wheels import WheelService
from runyard.store.sql.compaction import Compactor
from runyard.store.sql.purger import Purger

PURGE_GRACE_MS = 10_000  # longer than any server remembers that a workspace was there


@dataclass(frozen=True)
class Runtime:
    """A composed server. `stopping` is called as soon as it is to stop: what goes on without end ends then."""

    application: Application
    lifespan: Lifespan
    stopping: Callable[[], None]


def build(settings: Settings, bundle: Bundle | None = None) -> Runtime:
    """Everything that one server process needs, opened.

    Args:
        bundle: the files of Studio; None: those that were built into this installation.
    Raises: RunyardError, when the database or datastore cannot be used.
    """
    base = lay(settings)
    tracking, data = Tracking(base), Data(base)
    sources = Sources(base, tracking)
    job_stores = JobStores(base, sources)
    computes = Computes(base, job_stores)
    jobs = Jobs(
        base, tracking, sources, job_stores, computes.service, sources.environments, computes.handover
    )
    sweeps = Sweeps(base, tracking, sources, job_stores, jobs)
    reporting = Reporting(base, tracking.experiments)
    events = Events(base)
    metrics = measured(base, tracking, reporting)
    bundle = bundle or Bundle()
    table = RouteTable(
        [
            *health_routes(base, metrics),
            *tracking.routes(),
            *table_routes(base),
            *events.routes(),
            *reporting.routes(),
            *workspace_routes(base),
            *simple.routes(WheelService(all_wheels)),
            *data.routes(),
            *sources.routes(),
            *jobs.routes(),
            *sweeps.routes(),
            *computes.routes(),
            *studio_routes(base, tracking, data),
            *tracking.transfer_routes(),
            *people_routes(base),
            *studio.routes(bundle),
            *description.routes(lambda: table.routes),
        ],
        studio.page_route(bundle),
    )
    reporting.dispatcher.routes = table
    lifespan = _lifespan(base, tracking, data, reporting, events, sources, jobs, computes, sweeps)
    gate = Gate(
        split(settings.allowed_hosts),
        split(settings.allowed_origins),
        loopback_only=is_loopback(settings.host),
    )
    clients = ClientAddresses(split(settings.trusted_proxies))
    application = Application(table, gate, base.access, base.trail, metrics, lifespan, clients)
    return Runtime(application, lifespan, events.service.stop)


def _lifespan(
    base: Foundation,
    tracking: Tracking,
    data: Data,
    reporting: Reporting,
    events: Events,
    sources: Sources,
    jobs: Jobs,
    computes: Computes,
    sweeps: Sweeps,
) -> Lifespan:
    """What runs beside the requests, and what is closed after the last."""
    compactor = Compactor(base.database)
    purger = Purger(
        base.database,
        tracking.files.delete_workspace,
        tracking.files.delete_directory,
        compactor.turn,
        PURGE_GRACE_MS,
    )

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        await data.outlet.start()
        async with compactor.running(), purger.running(), reporting.watcher.running():
            async with events.service.running(), sources.running(), jobs.running():
                async with computes.dispatcher.running(), sweeps.upkeep.running():
                    yield
        await base.database.close()
        await data.datastores.aclose()
        await data.outlet.aclose()
        await base.mount.datastore.aclose()

    return lifespan

"""Composition of compute targets, their engines, and the dispatcher."""

from __future__ import annotations

import os
import socket

from runyard.engines.opening import EngineOpening
from runyard.jobs.dispatcher import Dispatcher
from runyard.jobs.engines import Targets
from runyard.jobs.handover import EngineHandover
from runyard.jobs.parts import Parts
from runyard.server.composition.foundation import Foundation
from runyard.server.composition.jobs import JobStores
from runyard.server.routes.api import computes
from runyard.server.routing import Route
from runyard.server.settings import Settings
from runyard.services.compute_fields import ComputeMaker
from runyard.services.compute_kinds import ComputeKinds
from runyard.services.compute_sizes import ComputeSizeService
from runyard.services.computes import ComputeService
from runyard.store.sql.computes import SqlComputes
from runyard.store.sql.lease import Lease


class Computes:
    """Services and routes. `dispatcher` runs as long as the server does."""

    def __init__(self, base: Foundation, stores: JobStores) -> None:
        settings = base.settings
        local_jobs = settings.local_jobs or not settings.needs_login
        as_root = settings.needs_login and os.geteuid() == 0
        store = SqlComputes(base.database, base.key)
        maker = ComputeMaker(
            store, ComputeKinds(base.hosts, local_jobs=local_jobs, as_root=as_root), base.vault
        )
        opening = EngineOpening(
            base.hosts.connect, store.fix_host_key, str(settings.data_dir / "jobs"), local_jobs=local_jobs
        )
        own_machine = local_jobs and not as_root
        targets = Targets(store, opening.open, maker.credentials, local_jobs=own_machine)
        parts = Parts(
            stores.queue, store, targets, opening.capacity, stores.keys.of, stores.ender, own_url(settings)
        )
        self.dispatcher = Dispatcher(parts, Lease(base.database, "jobs"))
        self.handover = EngineHandover(parts, self.dispatcher)
        self.service = ComputeService(
            store, maker, targets, stores.queue, stores.store, self.dispatcher.wake, own_url(settings)
        )
        self._sizes = ComputeSizeService(store)

    def routes(self) -> list[Route]:
        """All of them."""
        return computes.routes(self.service, self._sizes)


def own_url(settings: Settings) -> str:
    """How machines reach this server, where nobody says it in another way."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = settings.host
    if host in ("0.0.0.0", "::"):
        host = socket.getfqdn()
    elif ":" in host:
        host = f"[{host}]"
    return f"{'https' if settings.tls_cert else 'http'}://{host}:{settings.port}"

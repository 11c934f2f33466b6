"""Composition of what the server tells about itself: health, readiness, counters."""

from __future__ import annotations

import shutil

from runyard.errors import StorageFull
from runyard.server.composition.foundation import Foundation
from runyard.server.composition.reporting import Reporting
from runyard.server.composition.tracking import Tracking
from runyard.server.metrics import (
    JournalCollector,
    JournalNumbers,
    ServerMetrics,
    StoreCollector,
    StoreNumbers,
)
from runyard.server.routes import health
from runyard.server.routing import Route
from runyard.store.sql import schema

ROOM_BYTES = 1 << 20


def measured(base: Foundation, tracking: Tracking, reporting: Reporting) -> ServerMetrics:
    """Counters of requests, and those of the stores, read when somebody asks."""

    def numbers() -> StoreNumbers:
        stats = base.database.writer.stats
        return StoreNumbers(
            queue_depth=base.database.writer.depth,
            commits=stats.commits,
            writes=stats.writes,
            commit_seconds=stats.commit_seconds,
            points=tracking.runs.points_accepted + reporting.journals.points_accepted,
            database_bytes=base.database.size_bytes(),
            artifact_bytes=tracking.files.accepted_bytes,
        )

    def journals() -> JournalNumbers:
        told = reporting.service.deliveries
        return JournalNumbers(
            requests=told.requests,
            bytes=told.bytes,
            records=told.records,
            points=reporting.journals.points_accepted,
            repeated=told.repeated,
            refused=told.refused,
            seconds=told.seconds,
        )

    metrics = ServerMetrics()
    metrics.registry.register(StoreCollector(numbers))
    metrics.registry.register(JournalCollector(journals))
    return metrics


def health_routes(base: Foundation, metrics: ServerMetrics) -> list[Route]:
    """Routes by which machines see whether and how the server works."""

    async def probe() -> None:
        await base.database.read(lambda c: c.one("SELECT 1"))
        await base.database.write(schema.probe)
        # The smallest write still fits into a log that is there; the next ones would not.
        if shutil.disk_usage(base.settings.data_dir).free < ROOM_BYTES:
            raise StorageFull(
                "The disk that holds the server's data is full. Make room; no restart is needed."
            )

    return health.routes(metrics, probe)

"""Composition of what the server tells about itself: health, readiness, counters."""

from __future__ import annotations

import shutil
from pathlib import Path

from runyard.errors import StorageFull, StorageUnavailable
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

ROOM_BYTES = 1 << 20  # below it a disk counts as full


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
        if not base.settings.database:
            _require_room(base.settings.data_dir)

    return health.routes(metrics, probe)


def _require_room(folder: Path) -> None:
    """The smallest write still fits into a log that is there; the next ones would not. Anybody hears this: no paths."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as exc:
        raise StorageUnavailable(
            f"The server's data folder cannot be looked at: {exc.strerror}. Put it back and start the server again."
        ) from exc
    if free < ROOM_BYTES:
        raise StorageFull(
            "The disk that holds the server's data folder is full. Make room; no restart is needed."
        )

"""Composition of what tells of changes as they happen."""

from __future__ import annotations

from runyard.server.composition.foundation import Foundation
from runyard.server.routes.api import events
from runyard.server.routing import Route
from runyard.services.events import EventService
from runyard.store.sql.change_feed import SqlChangeFeed
from runyard.store.sql.postgres import PostgresDatabase
from runyard.store.sql.signals import PostgresSignals


class Events:
    """`service` runs as long as the server does, and is stopped as soon as that is told to."""

    def __init__(self, base: Foundation) -> None:
        self._access = base.access
        database = base.database
        signals = PostgresSignals(database, database.url) if isinstance(database, PostgresDatabase) else None
        self.service = EventService(SqlChangeFeed(database.changes, signals))

    def routes(self) -> list[Route]:
        """All of them."""
        return events.routes(self.service, self._access.again)

"""Composition of what runs tell while they run: journals, signs of life, and the alerts that follow."""

from __future__ import annotations

from runyard.server.composition.foundation import ARTIFACT_ROOT, Foundation
from runyard.server.dispatch import RouteDispatcher
from runyard.server.routes import journals
from runyard.server.routes.api import alerts
from runyard.server.routing import Route
from runyard.server.tunnel import Tunnel
from runyard.server.webhooks import WebhookPoster
from runyard.services.alerts import AlertService
from runyard.services.experiments import ExperimentService
from runyard.services.journals import JournalService
from runyard.services.liveness import LivenessService
from runyard.store.sql.alerts import SqlAlerts
from runyard.store.sql.journals import SqlJournals
from runyard.store.sql.liveness import SqlLiveness
from runyard.store.sql.watcher import Watcher

LIVENESS_S = 120


class Reporting:
    """Stores, services and routes.

    `dispatcher` calls the routes that a journal names: it is given the table once that is made. `watcher` runs as long as
    the server does.
    """

    def __init__(self, base: Foundation, experiments: ExperimentService) -> None:
        self._database = base.database
        self.journals = SqlJournals(base.database, ARTIFACT_ROOT)
        self.dispatcher = RouteDispatcher(base.access, base.trail, experiments)
        liveness_s = base.settings.liveness_s
        self._liveness = LivenessService(SqlLiveness(base.database), self.journals, liveness_s)
        proxy = base.settings.datastore_proxy
        connect = Tunnel(base.hosts, proxy).connect if proxy else base.hosts.connect
        self._alerts = AlertService(SqlAlerts(base.database), base.vault, base.hosts, WebhookPoster(connect))
        self.service = JournalService(self.journals, self.dispatcher, lambda: self._database.writer.depth)
        self.watcher = Watcher(base.database, self._alerts.deliver, liveness_s or LIVENESS_S)

    def routes(self) -> list[Route]:
        """All of them."""
        return [*journals.routes(self.service, self._liveness), *alerts.routes(self._alerts, self._liveness)]

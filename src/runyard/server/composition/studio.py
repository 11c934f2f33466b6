"""Composition of what people use beside runs: files that a browser shows, saved views, the trash."""

from __future__ import annotations

from runyard.server.composition.data import Data
from runyard.server.composition.foundation import Foundation
from runyard.server.composition.tracking import Tracking
from runyard.server.routes.api import previews, saved_views, trash
from runyard.server.routing import Route
from runyard.services.saved_views import SavedViewService
from runyard.services.trash import TrashService
from runyard.store.sql.experiments import SqlExperiments
from runyard.store.sql.saved_views import SqlSavedViews
from runyard.store.sql.trash import SqlTrash


def studio_routes(base: Foundation, tracking: Tracking, data: Data) -> list[Route]:
    """All of them; open to every client, as all routes are."""
    experiments = SqlExperiments(base.marked, base.key)
    return [
        *previews.routes(tracking.files),
        *previews.datastore_routes(data.datastores),
        *saved_views.routes(SavedViewService(SqlSavedViews(base.database, base.key))),
        *trash.routes(
            TrashService(SqlTrash(base.database, base.key), experiments, tracking.runs, tracking.files)
        ),
    ]

"""Composition of what people use beside runs: files that a browser shows."""

from __future__ import annotations

from runyard.server.composition.data import Data
from runyard.server.composition.tracking import Tracking
from runyard.server.routes.api import previews
from runyard.server.routing import Route


def studio_routes(tracking: Tracking, data: Data) -> list[Route]:
    """All of them; open to every client, as all routes are."""
    return [*previews.routes(tracking.files), *previews.datastore_routes(data.datastores)]

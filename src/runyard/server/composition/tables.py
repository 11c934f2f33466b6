"""Composition of what tables of runs are made of."""

from __future__ import annotations

from runyard.server.composition.foundation import Foundation
from runyard.server.routes.api import run_table
from runyard.server.routing import Route
from runyard.services.run_table import RunTableService
from runyard.store.sql.run_table import SqlRunTable


def table_routes(base: Foundation) -> list[Route]:
    """All of them."""
    return [*run_table.routes(RunTableService(SqlRunTable(base.database, base.key)))]

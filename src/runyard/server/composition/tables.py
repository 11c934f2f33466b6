"""Composition of what pages show of runs: tables, names, one run."""

from __future__ import annotations

from runyard.server.composition.foundation import Foundation
from runyard.server.routes.api import overview, run_groups, run_keys, run_page, run_table
from runyard.server.routing import Route
from runyard.services.overview import OverviewService
from runyard.services.run_groups import RunGroupService
from runyard.services.run_keys import RunKeyService
from runyard.services.run_page import RunPageService
from runyard.services.run_table import RunTableService
from runyard.store.sql.overview import SqlOverview
from runyard.store.sql.run_groups import SqlRunGroups
from runyard.store.sql.run_keys import SqlRunKeys
from runyard.store.sql.run_page import SqlRunPage
from runyard.store.sql.run_table import SqlRunTable
from runyard.wire.mlflow.runs import render


def table_routes(base: Foundation) -> list[Route]:
    """All of them."""
    database, key = base.database, base.key
    return [
        *run_table.routes(RunTableService(SqlRunTable(database, key))),
        *run_keys.routes(RunKeyService(SqlRunKeys(database, key))),
        *run_page.routes(RunPageService(SqlRunPage(database, render))),
        *run_groups.routes(RunGroupService(SqlRunGroups(database, key))),
        *overview.routes(OverviewService(SqlOverview(database))),
    ]

"""Stores on both databases: every test of this folder runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from runyard.store.sql.postgres import PostgresDatabase
from tests.components import postgres
from tests.contract.store.series_stage import Stage, postgres_stage, sqlite_stage
from tests.contract.store.stores import Stores

DATABASES = ["sqlite", "postgresql"]


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Postgres]:
    """A PostgreSQL server, started when a test first asks."""
    if not postgres.is_installed():
        pytest.skip("PostgreSQL's server package is not installed; run scripts/install-components")
    with postgres.postgres(fsync=False) as server:
        yield server


@pytest.fixture(scope="module", params=DATABASES)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Stores of runs and metrics on a fresh database."""
    if request.param == "sqlite":
        with sqlite_stage(Path(tmp_path_factory.mktemp("series"))) as opened:
            yield opened
        return
    cluster: postgres.Postgres = request.getfixturevalue("cluster")
    with postgres_stage(cluster.create_database()) as opened:
        yield opened


@pytest.fixture(scope="session", params=DATABASES)
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stores, Stores]]:
    """The stores of two servers on one database; SQLite has one server, which stands for both."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            stage = stack.enter_context(sqlite_stage(Path(tmp_path_factory.mktemp("stores"))))
            first = Stores(stage.database, stage.runner)
            yield first, first
            return
        url = request.getfixturevalue("cluster").create_database()
        stage = stack.enter_context(postgres_stage(url))
        other = PostgresDatabase(url)
        other.open()
        yield Stores(stage.database, stage.runner), Stores(other, stage.runner)
        stage.runner.run(other.close())


@pytest.fixture
def stores(servers: tuple[Stores, Stores]) -> Stores:
    """All stores of one server, in a workspace of the test's own."""
    servers[0].enter_new_workspace()
    return servers[0]


@pytest.fixture
def others(servers: tuple[Stores, Stores], stores: Stores) -> Stores:
    """The stores of a second server in the same workspace."""
    servers[1].workspace = stores.workspace
    return servers[1]

"""Databases for search tests: SQLite, and a PostgreSQL whose database sorts text by English rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from search_connections import PlainConnection
from search_rows import memory_database

from runyard.store.sql import migrations
from tests.components.postgres import is_installed, postgres

ENGLISH = ("--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8")


@pytest.fixture(scope="session")
def search_postgres() -> Iterator[PlainConnection]:
    """An empty database, inside a transaction that is never committed."""
    if not is_installed():
        pytest.skip("needs PostgreSQL's server programs")
    with postgres(fsync=False, initdb=ENGLISH) as server, psycopg.connect(server.dsn) as raw:
        made = PlainConnection(raw)
        for statement in migrations.statements(1, "postgresql"):
            made.execute(statement)
        made.execute(
            "SET session_replication_role = replica"
        )  # no foreign keys: tests write only what they need
        yield made
        raw.rollback()


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request: pytest.FixtureRequest) -> Iterator[Any]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        made = memory_database()
        yield made
        made.close()
        return
    server: PlainConnection = request.getfixturevalue("search_postgres")
    server.execute("SAVEPOINT test")
    yield server
    server.execute("ROLLBACK TO SAVEPOINT test")

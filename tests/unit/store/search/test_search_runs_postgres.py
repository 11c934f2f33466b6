"""The same searches on a real PostgreSQL, whose database sorts text by English rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from search_evaluator import FakeRun, expected_ids
from search_rows import fill
from search_strategies import fake_runs, run_search, tunings
from test_search_runs import all_pages

from runyard.store.sql import migrations
from runyard.store.sql.search.page import RunSearch
from runyard.store.sql.search.walk_runs import Tuning
from tests.components.postgres import is_installed, postgres

pytestmark = pytest.mark.skipif(not is_installed(), reason="needs PostgreSQL's server programs")
RUNS = 60


class PlainConnection:
    """The part of a store connection that searches and `fill` use."""

    dialect = "postgresql"

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.raw = raw

    def all(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.raw.execute(_marked(sql), params).fetchall()

    def one(self, sql: str, params: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        return self.raw.execute(_marked(sql), params).fetchone()

    def execute(self, sql: str, params: Sequence[Any] = ()) -> None:
        self.raw.execute(_marked(sql), params)

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with self.raw.cursor() as cursor:
            cursor.executemany(_marked(sql), rows)


def _marked(sql: str) -> bytes:
    assert "%" not in sql
    return sql.replace("?", "%s").encode()


@pytest.fixture(scope="module")
def connection() -> Iterator[PlainConnection]:
    english = ("--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8")
    with postgres(fsync=False, initdb=english) as server, psycopg.connect(server.dsn) as raw:
        made = PlainConnection(raw)
        for statement in migrations.statements(1, "postgresql"):
            made.execute(statement)
        made.execute(
            "SET session_replication_role = replica"
        )  # no foreign keys: fill writes what a test needs
        yield made
        raw.rollback()


@lru_cache
def _runs(seed: int) -> list[FakeRun]:
    return fake_runs(seed, RUNS)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 3), run_search(), tunings)
def test_postgresql_finds_what_plain_python_finds(
    connection: PlainConnection, seed: int, search: RunSearch, tuning: Tuning
) -> None:
    runs = _runs(seed)
    connection.execute("SAVEPOINT empty")
    try:
        fill(connection, runs)
        pages = list(islice(all_pages(connection, search, tuning), 200))
    finally:
        connection.execute("ROLLBACK TO SAVEPOINT empty")
    assert [id for page in pages for id in page] == expected_ids(runs, search)

"""The same searches on a real PostgreSQL."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from search_connections import PlainConnection
from search_evaluator import FakeRun, expected_ids
from search_rows import fill
from search_strategies import fake_runs, run_search, tunings
from test_search_runs import all_pages

from runyard.store.sql.search.page import RunSearch
from runyard.store.sql.search.walk_runs import Tuning

RUNS = 60


@lru_cache
def _runs(seed: int) -> list[FakeRun]:
    return fake_runs(seed, RUNS)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 3), run_search(), tunings)
def test_postgresql_finds_what_plain_python_finds(
    search_postgres: PlainConnection, seed: int, search: RunSearch, tuning: Tuning
) -> None:
    runs = _runs(seed)
    search_postgres.execute("SAVEPOINT empty")
    try:
        fill(search_postgres, runs)
        pages = list(islice(all_pages(search_postgres, search, tuning), 200))
    finally:
        search_postgres.execute("ROLLBACK TO SAVEPOINT empty")
    assert [id for page in pages for id in page] == expected_ids(runs, search)

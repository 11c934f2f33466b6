from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from search_evaluator import FakeRun, expected_ids
from search_rows import fill, memory_database
from search_strategies import fake_runs, run_search, tunings

from runyard.store.sql.search.page import RunSearch
from runyard.store.sql.search.walk_runs import MEASURED, Tuning, search_runs


@lru_cache
def database_of(seed: int) -> tuple[list[FakeRun], Any]:
    runs = fake_runs(seed, 60)
    connection = memory_database()
    fill(connection, runs)
    return runs, connection


def all_pages(connection: Any, search: RunSearch, tuning: Tuning = MEASURED) -> Iterator[list[int]]:
    found = search_runs(connection, search, tuning)
    yield found.ids
    while found.after is not None:
        found = search_runs(connection, replace(search, after=found.after), tuning)
        yield found.ids


def walked(connection: Any, search: RunSearch, tuning: Tuning = MEASURED) -> list[int]:
    return [id for page in islice(all_pages(connection, search, tuning), 200) for id in page]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 20), run_search(), tunings)
def test_pages_joined_are_what_plain_python_finds(seed: int, search: RunSearch, tuning: Tuning) -> None:
    runs, connection = database_of(seed)
    pages = list(islice(all_pages(connection, search, tuning), 200))
    assert [id for page in pages for id in page] == expected_ids(runs, search)
    assert all(len(page) == search.limit for page in pages[:-1])

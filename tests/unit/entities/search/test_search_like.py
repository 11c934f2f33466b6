from __future__ import annotations

import sqlite3
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.entities.search.like import matches

TEXT = st.text(alphabet="aAb%_\\é", max_size=8)


@pytest.fixture(scope="module")
def database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA case_sensitive_like = ON")
    return connection


@given(TEXT, TEXT)
def test_matches_what_sqlite_matches(database: sqlite3.Connection, text: str, pattern: str) -> None:
    sensitive, folded = database.execute(
        "SELECT ? LIKE ?, lower(?) LIKE lower(?)", (text, pattern, text, pattern)
    ).fetchone()
    assert matches(text, pattern) == bool(sensitive)
    assert matches(text, pattern, ignore_case=True) == bool(folded)


def test_hostile_patterns_cost_no_more_than_their_size(database: sqlite3.Connection) -> None:
    text, pattern = "a" * 8_000, "%a" * 200 + "b"
    start = time.process_time()
    assert not matches(text, pattern)
    assert database.execute("SELECT ? LIKE ?", (text, pattern)).fetchone() == (0,)
    assert time.process_time() - start < 5

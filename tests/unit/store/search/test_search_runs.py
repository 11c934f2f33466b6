from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from search_evaluator import FakeRun, Series, expected_ids
from search_rows import fill, memory_database
from search_strategies import fake_runs, run_search, tunings

from runyard.entities.common import ViewType
from runyard.entities.search.grammar import parse_filter, parse_order_by
from runyard.entities.search.tables import RUNS
from runyard.errors import InvalidInput
from runyard.store.sql.search.page import RunSearch
from runyard.store.sql.search.walk_runs import MEASURED, Tuning, search_runs

SMALL = Tuning(few=2, window=1, largest_window=4, scan=0, listed=9, stride=1)
NAN = float("nan")


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


def asked(
    clause: str = "", *order: str, limit: int = 100, view: ViewType = ViewType.ACTIVE_ONLY
) -> RunSearch:
    return RunSearch([1, 2, 3], limit, parse_filter(clause, RUNS), parse_order_by(order, RUNS), view)


def run_of(number: int, **columns: Any) -> FakeRun:
    return FakeRun(id=number, uuid=f"{number:032x}", experiment_id=1, start_ms=-number, **columns)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 20), run_search(), tunings)
def test_pages_joined_are_what_plain_python_finds(seed: int, search: RunSearch, tuning: Tuning) -> None:
    runs, connection = database_of(seed)
    pages = list(islice(all_pages(connection, search, tuning), 200))
    assert [id for page in pages for id in page] == expected_ids(runs, search)
    assert all(len(page) == search.limit for page in pages[:-1])


@pytest.mark.parametrize(
    "clause", ["metrics.m <= 3", "metrics.m >= 3", "metrics.m = 3", "metrics.m < 3 AND metrics.m > 1"]
)
@pytest.mark.parametrize("order", ["metrics.m", "metrics.m DESC"])
def test_a_walk_stops_after_the_runs_that_tie_with_a_bound(clause: str, order: str) -> None:
    runs = [run_of(n, metrics={"m": Series(float(n % 6))}) for n in range(1, 40)]
    connection = memory_database()
    fill(connection, runs)
    search = asked(clause, order, limit=3)
    assert sum(all_pages(connection, search, SMALL), []) == expected_ids(runs, search)


def test_texts_that_differ_after_the_indexed_part_are_ordered_and_found_once() -> None:
    chance = random.Random(3)
    texts = ["y" * 64 + str(chance.randrange(9)) for _ in range(40)] + ["y" * 64, "y" * 63, "z"]
    runs = [run_of(n, params={"p": text}, tags={"t": "1"}) for n, text in enumerate(texts, 1)]
    connection = memory_database()
    fill(connection, runs)
    for clause in ("", "tags.t = '1'", f"params.p = '{'y' * 64}'", f"params.p LIKE '{'y' * 64}%'"):
        search = asked(clause, "params.p", limit=4)
        for tuning in (SMALL, MEASURED):
            assert sum(all_pages(connection, search, tuning), []) == expected_ids(runs, search)


def test_nan_comes_after_values_and_before_missing_in_both_directions(connection: Any) -> None:
    metrics = [{"m": Series(1.0)}, {"m": Series(NAN)}, {}, {"m": Series(2.0)}]
    fill(connection, [run_of(n, metrics=m) for n, m in enumerate(metrics, 1)])
    assert search_runs(connection, asked("", "metrics.m ASC")).ids == [1, 4, 2, 3]
    assert search_runs(connection, asked("", "metrics.m DESC")).ids == [4, 1, 2, 3]


def test_nan_matches_only_unequal(connection: Any) -> None:
    fill(connection, [run_of(1, metrics={"m": Series(NAN)}), run_of(2)])
    assert search_runs(connection, asked("metrics.m != 0")).ids == [1]
    assert not any(
        search_runs(connection, asked(f"metrics.m {op} 0")).ids for op in ("=", "<", "<=", ">", ">=")
    )


def test_a_statistic_is_found_by_suffix_until_a_metric_has_that_name(connection: Any) -> None:
    fill(connection, [run_of(1, metrics={"loss": Series(9.0, min=1.0)})])
    assert search_runs(connection, asked("metrics.loss.min < 2")).ids == [1]
    assert search_runs(connection, asked("metrics.`loss.min` < 2")).ids == []


def test_a_metric_named_like_a_statistic_wins_and_quotes_reach_both(connection: Any) -> None:
    fill(connection, [run_of(1, metrics={"loss": Series(9.0, min=1.0), "loss.min": Series(50.0)})])
    assert search_runs(connection, asked("metrics.loss.min = 50")).ids == [1]
    assert search_runs(connection, asked("metrics.`loss.min` = 50")).ids == [1]
    assert search_runs(connection, asked("metrics.`loss`.min = 1")).ids == [1]


def test_like_is_case_sensitive_and_backslash_is_an_ordinary_character(connection: Any) -> None:
    fill(connection, [run_of(1, params={"p": "C:\\Data"}), run_of(2, params={"p": "c:\\data"})])
    assert search_runs(connection, asked("params.p LIKE 'C:\\D%'")).ids == [1]
    assert search_runs(connection, asked("params.p ILIKE 'C:\\D_TA'")).ids == [1, 2]


def test_lists_may_hold_quotes_commas_and_backslashes(connection: Any) -> None:
    names = ['a"b', "a,b", "a\\b", "{}", "a\nb", "NULL"]
    runs = [run_of(n, datasets=[(name, "d", None)]) for n, name in enumerate(names, 1)]
    fill(connection, runs)
    wanted = ", ".join(f"'{name}'" for name in names)
    assert search_runs(connection, asked(f"datasets.name IN ({wanted}, 'x')")).ids == [1, 2, 3, 4, 5, 6]


def test_a_run_with_two_fitting_datasets_is_found_once(connection: Any) -> None:
    fill(connection, [run_of(1, datasets=[("d", "1", None), ("d", "2", "train")])])
    assert search_runs(connection, asked("datasets.name = 'd'")).ids == [1]


def test_a_thousand_terms_are_answered(connection: Any) -> None:
    fill(connection, [run_of(1, params={"p": "x"}, metrics={"m": Series(0.5)})])
    clause = " AND ".join(f"metrics.m > -{n} AND params.p != 'v{n}'" for n in range(500))
    assert search_runs(connection, asked(clause)).ids == [1]


def test_thousands_of_unknown_experiments_are_ignored(connection: Any) -> None:
    fill(connection, [run_of(1)])
    assert search_runs(connection, RunSearch(range(1, 20_000), 10)).ids == [1]


def test_integers_beyond_64_bits_compare_as_numbers(connection: Any) -> None:
    fill(connection, [run_of(1)])
    assert search_runs(connection, asked(f"start_time < {10**30}")).ids == [1]
    assert search_runs(connection, asked(f"start_time > {10**400}")).ids == []


def test_the_last_full_page_says_that_nothing_follows(connection: Any) -> None:
    fill(connection, [run_of(1), run_of(2)])
    assert search_runs(connection, asked(limit=2)).after is None
    assert search_runs(connection, asked(limit=1)).after is not None


def test_a_position_of_another_order_is_refused(connection: Any) -> None:
    fill(connection, [run_of(1), run_of(2)])
    after = search_runs(connection, asked(limit=1)).after
    with pytest.raises(InvalidInput, match="Invalid page token"):
        search_runs(connection, replace(asked("", "metrics.m"), after=after))


def test_deleted_runs_are_found_by_view(connection: Any) -> None:
    fill(connection, [run_of(1), run_of(2, stage=1)])
    found = {view: search_runs(connection, asked(view=view)).ids for view in ViewType}
    assert found == {ViewType.ACTIVE_ONLY: [1], ViewType.DELETED_ONLY: [2], ViewType.ALL: [1, 2]}


PIECES = st.sampled_from(
    [
        "metrics.m",
        "metrics.m.min",
        "params.p",
        "tags.`q`",
        "run_id",
        "status",
        "start_time",
        "datasets.name",
        "run_name",
    ]
    + [
        " = ",
        " != ",
        " > ",
        " LIKE ",
        " ILIKE ",
        " IN ",
        " NOT IN ",
        " IS NULL",
        " AND ",
        "1",
        "-1e999",
        "9" * 30,
    ]
    + ["'x'", "'%'", "('a', 'b')", "'''", "'\\'", '"é"', "'" + "_" * 300 + "'"]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECES, max_size=8).map("".join), st.lists(PIECES, max_size=2))
def test_any_text_as_filter_is_answered_or_refused(clause: str, order: list[str]) -> None:
    _, connection = database_of(0)
    try:
        search = asked(clause, *order)
    except InvalidInput:
        return
    search_runs(connection, search, SMALL)

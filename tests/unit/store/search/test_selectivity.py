"""What a run search asks the database before it decides, and how the statements it decides on are carried out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from search_evaluator import FakeRun, Series
from search_rows import fill, memory_database

from runyard.entities.search.grammar import parse_filter, parse_order_by
from runyard.entities.search.tables import RUNS
from runyard.store.sql.search.compile_runs import Scope, Term, checks, scope_of, term_of
from runyard.store.sql.search.page import RunSearch
from runyard.store.sql.search.selectivity import Selectivity
from runyard.store.sql.search.walk_runs import Tuning, search_runs

COUNT = 400


class Heard:
    """A connection that remembers what it was asked."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.dialect = inner.dialect
        self.asked: list[tuple[str, Any]] = []

    def all(self, sql: str, params: Any = ()) -> list[tuple[Any, ...]]:
        self.asked.append((sql, params))
        found: list[tuple[Any, ...]] = self.inner.all(sql, params)
        return found

    def one(self, sql: str, params: Any = ()) -> tuple[Any, ...] | None:
        return next(iter(self.all(sql, params)), None)

    def plan_of(self, number: int) -> str:
        """How SQLite carries out a statement."""
        sql, params = self.asked[number]
        return "\n".join(row[3] for row in self.inner.all(f"EXPLAIN QUERY PLAN {sql}", params))


@pytest.fixture(scope="module")
def heard() -> Iterator[Heard]:
    """Runs of two experiments: half have the param p, a tenth each value of q, and m is different for each."""
    connection = memory_database()
    runs = [
        FakeRun(
            id=number,
            uuid=f"{number:032x}",
            experiment_id=1 + number % 2,
            start_ms=number,
            params={"q": str(number // 2 % 10)} | ({"p": "x"} if number // 2 % 2 else {}),
            metrics={"m": Series(float(number))},
        )
        for number in range(COUNT)
    ]
    fill(connection, runs)
    yield Heard(connection)
    connection.close()


def terms_of(heard: Heard, clause: str) -> tuple[Scope, list[Term]]:
    search = RunSearch([1, 2], 1, parse_filter(clause, RUNS))
    scope = scope_of(heard, search)  # type: ignore[arg-type]
    heard.asked.clear()
    return scope, [term_of(scope, part) for part in search.filter]


def asked(heard: Heard, clause: str, *order: str, experiments: tuple[int, ...] = (1, 2)) -> list[int]:
    """What a search finds that walks in small windows."""
    heard.asked.clear()
    search = RunSearch(experiments, 10, parse_filter(clause, RUNS), parse_order_by(order, RUNS))
    return search_runs(heard, search, Tuning(few=1, window=8, stride=1)).ids  # type: ignore[arg-type]


def test_counts_stop_at_the_limit_and_are_made_again_only_for_a_much_larger_one(heard: Heard) -> None:
    scope, (term,) = terms_of(heard, "metrics.m >= 100")
    selectivity = Selectivity(scope, 1)
    assert selectivity.count(term, 20) == 20
    assert selectivity.count(term, 79) == 79  # not counted: likely more
    assert len(heard.asked) == 1
    assert selectivity.count(term, 1_000) == COUNT - 100
    assert selectivity.count(term, 10_000) == COUNT - 100
    assert selectivity.count(term, 50) == 50
    assert len(heard.asked) == 2


def test_the_cheapest_range_is_chosen_and_none_that_costs_more_than_the_alternative(heard: Heard) -> None:
    scope, terms = terms_of(heard, "params.p = 'x' AND metrics.m < 30")
    assert Selectivity(scope, 1).cheaper(terms, 1_000) is terms[1]
    assert Selectivity(scope, 1).cheaper(terms, 20) is None


def test_without_any_small_range_the_least_one_is_found(heard: Heard) -> None:
    scope, terms = terms_of(heard, "params.p = 'x' AND params.q = '3'")
    assert Selectivity(scope, 1).least(terms) is terms[1]


@pytest.mark.parametrize("experiments", [(1,), (1, 2)])
def test_an_equal_text_is_checked_where_the_runs_with_that_text_lie(
    heard: Heard, experiments: tuple[int, ...]
) -> None:
    found = asked(heard, "params.p = 'x' AND metrics.m > 1", "metrics.m DESC", experiments=experiments)
    assert found == [n for n in range(COUNT - 1, 0, -1) if n // 2 % 2 and 1 + n % 2 in experiments][:10]
    plan = heard.plan_of(-1)
    assert (
        "SEARCH x USING COVERING INDEX run_params_by_value (experiment_id=? AND key_id=? AND value=? AND run_id=?)"
        in plan
    )
    assert (
        plan.index("series_by_last") < plan.index("run_params_by_value") < plan.index("INTEGER PRIMARY KEY")
    )


@pytest.mark.parametrize(
    "clause", ["params.p = 'x'", "params.p LIKE 'x%'", "params.p LIKE '%x%'", "params.p != 'x'"]
)
def test_runs_with_a_text_are_found_in_the_index_alone(heard: Heard, clause: str) -> None:
    _, (term,) = terms_of(heard, clause)
    assert term.source is not None
    heard.all(term.source.text, term.source.params)
    assert heard.plan_of(-1).startswith("SEARCH x USING COVERING INDEX run_params_by_value")


def test_a_window_takes_the_runs_that_tie_with_its_end_when_they_are_few(heard: Heard) -> None:
    """Two statements for each window: where it ends, and what it holds."""
    assert len(asked(heard, "params.p = 'x'", "metrics.m")) == 10
    walked = [sql for sql, _ in heard.asked if "last_value" in sql]
    assert len(walked) % 2 == 0
    assert all("b.v" in sql for sql in walked[::2])
    assert not any("b.v" in sql for sql in walked[1::2])


def test_an_unfiltered_page_visits_no_more_runs_than_it_shows(heard: Heard) -> None:
    assert len(asked(heard, "", "metrics.m")) == 10
    ends = [params for sql, params in heard.asked if "b.v" in sql]
    assert len(ends) == 1
    assert 11 // 2 in ends[0]  # of each experiment, for the ten runs and the one that tells of a next page


def test_postgresql_checks_the_strictest_clause_first(heard: Heard) -> None:
    _, terms = terms_of(heard, "metrics.m != 7 AND status = 'RUNNING' AND params.p = 'x'")
    ordered, of_run = checks(terms, "d.run_id", "d.experiment_id", "postgresql")
    assert ordered.text.index("run_params") < ordered.text.index("series")
    assert ordered.text.startswith("CASE WHEN")
    assert of_run.text.startswith("r.status")

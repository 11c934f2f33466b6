"""Which runs a search finds, one page at a time.

Databases guess badly between two plans: visit what one clause matches, then sort; or visit runs in the
order asked for until a page is full. So the choice is made here. Bounded counts on index ranges say how
many runs the most selective clause leaves; where that is few, one statement does it all. Otherwise the
index of the first sort key is visited in windows that grow; what the windows let through says how far the
end of the page is, and where the most selective clause leaves what costs less than that, it takes over.
Runs that tie in the first key are a search of their own, ordered by the others, where they are many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runyard.store.sql.database import Connection
from runyard.store.sql.search.compile_runs import (
    SKIP,
    Scope,
    Term,
    checks,
    rows,
    scope_of,
    term_of,
)
from runyard.store.sql.search.fragments import NEVER, Sql, all_of
from runyard.store.sql.search.keyset import MISSING, NAN, VALUE, after, check_position, order_by
from runyard.store.sql.search.order_runs import (
    RunKey,
    Scalar,
    between,
    edge,
    from_driver,
    indexed,
    is_exact,
    key_list,
    ranked,
    run_keys,
    tied,
)
from runyard.store.sql.search.page import Found, RunSearch
from runyard.store.sql.search.selectivity import EVERYTHING, Selectivity, visit_cost

Row = tuple[Any, ...]  # run id, then the columns of the sort keys


@dataclass(frozen=True, slots=True)
class Tuning:
    """Sizes in rows; they decide what a search costs, never what it finds."""

    few: int = 600  # candidates that are cheaper to sort than to think about
    window: int = 256  # the first window along an index, where a clause may leave runs out
    largest_window: int = 16_384
    scan: int = 50_000  # visits that are left when reading all values of one key is cheaper
    listed: int = 20_000  # most runs that such a reading may find
    stride: int = 32  # least rows per experiment in a window


MEASURED = Tuning()


def search_runs(connection: Connection, search: RunSearch, tuning: Tuning = MEASURED) -> Found[int]:
    """Row ids of one page of runs.

    Ordered by search.order, then start time (newest first), then run id; total, so pages joined are the
    whole result.
    Raises: InvalidInput, for a position that does not fit the order.
    """
    scope = scope_of(connection, search)
    keys = run_keys(scope, search.order)
    if search.after is not None:
        check_position(search.after, key_list(keys))
    terms = sorted({term_of(scope, clause) for clause in search.filter}, key=lambda term: term.strictness)
    if not scope.experiments:
        return Found([])
    wanted = search.limit + 1
    found = _Search(scope, tuning).collect(_Task(terms, keys, search.after, wanted))
    page = found[: search.limit]
    return Found([row[0] for row in page], tuple(page[-1][1:]) if len(found) == wanted else None)


def matching_runs(connection: Connection, search: RunSearch, tuning: Tuning = MEASURED) -> list[int]:
    """Row ids of all runs that match, in no order, up to the limit of the search; its order and position say nothing.

    Cost: what the strictest clause leaves; without a filter, an index.
    """
    scope = scope_of(connection, search)
    terms = sorted({term_of(scope, clause) for clause in search.filter}, key=lambda term: term.strictness)
    return _Search(scope, tuning).all(terms, search.limit) if scope.experiments else []


@dataclass(frozen=True, slots=True)
class _Task:
    """Find `limit` runs that meet `terms`, in the order of `keys`, after a position in these keys."""

    terms: Sequence[Term]
    keys: Sequence[RunKey]
    after: Sequence[Any] | None
    limit: int


@dataclass(slots=True)
class _Progress:
    """A walk along the index of the first key."""

    low: Scalar | None
    stop: Scalar | None  # nothing beyond this value can match
    size: int
    visited: int = 0
    passed: int = 0

    def rows_needed(self, missing: int) -> float:
        """Rows still to visit, judging by those visited."""
        return missing * self.visited / max(self.passed, 0.5)


class _Search:
    """The statements of one search."""

    def __init__(self, scope: Scope, tuning: Tuning) -> None:
        self._scope = scope
        self._tuning = tuning
        self._selectivity = Selectivity(scope, tuning.few)

    def collect(self, task: _Task) -> list[Row]:
        if task.limit <= 0 or any(term.check == NEVER for term in task.terms):
            return []
        best = self._selectivity.few(task.terms)
        if best is not None or task.keys[0].walk is None:
            return self._sort(task, best or self._selectivity.least(task.terms))
        return self._walk(task)

    def all(self, terms: Sequence[Term], limit: int) -> list[int]:
        """Ids of all runs that meet terms."""
        if any(term.check == NEVER for term in terms):
            return []
        driver = self._selectivity.least(terms) if terms else None
        source = driver.source if driver else None
        others = [term for term in terms if driver is None or driver.check != term.check]
        ids = ("d.run_id", "d.experiment_id") if source else ("r.id", "r.experiment_id")
        conditions = checks(others, *ids, self._scope.dialect)
        conditions += self._in_scope(found_by_id=source is not None)
        statement = Sql("SELECT r.id") + self._tables(source) + all_of(conditions).wrap("WHERE ")
        return [row[0] for row in rows(self._scope.connection, statement + Sql("LIMIT ?", (limit,)))]

    # --- one statement

    def _tables(self, source: Sql | None) -> Sql:
        """The runs r, and the driving rows d where there are some."""
        if source is None:
            return Sql("FROM runs r")
        return source.wrap("FROM (", f") d CROSS JOIN {self._run_of_driver()}")

    def _sort(self, task: _Task, driver: Term | None) -> list[Row]:
        """Visit what driver's index range holds (every run of the experiments without one) and sort it."""
        source = driver.source if driver else None
        terms = [term for term in task.terms if driver is None or driver.check != term.check]
        return self._select(source, terms, task)

    def _select(self, source: Sql | None, terms: Sequence[Term], task: _Task) -> list[Row]:
        keys = key_list(task.keys)
        tables = self._tables(source)
        for key in task.keys:
            tables += key.join or Sql("")
        ids = ("d.run_id", "d.experiment_id") if source else ("r.id", "r.experiment_id")
        conditions = checks(terms, *ids, self._scope.dialect)
        conditions += self._in_scope(found_by_id=source is not None)
        if task.after is not None:
            conditions.append(after(keys, task.after))
        columns = ", ".join(column for key in keys for column in key.columns)
        tail = Sql(f"ORDER BY {order_by(keys)} LIMIT ?", (task.limit,))
        statement = Sql(f"SELECT r.id, {columns}") + tables + all_of(conditions).wrap("WHERE ") + tail
        return rows(self._scope.connection, statement)

    def _run_of_driver(self) -> str:
        """The run r of a driving row d, looked up row by row: it is the driver that leaves few."""
        if self._scope.dialect == "sqlite":
            return "runs r"  # a CROSS JOIN keeps its order
        return "LATERAL (SELECT * FROM runs WHERE id = d.run_id OFFSET 0) r"  # OFFSET keeps it apart

    def _in_scope(self, *, found_by_id: bool) -> list[Sql]:
        """The run's experiment and stage; where the id leads to the run, with no index on them taken."""
        here, staged = self._scope.here("r."), self._scope.staged("r.")
        if not found_by_id or self._scope.dialect != "sqlite":
            return [here, staged]
        return [
            Sql("r.id = d.run_id"),
            Sql(here.text.replace("r.experiment_id", "r.experiment_id + 0", 1), here.params),
            Sql(staged.text.replace("r.stage", "r.stage + 0", 1), staged.params),
        ]

    # --- along the index of the first key

    def _walk(self, task: _Task) -> list[Row]:
        key = task.keys[0]
        low, stop, present = _bounds(key, task.terms)
        found: list[Row] = []
        rank = VALUE
        if task.after is not None and task.after[0] is not None:
            rank = task.after[0]
        if rank == VALUE:
            complete = self._values(task, low, stop, found)
            if complete:
                return found
        for later in (NAN, MISSING):
            if later >= rank and len(found) < task.limit and later not in present:
                found += self._ranked(task, later, task.limit - len(found))
        return found

    def _ranked(self, task: _Task, rank: int, limit: int) -> list[Row]:
        key, rest = task.keys[0], task.keys[1:]
        term = ranked(self._scope, key, rank)
        if term is None or (rank == MISSING and self._nothing_missing(key)):
            return []
        resumed = task.after is not None and task.after[0] == rank
        position = task.after[2:] if resumed and task.after else None
        later = self.collect(_Task([*task.terms, term], rest, position, limit))
        return [(row[0], rank, None, *row[1:]) for row in later]

    def _nothing_missing(self, key: RunKey) -> bool:
        """True if every run of the experiments has the key: two counts instead of a visit to every run."""
        walk = key.walk
        if walk is None or walk.table == "runs":
            return False
        here = self._scope.here()
        having = all_of([here, walk.fixed]).wrap(f"SELECT count(*) FROM {walk.table} WHERE ")
        total = here.wrap("SELECT count(*) FROM runs WHERE ")
        connection = self._scope.connection
        return bool(rows(connection, having)[0][0] == rows(connection, total)[0][0])

    def _values(self, task: _Task, low: Scalar | None, stop: Scalar | None, found: list[Row]) -> bool:
        """Append runs that have the key, in order; True if the task is done."""
        key = task.keys[0]
        progress = _Progress(low, stop, max(task.limit, self._tuning.window if task.terms else 0))
        if task.after is not None:
            progress.low = indexed(key, task.after[1])
            found += self._tied(task, progress.low, task.limit, task.after)
        elif low is not None:
            found += self._tied(task, low, task.limit, None)
        while len(found) < task.limit:
            before = len(found)
            high, ties = edge(self._scope, key, progress.low, progress.size, self._tuning.stride)
            with_high = high is not None and ties < progress.size
            found += self._window(task, progress.low, high, task.limit - before, with_high=with_high)
            if high is None or len(found) >= task.limit or _past(key, high, stop):
                break
            if not with_high:
                found += self._tied(task, high, task.limit - len(found), None)
            progress.low = high
            progress.visited += progress.size
            progress.passed += len(found) - before
            if self._take_over(task, progress, found):
                return True
            progress.size = self._next_size(progress, task.limit - len(found))
        return len(found) >= task.limit

    def _window(
        self, task: _Task, low: Scalar | None, high: Scalar | None, limit: int, *, with_high: bool
    ) -> list[Row]:
        key = task.keys[0]
        keys = [from_driver(key), *task.keys[1:]]
        source = between(self._scope, key, low, high, with_high=with_high)
        return self._select(source, task.terms, _Task(task.terms, keys, None, limit))

    def _tied(self, task: _Task, value: Scalar, limit: int, position: Sequence[Any] | None) -> list[Row]:
        """Runs whose first key has this indexed value."""
        if limit <= 0:
            return []
        term = tied(self._scope, task.keys[0], value)
        terms = [*task.terms, term]
        if not is_exact(task.keys[0], value):
            return self._sort(_Task(terms, task.keys, position, limit), term)
        rest = self.collect(_Task(terms, task.keys[1:], position[2:] if position else None, limit))
        return [(row[0], VALUE, value, *row[1:]) for row in rest]

    def _next_size(self, progress: _Progress, missing: int) -> int:
        """As many rows as are expected to fill the page and some more, but never far more than were visited so far."""
        expected = int(progress.rows_needed(missing) * 1.1) + self._tuning.window // 2 + 1
        return min(expected, progress.visited * 4, self._tuning.largest_window)

    def _take_over(self, task: _Task, progress: _Progress, found: list[Row]) -> bool:
        """Let the most selective clause find the rest, if it leaves fewer runs than are still to visit."""
        needed = int(min(progress.rows_needed(task.limit - len(found)), EVERYTHING))
        low = progress.low
        if (
            len(found) >= task.limit
            or needed <= progress.size
            or low is None
            or not is_exact(task.keys[0], low)
        ):
            return False
        best = self._selectivity.cheaper(task.terms, needed * (SKIP + visit_cost(task.terms)))
        if best is None and needed > self._tuning.scan:
            best = self._selectivity.scanned(task.terms, min(needed, self._tuning.listed))
        if best is None:
            return False
        position = (VALUE, low)
        found += self._sort(_Task(task.terms, task.keys, position, task.limit - len(found)), best)
        return True


def _past(key: RunKey, high: Scalar, stop: Scalar | None) -> bool:
    if stop is None:
        return False
    return bool(high > stop if key.key.ascending else high < stop)  # type: ignore[operator]


def _bounds(key: RunKey, terms: Sequence[Term]) -> tuple[Scalar | None, Scalar | None, set[int]]:
    """Where clauses on the first key itself let a walk start and stop, and the ranks they rule out."""
    low = stop = None
    ruled_out: set[int] = set()
    for term in terms:
        if term.name != key.name or term.op is None or term.op == "IS NULL":
            continue
        ruled_out |= {MISSING} if term.op == "!=" else {NAN, MISSING}
        if term.op == "=" or (term.op in ("<", "<=", ">", ">=") and not isinstance(term.value, str)):
            low, stop = _narrow(key, term, low, stop)
    return low, stop, ruled_out


def _narrow(key: RunKey, term: Term, low: Any, stop: Any) -> tuple[Any, Any]:
    value = indexed(key, term.value) if isinstance(term.value, str) else term.value
    ascending = key.key.ascending
    first, last = (">", "<") if ascending else ("<", ">")
    best = max if ascending else min
    worst = min if ascending else max
    if term.op and (term.op[0] == first or term.op == "="):
        low = value if low is None else best(low, value)
    if term.op and (term.op[0] == last or term.op == "="):
        stop = value if stop is None else worst(stop, value)
    return low, stop

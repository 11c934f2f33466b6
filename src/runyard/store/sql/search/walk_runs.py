"""Which runs a search finds, one page at a time.

Databases guess badly between two plans: visit what one clause matches, then sort; or visit runs in the
order asked for until a page is full. So the choice is made here. Bounded counts on index ranges say how
many runs the most selective clause leaves; where that is few, one statement does it all. Otherwise the
index of the first sort key is visited in windows that grow; what the windows let through says how far the
end of the page is, and where the most selective clause leaves less than that, it takes over. Runs that tie
in the first key are a search of their own, ordered by the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from runyard.store.sql.database import Connection
from runyard.store.sql.search.compile_runs import Scope, Term, checks, rows, scope_of, term_of
from runyard.store.sql.search.fragments import NEVER, Sql, all_of, rows_of
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

COUNTED_TERMS = 16
EVERYTHING = 1_000_000

Row = tuple[Any, ...]  # run id, then the columns of the sort keys


@dataclass(frozen=True, slots=True)
class Tuning:
    """Sizes in rows; they decide what a search costs, never what it finds."""

    few: int = 1_200  # candidates that are cheaper to sort than to think about
    window: int = 256  # the first window along an index
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
        self._counts: dict[Sql, tuple[int, int]] = {}  # source -> rows found, counting up to
        self._too_many: set[Sql] = set()  # sources that were read in vain

    def collect(self, task: _Task) -> list[Row]:
        if task.limit <= 0 or any(term.check == NEVER for term in task.terms):
            return []
        best = self._selective(_ranged(task.terms), self._tuning.few)
        if best is not None or task.keys[0].walk is None:
            return self._sort(task, best or self._least(task.terms))
        return self._walk(task)

    # --- one statement

    def _sort(self, task: _Task, driver: Term | None) -> list[Row]:
        """Visit what driver's index range holds (every run of the experiments without one) and sort it."""
        source = driver.source if driver else None
        terms = [term for term in task.terms if driver is None or driver.check != term.check]
        return self._select(source, terms, task)

    def _select(self, source: Sql | None, terms: Sequence[Term], task: _Task) -> list[Row]:
        keys = key_list(task.keys)
        tables = source.wrap("FROM (", ") d CROSS JOIN runs r") if source else Sql("FROM runs r")
        for key in task.keys:
            tables += key.join or Sql("")
        conditions = checks(terms, "d.run_id" if source else "r.id")
        conditions += [Sql("r.id = d.run_id")] if source else []
        conditions += self._in_scope(found_by_id=source is not None)
        if task.after is not None:
            conditions.append(after(keys, task.after))
        columns = ", ".join(column for key in keys for column in key.columns)
        tail = Sql(f"ORDER BY {order_by(keys)} LIMIT ?", (task.limit,))
        statement = Sql(f"SELECT r.id, {columns}") + tables + all_of(conditions).wrap("WHERE ") + tail
        return rows(self._scope.connection, statement)

    def _in_scope(self, *, found_by_id: bool) -> list[Sql]:
        """The run's experiment and stage; where the id leads to the run, with no index on them taken."""
        here, staged = self._scope.here("r."), self._scope.staged("r.")
        if not found_by_id:
            return [here, staged]
        return [
            Sql(here.text.replace("r.experiment_id", "r.experiment_id + 0", 1), here.params),
            Sql(staged.text.replace("r.stage", "r.stage + 0", 1), staged.params),
        ]

    # --- selectivity

    def _count(self, term: Term, limit: int) -> int:
        """Rows of the term's source, counted up to limit."""
        if term.source is None:
            return limit
        known, counted_to = self._counts.get(term.source, (0, 0))
        if known < counted_to or limit <= counted_to:
            return min(known, limit)
        statement = term.source.wrap("SELECT count(*) FROM (", " LIMIT ?) c")
        count = int(rows(self._scope.connection, Sql(statement.text, (*statement.params, limit)))[0][0])
        self._counts[term.source] = count, limit
        return count

    def _selective(self, terms: Iterable[Term], limit: int) -> Term | None:
        """The term with the smallest source, if that holds fewer than limit rows."""
        best: Term | None = None
        for term in islice((term for term in terms if term.source is not None), COUNTED_TERMS):
            count = self._count(term, limit)
            if count < limit:
                best, limit = term, count
        return best

    def _scanned(self, terms: Iterable[Term], limit: int) -> Term | None:
        """The strictest term whose source takes reading all values of a key, read once; None: too many."""
        term = next((term for term in terms if term.source is not None and not term.ranged), None)
        if term is None or term.source is None or term.source in self._too_many:
            return None
        statement = Sql(f"{term.source.text} LIMIT ?", (*term.source.params, limit))
        ids = [row[0] for row in rows(self._scope.connection, statement)]
        if len(ids) == limit:
            self._too_many.add(term.source)
            return None
        listed = rows_of(ids, self._scope.dialect).wrap("SELECT e.value AS run_id FROM ")
        return replace(term, source=listed, ranged=True)

    def _least(self, terms: Sequence[Term]) -> Term | None:
        """The term with the smallest source, whatever it holds."""
        ranged = [term for term in terms if term.ranged]
        limit = max(self._tuning.few, 1)
        while ranged and limit < EVERYTHING:
            limit *= 8
            best = self._selective(ranged, limit)
            if best is not None:
                return best
        return next((term for term in terms if term.source is not None), None)

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
        progress = _Progress(low, stop, max(task.limit, self._tuning.window))
        if task.after is not None:
            progress.low = indexed(key, task.after[1])
            found += self._tied(task, progress.low, task.limit, task.after)
        elif low is not None:
            found += self._tied(task, low, task.limit, None)
        while len(found) < task.limit:
            high = edge(self._scope, key, progress.low, progress.size, self._tuning.stride)
            window = self._window(task, progress.low, high, task.limit - len(found))
            found += window
            if high is None or len(found) >= task.limit or _past(key, high, stop):
                break
            tie = self._tied(task, high, task.limit - len(found), None)
            found += tie
            progress.low = high
            progress.visited += progress.size
            progress.passed += len(window) + len(tie)
            if self._take_over(task, progress, found):
                return True
            progress.size = self._next_size(progress, task.limit - len(found))
        return len(found) >= task.limit

    def _window(self, task: _Task, low: Scalar | None, high: Scalar | None, limit: int) -> list[Row]:
        key = task.keys[0]
        keys = [from_driver(key), *task.keys[1:]]
        return self._select(
            between(self._scope, key, low, high), task.terms, _Task(task.terms, keys, None, limit)
        )

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
        """As many rows as are expected to fill the page, but never far more than were visited so far."""
        expected = int(progress.rows_needed(missing) * 1.1) + 1
        return min(max(expected, progress.size // 4), progress.visited * 4, self._tuning.largest_window)

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
        best = self._selective(_ranged(task.terms), needed)
        if best is None and needed > self._tuning.scan:
            best = self._scanned(task.terms, min(needed, self._tuning.listed))
        if best is None:
            return False
        position = (VALUE, low)
        found += self._sort(_Task(task.terms, task.keys, position, task.limit - len(found)), best)
        return True


def _ranged(terms: Iterable[Term]) -> Iterable[Term]:
    return (term for term in terms if term.ranged)


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

"""Which clause leaves so few runs that visiting them is cheaper than the alternative.

Rows of index ranges are counted, but never more than would be cheaper to visit, and again only when that has grown
several times, so that counting costs less than what it may spare.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from runyard.store.sql.search.compile_runs import FAR, SKIP, Scope, Term, rows, visit_order
from runyard.store.sql.search.fragments import Sql, rows_of

COUNTED_TERMS = 16
EVERYTHING = 1_000_000
WORTH_COUNTING = 4  # times what was counted in vain


class Selectivity:
    """The counts of one search; each range is counted once as far as needed.

    Args:
        few: candidates that are cheaper to sort than to think about, where each takes a look-up by the run.
    """

    def __init__(self, scope: Scope, few: int) -> None:
        self._scope = scope
        self._few = few
        self._counts: dict[Sql, tuple[int, int]] = {}  # source -> rows found, counting up to
        self._too_many: set[Sql] = set()  # sources that were read in vain

    def count(self, term: Term, limit: int) -> int:
        """Rows of the term's source, up to limit, which is also the answer where they are likely more."""
        if term.source is None:
            return limit
        known, counted_to = self._counts.get(term.source, (0, 0))
        if known < counted_to or limit <= counted_to:
            return min(known, limit)
        if limit < known * WORTH_COUNTING:
            return limit
        statement = term.source.wrap("SELECT count(*) FROM (", " LIMIT ?) c")
        count = int(rows(self._scope.connection, Sql(statement.text, (*statement.params, limit)))[0][0])
        self._counts[term.source] = count, limit
        return count

    def few(self, terms: Sequence[Term]) -> Term | None:
        """A ranged term that leaves so few runs that nothing else is worth a thought."""
        return self.cheaper(terms, self._few * FAR)

    def cheaper(self, terms: Sequence[Term], cost: float) -> Term | None:
        """The ranged term whose runs are visited at the least cost, if that is below cost."""
        best: Term | None = None
        for term in islice(
            (term for term in terms if term.ranged and term.source is not None), COUNTED_TERMS
        ):
            row_cost = SKIP + visit_cost([other for other in terms if other is not term])
            limit = int(min(cost / row_cost, EVERYTHING))
            count = self.count(term, limit)
            if count < limit:
                best, cost = term, count * row_cost
        return best

    def least(self, terms: Sequence[Term]) -> Term | None:
        """The term that leaves the fewest runs, whatever that costs."""
        limit = max(self._few, 1)
        while any(term.ranged for term in terms) and limit < EVERYTHING:
            limit *= 8
            best = self.cheaper(terms, limit * FAR)
            if best is not None:
                return best
        return next((term for term in terms if term.source is not None), None)

    def scanned(self, terms: Iterable[Term], limit: int) -> Term | None:
        """The strictest term whose source takes reading all values of a key, read once; None: too many."""
        term = next((term for term in terms if term.source is not None and not term.ranged), None)
        if term is None or term.source is None or term.source in self._too_many:
            return None
        statement = Sql(f"{term.source.text} LIMIT ?", (*term.source.params, limit))
        ids = [row[0] for row in rows(self._scope.connection, statement)]
        if len(ids) == limit:
            self._too_many.add(term.source)
            return None
        listed = rows_of(ids, self._scope.dialect).wrap(
            "SELECT e.value AS run_id, (SELECT experiment_id FROM runs WHERE id = e.value) AS experiment_id FROM "
        )
        return replace(term, source=listed, ranged=True)


def visit_cost(terms: Iterable[Term]) -> float:
    """Of checking one run: mostly the strictest check is the only one; without one its row is read."""
    ordered = visit_order(terms)
    return ordered[0].check_cost if ordered else FAR

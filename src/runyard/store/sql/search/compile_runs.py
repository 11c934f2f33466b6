"""Clauses of a run filter as SQL: a check on one run, and where possible the range that holds all matches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runyard.entities.common import Stage, ViewType
from runyard.entities.search.tables import STATISTICS
from runyard.entities.search.tree import Comparison, Name, Operator, Value
from runyard.store.sql.database import Connection, Dialect
from runyard.store.sql.run_texts import WHOLE, stored, whole_from_index
from runyard.store.sql.search.fragments import (
    ALWAYS,
    NEVER,
    PREFIX,
    Sql,
    all_of,
    among,
    compare,
    compare_enum,
    join,
    text_range,
)
from runyard.store.sql.search.page import RunSearch

STATUS_NAMES = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}

STATISTIC_COLUMNS = {
    "": "last_value",
    "min": "min_value",
    "max": "max_value",
    "first": "first_value",
    "count": "count",
    "mean": "sum / NULLIF({0}.numbers, 0)",
    "min_step": "min_step",
    "max_step": "max_step",
}
ATTRIBUTES = {
    "run_id": "uuid",
    "run_name": "name",
    "status": "status",
    "user_id": "user_id",
    "artifact_uri": "artifact_uri",
    "start_time": "start_ms",
    "end_time": "end_ms",
}
TEXT_TABLES = {"parameter": "run_params", "tag": "run_tags"}
SKIP = 0.1  # the next row of an index
NEAR = 0.8  # a look-up in an index range whose pages many look-ups share
FAR = 2.0  # a look-up by the run, mostly on a page that nothing else needs


@dataclass(frozen=True, slots=True)
class Term:
    """One condition on a run.

    `check` holds for the run of alias r; where it needs nothing but the run's id and experiment, these are
    written RUN_ID and EXPERIMENT. `source` selects run_id and experiment_id of all runs of the experiments
    that meet it (and perhaps of others, where that cannot be seen). Costs are in microseconds, roughly.
    """

    check: Sql
    source: Sql | None = None
    ranged: bool = (
        False  # the source is one index range, so its rows can be counted for what they cost to skip
    )
    check_cost: float = FAR
    name: Name | None = None
    op: Operator | None = None
    value: Value = None

    @property
    def strictness(self) -> int:
        """A guess at how few runs pass, for want of counts: 0 is fewest."""
        return _STRICTNESS.get(self.op or "=", 3)


RUN_ID = "{run}"
EXPERIMENT = "{experiment}"
_X = "x.run_id AS run_id, x.experiment_id AS experiment_id"
_RUN = "id AS run_id, experiment_id"
_STRICTNESS: dict[Operator, int] = {
    "=": 0,
    "IN": 1,
    "LIKE": 2,
    "ILIKE": 2,
    "!=": 4,
    "NOT IN": 4,
    "IS NOT NULL": 4,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Where one search looks: known experiments, stages, and the row ids of the names that it uses."""

    connection: Connection
    experiments: tuple[int, ...]
    stages: tuple[int, ...]
    key_ids: dict[str, int]

    @property
    def dialect(self) -> Dialect:
        return self.connection.dialect

    def here(self, alias: str = "") -> Sql:
        """Rows of the searched experiments."""
        return among(f"{alias}experiment_id", self.experiments, self.dialect)

    def staged(self, alias: str = "") -> Sql:
        """Runs of the wanted stages."""
        return Sql(f"{alias}stage IN ({', '.join(map(str, self.stages))})")


def scope_of(connection: Connection, search: RunSearch) -> Scope:
    """Look up what the search names."""
    names = {key for name in _names(search) for key in _candidates(name)}
    return Scope(
        connection,
        known_experiments(connection, search.experiment_ids),
        stages_of(search.view),
        _ids(connection, names),
    )


def stages_of(view: ViewType) -> tuple[int, ...]:
    """The stages of the runs that a view shows."""
    stages = {
        ViewType.ACTIVE_ONLY: (int(Stage.ACTIVE),),
        ViewType.DELETED_ONLY: (int(Stage.DELETED),),
        ViewType.ALL: (int(Stage.ACTIVE), int(Stage.DELETED)),
    }
    return stages[view]


def known_experiments(connection: Connection, ids: Iterable[int]) -> tuple[int, ...]:
    """Those ids that exist, ascending."""
    wanted = sorted({id for id in ids if 0 <= id < 2**63})
    if not wanted:
        return ()
    where = among("id", wanted, connection.dialect)
    rows = connection.all(f"SELECT id FROM experiments WHERE {where.text} ORDER BY id", where.params)
    return tuple(row[0] for row in rows)


def _names(search: RunSearch) -> list[Name]:
    return [term.name for term in search.filter] + [key.name for key in search.order]


def _candidates(name: Name) -> list[str]:
    if name.entity not in ("metric", "parameter", "tag"):
        return []
    base, _, stat = name.key.rpartition(".")
    return [name.key, base] if name.entity == "metric" and stat in STATISTICS else [name.key]


def _ids(connection: Connection, names: set[str]) -> dict[str, int]:
    if not names:
        return {}
    where = among("name", sorted(names), connection.dialect)
    return {
        row[1]: row[0]
        for row in connection.all(f"SELECT id, name FROM keys WHERE {where.text}", where.params)
    }


def resolve(scope: Scope, name: Name) -> Name:
    """`metrics.K.min` as the metric K.min where a searched experiment has one, else as the minimum of K.

    What is equal in meaning is equal after this.
    """
    base, dot, stat = name.key.rpartition(".")
    plain = name.entity != "metric" or name.exact or name.stat or not dot or stat not in STATISTICS
    if not plain and not (name.key in scope.key_ids and _has_series(scope, scope.key_ids[name.key])):
        name = Name("metric", base, stat)
    return replace(name, exact=False, stat="" if name.stat == "last" else name.stat)


def _has_series(scope: Scope, key_id: int) -> bool:
    where = scope.here() + Sql("AND key_id = ?", (key_id,))
    return scope.connection.one(f"SELECT 1 FROM series WHERE {where.text} LIMIT 1", where.params) is not None


def term_of(scope: Scope, clause: Comparison) -> Term:
    """The clause as SQL."""
    name = resolve(scope, clause.name)
    if name.entity == "metric":
        term = metric_term(scope, name, clause.op, clause.value)
    elif name.entity in TEXT_TABLES:
        term = text_term(scope, name, clause.op, clause.value)
    elif name.entity == "dataset":
        term = _dataset_term(scope, name.key, clause.op, clause.value)
    else:
        term = attribute_term(scope, name.key, clause.op, clause.value)
    return replace(term, name=name, op=clause.op, value=clause.value)


def statistic(alias: str, stat: str) -> str:
    """A column of series, qualified."""
    return f"{alias}.{STATISTIC_COLUMNS[stat].format(alias)}"


def metric_term(scope: Scope, name: Name, op: Operator, value: Value) -> Term:
    """NaN (a NULL column) matches only !=."""
    key_id = scope.key_ids.get(name.key)
    if key_id is None:
        return Term(NEVER)
    column = statistic("x", name.stat)
    condition = compare(column, op, value, scope.dialect)
    if op == "!=":
        condition = condition.wrap("(", f" OR {column} IS NULL)")
    if name.stat:
        return Term(
            _of_run("series", key_id, condition).wrap("", " = 1"), _every_run(scope, key_id, condition)
        )
    return _fact_term(scope, "series", key_id, condition, condition, ranged=op != "!=")


def _every_run(scope: Scope, key_id: int, condition: Sql) -> Sql:
    """Reads one run after the other, whose series lie side by side; in the order of a value they do not."""
    of_run = Sql("x.run_id = q.id AND x.key_id = ?", (key_id,))
    where = all_of([scope.here("q."), scope.staged("q."), of_run, condition])
    return where.wrap(f"SELECT {_X} FROM runs q CROSS JOIN series x WHERE ")


def text_term(scope: Scope, name: Name, op: Operator, value: Value) -> Term:
    """A clause on params or tags."""
    table = TEXT_TABLES[name.entity]
    key_id = scope.key_ids.get(name.key)
    if key_id is None:
        return Term(ALWAYS if op == "IS NULL" else NEVER)
    if op == "IS NULL":
        return Term(_of_run(table, key_id, ALWAYS).wrap("", " IS NULL"))
    if op == "IS NOT NULL":
        return _fact_term(scope, table, key_id, ALWAYS, ALWAYS, ranged=True)
    if op == "=":
        return _equal_text_term(scope, table, key_id, str(value))
    check = compare(f"({WHOLE.format('x')})", op, value, scope.dialect)
    found = compare(f"({whole_from_index(table, 'x')})", op, value, scope.dialect)
    starting = text_range(op, value, scope.dialect, "x.value")
    if starting is None:
        return _fact_term(scope, table, key_id, check, found)
    within, exact = starting
    return _fact_term(
        scope, table, key_id, check, within if exact else within + found.wrap("AND "), ranged=True
    )


def _equal_text_term(scope: Scope, table: str, key_id: int, text: str) -> Term:
    """The runs of one text lie together in the index, so each is checked there; SQLite does so when told."""
    value, rest = stored(text)
    equal = Sql("x.value = ?", (value,))
    if rest is not None:
        equal += Sql("AND x.rest = ?", (rest,))
    elif len(value) == PREFIX:
        equal += Sql("AND x.rest IS NULL")
    term = _fact_term(scope, table, key_id, equal, equal, ranged=True)
    told = f" INDEXED BY {table}_by_value" if scope.dialect == "sqlite" else ""
    this_run = Sql(f"x.experiment_id = {EXPERIMENT} AND x.run_id = {RUN_ID} AND x.key_id = ?", (key_id,))
    check = all_of([this_run, equal]).wrap(f"(SELECT 1 FROM {table} x{told} WHERE ", ") = 1")
    return replace(term, check=check, check_cost=NEAR)


def _fact_term(
    scope: Scope, table: str, key_id: int, check: Sql, found: Sql, *, ranged: bool = False
) -> Term:
    """A condition on the row of this key: `check` for one run, `found` (the same, indexed) for all."""
    where = all_of([scope.here("x."), Sql("x.key_id = ?", (key_id,)), found])
    source = where.wrap(f"SELECT {_X} FROM {table} x WHERE ")
    return Term(_of_run(table, key_id, check).wrap("", " = 1"), source, ranged)


def _of_run(table: str, key_id: int, condition: Sql) -> Sql:
    row = all_of([Sql(f"x.run_id = {RUN_ID} AND x.key_id = ?", (key_id,)), condition])
    return row.wrap(f"(SELECT 1 FROM {table} x WHERE ", ")")


def attribute_term(scope: Scope, key: str, op: Operator, value: Value) -> Term:
    """A clause on a column of runs."""
    column = ATTRIBUTES[key]
    if key == "status":
        return _status_term(scope, op, value)
    check = compare(f"r.{column}", op, value, scope.dialect)
    if key == "run_id" and op in ("=", "IN"):
        return Term(check, compare("uuid", op, value, scope.dialect).wrap(f"SELECT {_RUN} FROM runs WHERE "))
    ranged = (key == "run_name" and op == "=") or (key == "start_time" and op != "!=")
    if not ranged:
        return Term(check)
    where = all_of([scope.here(), scope.staged(), compare(column, op, value, scope.dialect)])
    return Term(check, where.wrap(f"SELECT {_RUN} FROM runs WHERE "), ranged=True)


def _status_term(scope: Scope, op: Operator, value: Value) -> Term:
    check = compare_enum("r.status", op, value, STATUS_NAMES)
    if check == NEVER:
        return Term(NEVER)
    where = scope.here() + compare_enum("status", op, value, STATUS_NAMES).wrap("AND ")
    return Term(check, where.wrap(f"SELECT {_RUN} FROM runs WHERE "), ranged=True)


_DATASET_COLUMNS = {"name": "ds.name", "digest": "ds.digest", "context": "rd.context"}


def _dataset_term(scope: Scope, key: str, op: Operator, value: Value) -> Term:
    """Holds for a run if any of its datasets fits."""
    condition = compare(_DATASET_COLUMNS[key], op, value, scope.dialect)
    joined = "run_datasets rd CROSS JOIN datasets ds WHERE ds.id = rd.dataset_id AND "
    check = condition.wrap(f"(SELECT max(1) FROM {joined}rd.run_id = {RUN_ID} AND ", ") = 1")
    if key == "context":
        return Term(check)
    found = all_of([scope.here("ds."), condition])
    source = found.wrap(
        "SELECT DISTINCT rd.run_id AS run_id, ds.experiment_id AS experiment_id FROM datasets ds CROSS JOIN run_datasets rd "
        "WHERE rd.dataset_id = ds.id AND "
    )
    return Term(check, source, ranged=True)


def rows(connection: Connection, statement: Sql) -> list[tuple[Any, ...]]:
    """All rows of a statement."""
    return connection.all(statement.text, statement.params)


def checks(terms: Sequence[Term], run_id: str, experiment_id: str, dialect: Dialect) -> list[Sql]:
    """The conditions of terms, each once, in the order of `visit_order`, without those that always hold."""
    found = dict.fromkeys(term.check for term in visit_order(terms) if term.check != ALWAYS)
    look_ups = [check for check in found if RUN_ID in check.text]
    others = [check for check in found if RUN_ID not in check.text]
    placed = [
        Sql(check.text.replace(RUN_ID, run_id).replace(EXPERIMENT, experiment_id), check.params)
        for check in look_ups
    ]
    if dialect == "postgresql" and len(placed) > 1:  # it takes conditions in the order of its own estimates
        failing = join(" ", [check.wrap("WHEN (", ") IS NOT TRUE THEN FALSE") for check in placed])
        placed = [failing.wrap("CASE ", " ELSE TRUE END")]
    return placed + others


def visit_order(terms: Iterable[Term]) -> list[Term]:
    """The strictest term first, of those alike the cheapest."""
    return sorted(terms, key=lambda term: (term.strictness, term.check_cost))

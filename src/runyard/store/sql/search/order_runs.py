"""Sort keys of runs: their columns, their joins, and the index in whose order runs can be visited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from runyard.entities.search.tree import Name, Order, OrderBy
from runyard.store.sql.run_texts import WHOLE, whole_from_index
from runyard.store.sql.search.compile_runs import (
    ATTRIBUTES,
    RUN_ID,
    STATUS_NAMES,
    TEXT_TABLES,
    Scope,
    Term,
    resolve,
    rows,
    statistic,
)
from runyard.store.sql.search.fragments import (
    NEVER,
    PREFIX,
    Sql,
    all_of,
    enum_rank,
    join,
    ordered_text,
    rows_of,
)
from runyard.store.sql.search.keyset import MISSING, NAN, VALUE, Key, nullable

Scalar = int | float | str

START = Name("attribute", "start_time")
UUID = Name("attribute", "run_id")


@dataclass(frozen=True, slots=True)
class Walk:
    """An index over runs: per experiment and part, rows in the order of `value`.

    Args of a range: `fixed` conditions without parameters of the range; `id` is the run's column.
    """

    table: str
    id: str
    value: str
    parts: tuple[Sql, ...]  # one condition per ordered piece of the index
    fixed: Sql  # all pieces together
    prefix: bool = False  # value is only the start of the text
    nan: bool = False  # NULL stands for NaN


@dataclass(frozen=True, slots=True)
class RunKey:
    """One sort key of a run search. `join` brings its columns in; `walk` visits runs in its order."""

    name: Name
    key: Key
    join: Sql | None = None
    walk: Walk | None = None
    optional: bool = True  # runs without it exist


def run_keys(scope: Scope, order: Order) -> list[RunKey]:
    """Keys that order all runs: those asked for, then start time, newest first, then run id."""
    keys = [_key(scope, clause, number) for number, clause in enumerate(order)]
    named = {key.name for key in keys}
    for clause in (OrderBy(START, ascending=False), OrderBy(UUID)):
        if clause.name not in named:
            keys.append(_key(scope, clause, len(keys)))
    return keys


def _key(scope: Scope, clause: OrderBy, number: int) -> RunKey:
    name = resolve(scope, clause.name)
    if name.entity == "attribute":
        return _attribute_key(scope, name, clause.ascending)
    key_id = scope.key_ids.get(name.key, -1)
    alias = f"o{number}"
    table = TEXT_TABLES.get(name.entity, "series")
    joined = Sql(
        f"LEFT JOIN {table} {alias} ON {alias}.run_id = r.id AND {alias}.key_id = ?",
        (key_id,),
    )
    if name.entity == "metric":
        return _metric_key(scope, name, clause.ascending, alias, joined, key_id)
    value = ordered_text(f"({WHOLE.format(alias)})", scope.dialect)
    walk = _series_walk(scope, table, ordered_text("value", scope.dialect), key_id, prefix=True)
    return RunKey(name, nullable(value, clause.ascending), joined, walk)


def _metric_key(scope: Scope, name: Name, ascending: bool, alias: str, joined: Sql, key_id: int) -> RunKey:
    value = statistic(alias, name.stat)
    rank = f"CASE WHEN {alias}.run_id IS NULL THEN {MISSING} WHEN {value} IS NULL THEN {NAN} ELSE {VALUE} END"
    walk = None
    if not name.stat:
        walk = _series_walk(scope, "series", "last_value", key_id, nan=True)
    return RunKey(name, Key(value, ascending, rank), joined, walk)


def _series_walk(
    scope: Scope, table: str, value: str, key_id: int, *, prefix: bool = False, nan: bool = False
) -> Walk:
    fixed = Sql("key_id = ?", (key_id,))
    return Walk(table, "run_id", value, (fixed,), fixed, prefix, nan)


def _attribute_key(scope: Scope, name: Name, ascending: bool) -> RunKey:
    column = f"r.{ATTRIBUTES[name.key]}"
    if name.key == "start_time":
        parts = tuple(Sql(f"stage = {stage}") for stage in scope.stages)
        return RunKey(
            name, nullable(column, ascending), walk=Walk("runs", "id", "start_ms", parts, scope.staged())
        )
    if name.key == "end_time":
        return RunKey(name, nullable(column, ascending))
    if name.key == "status":
        return RunKey(name, Key(enum_rank(column, STATUS_NAMES), ascending), optional=False)
    return RunKey(name, Key(ordered_text(column, scope.dialect), ascending), optional=False)


# --- parts of the index as terms


def between(
    scope: Scope, key: RunKey, low: Scalar | None, high: Scalar | None, *, with_high: bool = False
) -> Sql:
    """Runs whose indexed value lies strictly between low and high, in the key's direction; None is open.

    Args:
        with_high: runs that have the value high come too.
    """
    walk = _walk(key)
    up, down = (">", "<") if key.key.ascending else ("<", ">")
    down += "=" if with_high else ""
    bounds = [
        Sql(f"{walk.value} {sign} ?", (bound,))
        for sign, bound in ((up, low), (down, high))
        if bound is not None
    ]
    where = all_of([scope.here(), walk.fixed, *(bounds or [Sql(f"{walk.value} IS NOT NULL")])])
    return where.wrap(f"SELECT {_ids(walk)}, {_column(walk)} AS v FROM {walk.table} t WHERE ")


def _ids(walk: Walk) -> str:
    return f"{walk.id} AS run_id, experiment_id"


def _column(walk: Walk) -> str:
    return whole_from_index(walk.table, "t") if walk.prefix else walk.value


def tied(scope: Scope, key: RunKey, value: Scalar) -> Term:
    """Runs whose indexed value is this one."""
    walk = _walk(key)
    where = all_of([scope.here(), walk.fixed, Sql(f"{walk.value} = ?", (value,))])
    source = where.wrap(f"SELECT {_ids(walk)} FROM {walk.table} WHERE ")
    return Term(_of_run(walk, Sql(f"{walk.value} = ?", (value,))), source, ranged=True)


def ranked(scope: Scope, key: RunKey, rank: int) -> Term | None:
    """Runs where the key is NaN or missing; None if there can be none."""
    walk = _walk(key)
    if rank == NAN and not walk.nan:
        return None
    if rank == MISSING and walk.table != "runs":
        return Term(_of_run(walk, None))
    empty = Sql(f"{walk.value} IS NULL")
    where = all_of([scope.here(), walk.fixed, empty])
    source = where.wrap(f"SELECT {_ids(walk)} FROM {walk.table} WHERE ")
    return Term(_of_run(walk, empty), source, ranged=True)


def _of_run(walk: Walk, condition: Sql | None) -> Sql:
    """condition on this run's row of the index; None: there is no such row."""
    if walk.table == "runs":
        return condition.wrap("r.") if condition else NEVER
    row = all_of([Sql(f"{walk.id} = {RUN_ID}"), walk.fixed, *([condition] if condition else [])])
    return row.wrap(f"(SELECT 1 FROM {walk.table} WHERE ", ") = 1" if condition else ") IS NULL")


def from_driver(key: RunKey) -> RunKey:
    """The same key read from the column v of a driving range (see `between`), without its own join."""
    walk = _walk(key)
    value = "d.v"
    if walk.prefix and 'COLLATE "C"' in key.key.value:
        value = 'd.v COLLATE "C"'
    return replace(key, key=Key(value, key.key.ascending, "0 + 0"), join=None)


class Edge(NamedTuple):
    """Where a window ends. None: it takes the rest. `ties` runs have that value; they are not counted beyond its size."""

    value: Scalar | None
    ties: int


def edge(scope: Scope, key: RunKey, low: Scalar | None, size: int, stride: int) -> Edge:
    """The indexed value about `size` rows after low. Cost: one statement that passes over so many index entries."""
    walk = _walk(key)
    skipped = max(size // (len(scope.experiments) * len(walk.parts)), stride)
    ends = join(" UNION ALL ", [_end(scope, key, part, low, skipped) for part in walk.parts])
    nearest = ends.wrap(f"(SELECT {'min' if key.key.ascending else 'max'}(a.v) AS v FROM (", ") a) b")
    tied = all_of([scope.here(), walk.fixed, Sql(f"{walk.value} = b.v")])
    tied = tied.wrap(f"SELECT 1 FROM {walk.table} WHERE ") + Sql("LIMIT ?", (size,))
    statement = tied.wrap("SELECT b.v, (SELECT count(*) FROM (", ") c) FROM") + nearest
    return Edge(*rows(scope.connection, statement)[0])


def _end(scope: Scope, key: RunKey, part: Sql, low: Scalar | None, skipped: int) -> Sql:
    """For each experiment the value so many rows after low."""
    walk = _walk(key)
    sign, way = (">", "ASC") if key.key.ascending else ("<", "DESC")
    bound = Sql(f"{walk.value} {sign} ?", (low,)) if low is not None else Sql(f"{walk.value} IS NOT NULL")
    where = all_of([Sql("experiment_id = e.value"), part, bound])
    last = Sql(f"ORDER BY {walk.value} {way} LIMIT 1 OFFSET ?) AS v FROM", (skipped,))
    found = where.wrap(f"SELECT (SELECT {walk.value} FROM {walk.table} WHERE ") + last
    return found + rows_of(scope.experiments, scope.dialect)


def _walk(key: RunKey) -> Walk:
    if key.walk is None:
        raise AssertionError(f"{key.name} has no index")
    return key.walk


def is_exact(key: RunKey, value: Scalar) -> bool:
    """True if rows with this indexed value are equal in the key itself."""
    return not (_walk(key).prefix and isinstance(value, str) and len(value) >= PREFIX)


def indexed(key: RunKey, value: Scalar) -> Scalar:
    """The part of a key's value that the index holds."""
    return value[:PREFIX] if _walk(key).prefix and isinstance(value, str) else value


def key_list(keys: Sequence[RunKey]) -> list[Key]:
    """Their sort expressions."""
    return [key.key for key in keys]

"""Statements about runs as a table: a search for their row ids, then the columns that are shown, and no others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from runyard.entities.common import ViewType
from runyard.entities.run import PARENT_TAG
from runyard.entities.run_table import STATS, MetricColumn, Number, RunInfo, RunRows, RunTable, TableColumns
from runyard.entities.search.grammar import parse_filter, parse_order_by
from runyard.entities.search.tables import RUNS
from runyard.store.contracts import Seen
from runyard.store.run_table_contracts import TableQuery
from runyard.store.sql.database import Connection, Database
from runyard.store.sql.run_texts import WHOLE
from runyard.store.sql.search.compile_runs import STATISTIC_COLUMNS, stages_of
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest
from runyard.store.sql.search.fragments import PREFIX, among
from runyard.store.sql.search.page import RunSearch
from runyard.store.sql.search.walk_runs import search_runs
from runyard.store.sql.visible_experiments import is_seen, visible

MOST_COUNTED = 250_000
ALL_KEYS = 1_000  # columns of one kind that all_… may bring
INFO = f"""SELECT r.id, r.uuid, r.experiment_id, r.name, r.status, r.user_id, r.start_ms, r.end_ms, r.stage, r.version,
    (SELECT {WHOLE.format("p")} FROM run_tags p WHERE p.run_id = r.id AND p.key_id = ?),
    (SELECT count(*) FROM run_tags n WHERE n.experiment_id = r.experiment_id AND n.key_id = ?
        AND n.value = substr(r.uuid, 1, {PREFIX}))
    FROM runs r WHERE r.workspace_id = ? AND {{which}}"""
SERIES = "SELECT s.run_id, s.key_id, {columns} FROM series s WHERE {which}"
TEXTS = f"SELECT t.run_id, t.key_id, {WHOLE.format('t')} FROM {{table}} t WHERE {{which}}"
KEYS = "SELECT id, name FROM keys WHERE {which}"
COUNT = "SELECT count(*) FROM (SELECT 1 FROM runs WHERE {which} LIMIT ?) c"


class SqlRunTable:
    """RunTableStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._page_key = page_key

    async def page(self, query: TableQuery) -> RunTable:
        """Row ids by the search of runs (search/walk_runs.py), then columns of the first rows."""
        digest = query_digest(
            "run table",
            query.workspace_id,
            list(query.experiment_ids),
            int(query.view),
            query.filter_string,
            list(query.order_by),
        )
        terms, order = parse_filter(query.filter_string, RUNS), parse_order_by(list(query.order_by), RUNS)
        after = decode_token(self._page_key, digest, query.page_token)

        def work(c: Connection) -> RunTable:
            experiments = visible(c, query.workspace_id, query.experiment_ids, query.seen, query.view)
            found = search_runs(c, RunSearch(experiments, query.max_results, terms, order, query.view, after))
            token = encode_token(self._page_key, digest, found.after) if found.after is not None else None
            total = None
            if after is None:
                total = len(found.ids) if token is None else None
                if token is not None and not terms:
                    total = count_runs(c, experiments, query.view)
            rows = load_rows(c, query.workspace_id, None, found.ids[: query.rows], query.columns)
            return RunTable(found.ids, rows, token, total)

        return await self._database.read(work)

    async def rows(
        self,
        workspace_id: int,
        seen: Seen | None,
        *,
        handles: Sequence[int] = (),
        run_ids: Sequence[str] = (),
        columns: TableColumns,
    ) -> RunRows:
        """By handles, else by ids."""

        def work(c: Connection) -> RunRows:
            return load_rows(c, workspace_id, seen, handles or run_ids, columns)

        return await self._database.read(work)


def count_runs(c: Connection, experiments: Sequence[int], view: ViewType) -> int | None:
    """Runs of experiments, from the index alone; None where they are very many."""
    here = among("experiment_id", experiments, c.dialect)
    stages = ", ".join(map(str, stages_of(view)))
    sql = COUNT.format(which=f"{here.text} AND stage IN ({stages})")
    row = c.one(sql, (*here.params, MOST_COUNTED + 1))
    assert row is not None
    return int(row[0]) if row[0] <= MOST_COUNTED else None


def load_rows(
    c: Connection,
    workspace_id: int,
    seen: Seen | None,
    wanted: Sequence[int] | Sequence[str],
    columns: TableColumns,
) -> RunRows:
    """Rows of runs given by handle or by id. Cost: one look-up for each value that is shown."""
    infos = load_infos(c, workspace_id, wanted)
    by_name: dict[Any, RunInfo] = {}
    for info in infos:
        if is_seen(seen, info.experiment_id):
            by_name[info.handle] = by_name[info.run_id] = info
    shown = [by_name[one] for one in dict.fromkeys(wanted) if one in by_name]
    places = {info.handle: place for place, info in enumerate(shown)}
    metrics = _metrics(c, places, columns)
    params = _texts(c, "run_params", places, columns.params, columns.all_params, columns.text_limit)
    tags = _texts(c, "run_tags", places, columns.tags, columns.all_tags, columns.text_limit)
    left_out = metrics.left_out + params.left_out + tags.left_out
    return RunRows(
        shown, metrics.keys, metrics.columns, params.keys, params.columns, tags.keys, tags.columns, left_out
    )


def load_infos(c: Connection, workspace_id: int, wanted: Sequence[int] | Sequence[str]) -> list[RunInfo]:
    """Runs' own columns, in no order. Cost: three look-ups a run."""
    if not wanted:
        return []
    which = among("r.id" if isinstance(wanted[0], int) else "r.uuid", wanted, c.dialect)
    parent = key_ids(c, [PARENT_TAG]).get(PARENT_TAG, -1)
    rows = c.all(INFO.format(which=which.text), (parent, parent, workspace_id, *which.params))
    return [RunInfo(*row) for row in rows]


class _Block(NamedTuple):
    """Columns of one kind, their keys, and how many were left out."""

    keys: list[Any]
    columns: list[list[Any]]
    left_out: int


def _metrics(c: Connection, places: dict[int, int], columns: TableColumns) -> _Block:
    named = list(dict.fromkeys(columns.metrics))
    if not places or not (named or columns.all_metrics):
        return _Block(named, [[None] * len(places) for _ in named], 0)
    stats = [stat for stat in STATS if columns.all_metrics and stat == "last"]
    stats += [stat for stat in dict.fromkeys(one.stat for one in named) if stat not in stats]
    ids = key_ids(c, [one.key for one in named])
    wanted = None if columns.all_metrics else sorted(set(ids.values()))
    sql = SERIES.replace("{columns}", ", ".join(column_of("s", stat) for stat in stats))
    rows = _facts(c, sql, "s", list(places), wanted)
    left_out = 0
    if columns.all_metrics:
        ids, names, left_out = _all_keys(c, rows, ids)
        known = {one.key for one in named if one.stat == "last"}
        named += [MetricColumn(name) for name in names if name not in known]
    found: dict[int, list[tuple[int, list[Number]]]] = {}
    cells: list[list[Number]] = []
    for one in named:
        cells.append([None] * len(places))
        if one.key in ids:
            found.setdefault(ids[one.key], []).append((2 + stats.index(one.stat), cells[-1]))
    for row in rows:
        for at, column in found.get(row[1], ()):
            column[places[row[0]]] = math.nan if row[at] is None else row[at]
    return _Block(named, cells, left_out)


def _texts(
    c: Connection, table: str, places: dict[int, int], keys: Sequence[str], every: bool, limit: int
) -> _Block:
    named = list(dict.fromkeys(keys))
    if not places or not (named or every):
        return _Block(named, [[None] * len(places) for _ in named], 0)
    ids = key_ids(c, named)
    rows = _facts(
        c, TEXTS.replace("{table}", table), "t", list(places), None if every else sorted(ids.values())
    )
    left_out = 0
    if every:
        ids, names, left_out = _all_keys(c, rows, ids)
        known = set(named)
        named += [name for name in names if name not in known]
    cells: list[list[str | None]] = [[None] * len(places) for _ in named]
    columns = {ids[name]: column for name, column in zip(named, cells, strict=True) if name in ids}
    for run_id, key_id, text in rows:
        column = columns.get(key_id)
        if column is not None:
            column[places[run_id]] = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return _Block(named, cells, left_out)


def _all_keys(
    c: Connection, rows: Iterable[Sequence[Any]], ids: dict[str, int]
) -> tuple[dict[str, int], list[str], int]:
    """Ids of all keys of rows, their names in order, and how many more there are."""
    found = sorted({row[1] for row in rows})
    which = among("id", found, c.dialect)
    named = sorted((name, number) for number, name in c.all(KEYS.format(which=which.text), which.params))
    kept = named[:ALL_KEYS]
    return {**ids, **dict(kept)}, [name for name, _ in kept], len(named) - len(kept)


def _facts(
    c: Connection, sql: str, alias: str, runs: Sequence[int], keys: Sequence[int] | None
) -> list[tuple[Any, ...]]:
    """Rows of these runs, and of these keys where they are given."""
    if keys is not None and not keys:
        return []
    which = among(f"{alias}.run_id", runs, c.dialect)
    if keys is not None:
        of_keys = among(f"{alias}.key_id", keys, c.dialect)
        which = which + of_keys.wrap("AND ")
    return c.all(sql.replace("{which}", which.text), which.params)


def column_of(alias: str, stat: str) -> str:
    """The column of series that holds a statistic."""
    return f"{alias}.{STATISTIC_COLUMNS['' if stat == 'last' else stat].format(alias)}"


def key_ids(c: Connection, names: Sequence[str]) -> dict[str, int]:
    """Ids of the names that are known."""
    if not names:
        return {}
    which = among("name", sorted(set(names)), c.dialect)
    return {name: number for number, name in c.all(KEYS.format(which=which.text), which.params)}

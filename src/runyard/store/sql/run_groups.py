"""Statements about groups of runs. The database gives columns, in the order of an index or run by run; numpy groups them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from runyard.entities.run_group import GroupedMetric, GroupKey, RunGroup, RunGroups
from runyard.entities.run_table import MetricColumn
from runyard.entities.search.grammar import parse_filter
from runyard.entities.search.tables import RUNS
from runyard.entities.search.tree import Comparison, Filter, Name
from runyard.errors import InvalidInput, QueryTooExpensive
from runyard.store.run_group_contracts import GroupQuery
from runyard.store.sql.database import Connection, Database, Row
from runyard.store.sql.run_table import column_of, key_ids
from runyard.store.sql.run_texts import WHOLE, whole_from_index
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest
from runyard.store.sql.search.fragments import among
from runyard.store.sql.search.page import RunSearch
from runyard.store.sql.search.walk_runs import matching_runs
from runyard.store.sql.visible_experiments import visible

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Values = tuple[str | None, ...]

MOST_RUNS = 200_000
MOST_VALUES = 5_000_000
FEW_RUNS = (
    20_000  # are looked up, where a filter has chosen them; else a key's whole range of an index is read
)
TABLES = {"param": "run_params", "tag": "run_tags"}
OF_RUNS = f"SELECT t.run_id, {WHOLE.format('t')} FROM {{table}} t WHERE {{which}} AND t.key_id = ?"
OF_KEY = "SELECT t.run_id, {whole} FROM {table} t WHERE {which} AND t.key_id = ?"
SERIES = "SELECT s.run_id, {column} FROM series s WHERE {which} AND s.key_id = ?"


class SqlRunGroups:
    """RunGroupStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._page_key = page_key

    async def groups(self, query: GroupQuery) -> RunGroups:
        """All groups, then the metrics of those of the page."""
        digest = query_digest(
            "run groups",
            query.workspace_id,
            list(query.experiment_ids),
            int(query.view),
            query.filter_string,
            [[one.kind, one.key] for one in query.by],
        )
        terms = parse_filter(query.filter_string, RUNS)
        after = decode_token(self._page_key, digest, query.page_token)

        def work(c: Connection) -> RunGroups:
            experiments = visible(c, query.workspace_id, query.experiment_ids, query.seen, query.view)
            search = RunSearch(experiments, MOST_RUNS + 1, terms, (), query.view)
            runs = matching_runs(c, search)
            if len(runs) > MOST_RUNS:
                raise QueryTooExpensive(
                    f"More than {MOST_RUNS} runs match. Narrow the filter, or name experiments."
                )
            found = _Grouping(c, experiments, runs, chosen=bool(terms))
            members = found.by(query.by)
            order = sorted(members, key=lambda values: _place(len(members[values]), values))
            if after is not None:
                passed = _place(cast(int, after[0]), cast(Values, tuple(after[1:])))
                order = [values for values in order if _place(len(members[values]), values) > passed]
            page = order[: query.max_results]
            token = None
            if len(order) > len(page):
                token = encode_token(self._page_key, digest, (len(members[page[-1]]), *page[-1]))
            return RunGroups(
                groups=[
                    RunGroup(one, len(members[one]), member_filter(query.filter_string, terms, query.by, one))
                    for one in page
                ],
                metrics=found.metrics(query.metrics, [members[one] for one in page]),
                total=len(members),
                runs=len(runs),
                next_page_token=token,
            )

        return await self._database.read(work)


def _place(count: int, values: Values) -> tuple[Any, ...]:
    """The largest group first; groups without a value after those with one."""
    return (-count, *((one is None, one or "") for one in values))


class _Grouping:
    """The columns of some runs.

    Args:
        chosen: by a filter; else they are all that the experiments have, as a rule.
    """

    def __init__(
        self, c: Connection, experiments: Sequence[int], runs: Sequence[int], *, chosen: bool
    ) -> None:
        self._c = c
        self._experiments = experiments
        self._runs = runs
        self._few = FEW_RUNS if chosen else 0

    def by(self, keys: Sequence[GroupKey]) -> dict[Values, list[int]]:
        """Runs by the values that they have."""
        columns: list[dict[int, str]] = [dict(self._texts(one)) for one in keys]
        found: dict[Values, list[int]] = {}
        for run in self._runs:
            found.setdefault(tuple([column.get(run) for column in columns]), []).append(run)
        return found

    def _texts(self, by: GroupKey) -> list[Row]:
        table = TABLES[by.kind]
        if len(self._runs) <= self._few:
            return self._facts(OF_RUNS.replace("{table}", table), "t.run_id", self._runs, by.key)
        sql = OF_KEY.replace("{table}", table).replace("{whole}", whole_from_index(table, "t"))
        return self._facts(sql, "t.experiment_id", self._experiments, by.key)

    def _facts(self, sql: str, column: str, values: Sequence[int], key: str) -> list[Row]:
        number = key_ids(self._c, [key]).get(key)
        if number is None or not values:
            return []
        which = among(column, values, self._c.dialect)
        return self._c.all(sql.replace("{which}", which.text), (*which.params, number))

    def metrics(
        self, columns: Sequence[MetricColumn], groups: Sequence[Sequence[int]]
    ) -> list[GroupedMetric]:
        """Of each column what the members of each group have.

        Raises: QueryTooExpensive.
        """
        runs = np.fromiter((run for group in groups for run in group), np.int64)
        if runs.size * len(columns) > MOST_VALUES:
            raise QueryTooExpensive(
                f"{len(columns)} metrics of {runs.size} runs are more than {MOST_VALUES} values. Ask for fewer metrics, "
                "or narrow the filter."
            )
        places = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        order = np.argsort(runs)
        runs, places = runs[order], places[order]
        return [self._metric(one, runs, places, len(groups)) for one in columns]

    def _metric(self, column: MetricColumn, runs: Ints, places: Ints, groups: int) -> GroupedMetric:
        sql = SERIES.replace("{column}", column_of("s", column.stat))
        in_index = column.stat == "last" and 4 * runs.size > len(self._runs)
        if runs.size <= (self._few if in_index else FEW_RUNS):
            rows = self._facts(sql, "s.run_id", runs.tolist(), column.key)
        else:
            rows = self._facts(sql, "s.experiment_id", self._experiments, column.key)
        numbers = [(run, value) for run, value in rows if value is not None]
        ids = np.fromiter((run for run, _ in numbers), np.int64, len(numbers))
        values = np.fromiter((value for _, value in numbers), np.float64, len(numbers))
        at = np.minimum(np.searchsorted(runs, ids), max(runs.size - 1, 0))
        ours = runs[at] == ids if runs.size else np.zeros(0, np.bool_)
        return summed(column, places[at[ours]], values[ours], groups)


def summed(column: MetricColumn, places: Ints, values: Floats, groups: int) -> GroupedMetric:
    """What the values of each group are like.

    Args:
        places: of each value's group, 0 to groups - 1.
    """
    count = np.bincount(places, minlength=groups)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = np.bincount(places, values, groups) / count
        squares = np.bincount(places, (values - mean[places]) ** 2, groups)
        deviation = np.where(count > 1, np.sqrt(squares / (count - 1)), np.nan)
    low, high = np.full(groups, np.inf), np.full(groups, -np.inf)
    np.minimum.at(low, places, values)
    np.maximum.at(high, places, values)
    none = count == 0
    low[none] = high[none] = np.nan
    return GroupedMetric(
        column, count.tolist(), mean.tolist(), deviation.tolist(), low.tolist(), high.tolist()
    )


def member_filter(text: str, terms: Filter, by: Sequence[GroupKey], values: Values) -> str | None:
    """A filter that finds the members of a group, or None where the grammar has no way to write one of the values."""
    found, parsed = text.strip(), terms
    for one, value in zip(by, values, strict=True):
        entity, name = ("params", "parameter") if one.kind == "param" else ("tags", "tag")
        wanted = Comparison(Name(name, one.key), "IS NULL" if value is None else "=", value)  # type: ignore[arg-type]
        for clause in _spellings(entity, one.key, value):
            longer = f"{found} and {clause}" if found else clause
            if _parsed(longer) == (*parsed, wanted):
                found, parsed = longer, (*parsed, wanted)
                break
        else:
            return None
    return found


def _spellings(entity: str, key: str, value: str | None) -> list[str]:
    names = [f"{entity}.`{key}`", f'{entity}."{key}"']
    ends = ["IS NULL"] if value is None else [f"= '{value}'", f'= "{value}"']
    return [f"{name} {end}" for name in names for end in ends]


def _parsed(text: str) -> Filter | None:
    try:
        return parse_filter(text, RUNS)
    except InvalidInput:
        return None

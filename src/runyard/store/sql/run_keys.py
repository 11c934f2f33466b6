"""Statements about the names in runs: an index is hopped through from key to key, not read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runyard.entities.common import ViewType
from runyard.store.contracts import Seen
from runyard.store.run_key_contracts import KeyKind, KeyName, Names, Values
from runyard.store.sql.database import Connection, Database
from runyard.store.sql.run_table import KEYS, key_ids
from runyard.store.sql.run_texts import WHOLE
from runyard.store.sql.search.cursor import decode_token, encode_token, query_digest
from runyard.store.sql.search.fragments import PREFIX, Sql, among, next_text, rows_of
from runyard.store.sql.visible_experiments import visible

EXPERIMENTS = 1_000  # the newest ones are looked through
HOPS = 50_000
TABLES: dict[KeyKind, str] = {"metric": "series", "param": "run_params", "tag": "run_tags"}
HOP_KEYS = """WITH RECURSIVE hop (e, id) AS (
    SELECT e.value, (SELECT min(t.key_id) FROM {table} t WHERE t.experiment_id = e.value) FROM {experiments}
    UNION ALL
    SELECT hop.e, (SELECT min(t.key_id) FROM {table} t WHERE t.experiment_id = hop.e AND t.key_id > hop.id)
    FROM hop WHERE hop.id IS NOT NULL)
    SELECT id FROM hop WHERE id IS NOT NULL LIMIT ?"""
HOP_VALUES = """WITH RECURSIVE hop (e, n, value) AS (
    SELECT e.value, 1, (SELECT min(t.value) FROM {table} t
        WHERE t.experiment_id = e.value AND t.key_id = ? AND t.value >= ?) FROM {experiments}
    UNION ALL
    SELECT hop.e, hop.n + 1, (SELECT min(t.value) FROM {table} t
        WHERE t.experiment_id = hop.e AND t.key_id = ? AND t.value > hop.value)
    FROM hop WHERE hop.value IS NOT NULL AND hop.n < ?{stop})
    SELECT value FROM hop WHERE value IS NOT NULL{stop} LIMIT ?"""
WHOLE_VALUE = f"""SELECT {WHOLE.format("t")} FROM {{table}} t
    WHERE {{here}} AND t.key_id = ? AND t.value = ? LIMIT 1"""


class SqlRunKeys:
    """RunKeyStore on a Database."""

    def __init__(self, database: Database, page_key: bytes) -> None:
        self._database = database
        self._page_key = page_key

    async def keys(
        self,
        workspace_id: int,
        experiment_ids: Sequence[int],
        seen: Seen | None,
        *,
        kinds: Sequence[KeyKind],
        prefix: str,
        max_results: int,
        page_token: str | None,
    ) -> Names:
        """Of each kind all keys, then those of the page."""
        digest = query_digest("run keys", workspace_id, list(experiment_ids), list(kinds), prefix)
        after = decode_token(self._page_key, digest, page_token)

        def work(c: Connection) -> Names:
            experiments, whole = _experiments(c, workspace_id, experiment_ids, seen)
            found: list[KeyName] = []
            for kind in dict.fromkeys(kinds):
                names, all_of_them = _keys(c, TABLES[kind], experiments)
                whole = whole and all_of_them
                found += [KeyName(name, kind) for name in names if name.startswith(prefix)]
            found.sort()
            if after is not None:
                found = [one for one in found if tuple(one) > tuple(after)]
            page = found[:max_results]
            more = len(found) > len(page)
            return Names(page, encode_token(self._page_key, digest, page[-1]) if more else None, whole)

        return await self._database.read(work)

    async def values(
        self,
        workspace_id: int,
        experiment_ids: Sequence[int],
        seen: Seen | None,
        *,
        kind: KeyKind,
        key: str,
        prefix: str,
        max_results: int,
    ) -> Values:
        """Of each experiment the first ones, then the first of all."""
        table = TABLES[kind]

        def work(c: Connection) -> Values:
            experiments, whole = _experiments(c, workspace_id, experiment_ids, seen)
            number = key_ids(c, [key]).get(key)
            if number is None or not experiments:
                return Values([], False, whole)
            found, all_of_them = _starts(c, table, experiments, number, prefix[:PREFIX], max_results + 1)
            whole = whole and all_of_them
            texts = [_text(c, table, experiments, number, start) for start in found[:max_results]]
            return Values([one for one in texts if one.startswith(prefix)], len(found) > max_results, whole)

        return await self._database.read(work)


def _experiments(
    c: Connection, workspace_id: int, ids: Sequence[int], seen: Seen | None
) -> tuple[list[int], bool]:
    """The newest of those that are wanted, and whether these are all."""
    found = visible(c, workspace_id, ids, seen, ViewType.ACTIVE_ONLY)
    return found[:EXPERIMENTS], len(found) <= EXPERIMENTS


def _keys(c: Connection, table: str, experiments: Sequence[int]) -> tuple[set[str], bool]:
    """Names of all keys, and whether these are all."""
    if not experiments:
        return set(), True
    rows = _hopped(c, HOP_KEYS.replace("{table}", table), experiments, (), (HOPS + 1,))
    ids = sorted(set(rows[:HOPS]))
    which = among("id", ids, c.dialect)
    return {name for _, name in c.all(KEYS.format(which=which.text), which.params)}, len(rows) <= HOPS


def _starts(
    c: Connection, table: str, experiments: Sequence[int], key_id: int, prefix: str, limit: int
) -> tuple[list[str], bool]:
    """The first starts of values that begin with prefix, and whether no experiment was left out."""
    beyond = next_text(prefix)
    stop = " AND value < ?" if beyond else ""
    bound = (beyond,) if beyond else ()
    sql = HOP_VALUES.replace("{table}", table).replace("{stop}", stop)
    later = (key_id, limit, *bound, *bound, HOPS + 1)
    rows = _hopped(c, sql, experiments, (key_id, prefix), later)
    return sorted({one for one in rows[:HOPS] if one.startswith(prefix)})[:limit], len(rows) <= HOPS


def _hopped(
    c: Connection, sql: str, experiments: Sequence[int], before: tuple[object, ...], after: tuple[object, ...]
) -> list[Any]:
    source = rows_of(experiments, c.dialect)
    statement = Sql(sql.replace("{experiments}", source.text), (*before, *source.params, *after))
    return [row[0] for row in c.all(statement.text, statement.params)]


def _text(c: Connection, table: str, experiments: Sequence[int], key_id: int, start: str) -> str:
    """A whole value that begins so."""
    if len(start) < PREFIX:
        return start
    here = among("t.experiment_id", experiments, c.dialect)
    row = c.one(WHOLE_VALUE.format(table=table, here=here.text), (*here.params, key_id, start))
    return start if row is None else str(row[0])

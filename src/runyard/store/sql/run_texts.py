"""Texts of runs (params and tags) as they are stored: the start, which is indexed, and what follows it, mostly nothing.

A search that needs no more than the start finds all that it needs in the index; an index on a part of a column would
send it to the row of every entry.
"""

from __future__ import annotations

from collections.abc import Sequence

from runyard.store.sql.database import Row, Transaction
from runyard.store.sql.search.fragments import PREFIX

ONE_ROW = "(?, ?, ?, ?, ?)"
IN_ONE_STATEMENT = 500

WHOLE = "{0}.value || coalesce({0}.rest, '')"
"""The text of a row of run_params or run_tags, by its alias."""


def whole_from_index(table: str, alias: str) -> str:
    """The same text where rows are read from the index: only of a text that goes on is the row looked up.

    An index serves a statement alone that names none but its columns, whatever they hold.
    """
    row = f"SELECT {WHOLE.format('w')} FROM {table} w WHERE w.run_id = {alias}.run_id AND w.key_id = {alias}.key_id"
    return f"CASE WHEN length({alias}.value) < {PREFIX} THEN {alias}.value ELSE ({row}) END"


def stored(text: str) -> tuple[str, str | None]:
    """The columns value and rest."""
    return text[:PREFIX], text[PREFIX:] or None


def put(tx: Transaction, sql: str, rows: Sequence[Row]) -> int:
    """Rows of run_params or run_tags, each for another key of a run; how many were written.

    Args:
        sql: for one row. PostgreSQL needs four times as long for a row alone as for one of many.
    """
    if tx.dialect != "postgresql":
        return tx.many(sql, rows)
    done = 0
    for start in range(0, len(rows), IN_ONE_STATEMENT):
        some = rows[start : start + IN_ONE_STATEMENT]
        whole = sql.replace(ONE_ROW, ", ".join([ONE_ROW] * len(some)))
        done += tx.execute(whole, [value for row in some for value in row])
    return done

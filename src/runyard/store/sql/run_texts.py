"""Texts of runs (params and tags) as they are stored: the start, which is indexed, and what follows it, mostly nothing.

A search that needs no more than the start finds all that it needs in the index; an index on a part of a column would
send it to the row of every entry.
"""

from __future__ import annotations

from runyard.store.sql.search.fragments import PREFIX

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

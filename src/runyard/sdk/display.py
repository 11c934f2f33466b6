"""How the SDK's objects look in a terminal and in a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Link(NamedTuple):
    """A cell that leads somewhere."""

    text: str
    url: str


Cell = str | Link


def listed(kind: str, fields: Mapping[str, object]) -> str:
    """`Run(Experiment: e,` and each further field on a line of its own."""
    lines = ",\n".join(f"{name}: {value}" for name, value in fields.items())
    return f"{kind}({lines})"


def table(rows: Sequence[Mapping[str, Cell]]) -> str:
    """An HTML table; every text is escaped."""
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in rows[0]) if rows else ""
    lines = "".join(f"<tr>{''.join(_cell(cell) for cell in row.values())}</tr>" for row in rows)
    return f'<table style="width:100%"><tr>{heads}</tr>{lines}</table>'


def _cell(cell: Cell) -> str:
    if isinstance(cell, Link):
        url = html.escape(cell.url, quote=True)
        return f'<td><a href="{url}" target="_blank" rel="noopener">{html.escape(cell.text)}</a></td>'
    return f"<td>{html.escape(cell)}</td>"

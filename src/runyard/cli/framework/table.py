"""Tables and cards for people. Loaded only when one is drawn: rich takes longer to load than a request takes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from runyard.cli.framework.columns import KEEP, Column, Record, Value, plain, printable

GAP = 2
UNLIMITED = 100_000
STATUS_STYLES = {
    "FINISHED": "green",
    "Completed": "green",
    "FAILED": "red",
    "Failed": "red",
    "RUNNING": "cyan",
    "Running": "cyan",
    "KILLED": "yellow",
    "Canceled": "yellow",
    "deleted": "dim",
    "denied": "red",
    "failed": "red",
}


class Layout(NamedTuple):
    """Which columns are drawn, how wide, and which are not."""

    columns: list[Column]
    widths: list[int]
    hidden: list[Column]


def width_of_terminal() -> int:
    """Columns of the terminal; a pipe has as many as the text needs, unless COLUMNS says otherwise."""
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and int(given) > 0:
        return int(given)
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else UNLIMITED


def lay_out(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> Layout:
    """Columns that fit: first the widest of the cuttable ones are cut, then the least important are hidden."""
    shown = list(range(len(columns)))
    natural = [
        max([cell_len(column.title), *(cell_len(row[place]) for row in cells)])
        for place, column in enumerate(columns)
    ]
    while True:
        widths = _cut([columns[at] for at in shown], [natural[at] for at in shown], width)
        over = sum(widths) + GAP * (len(widths) - 1) > width
        droppable = [at for at in shown if columns[at].rank != KEEP]
        if not over or not droppable:
            break
        shown.remove(max(droppable, key=lambda at: (columns[at].rank, at)))
    hidden = [column for at, column in enumerate(columns) if at not in shown]
    return Layout([columns[at] for at in shown], widths, hidden)


def _cut(columns: Sequence[Column], natural: Sequence[int], width: int) -> list[int]:
    """Widths, the widest cuttable column made narrower until all fit or none may be cut further."""
    widths = [
        full if column.rank == KEEP else min(full, max(width, column.least))
        for column, full in zip(columns, natural, strict=True)
    ]
    least = [
        full if column.rank == KEEP else min(full, max(column.least, cell_len(column.title)))
        for column, full in zip(columns, natural, strict=True)
    ]
    over = sum(widths) + GAP * (len(widths) - 1) - width
    for _ in range(max(over, 0)):
        able = [at for at in range(len(widths)) if widths[at] > least[at]]
        if not able:
            break
        widths[max(able, key=lambda at: widths[at])] -= 1
    return widths


def draw_rows(records: Sequence[Record], columns: Sequence[Column]) -> list[str]:
    """Print one line for each record. Returns: the titles of columns that found no room.

    A column without a single value is left out.
    """
    cells = [[column.text(record) for column in columns] for record in records]
    full = [at for at, column in enumerate(columns) if column.rank == KEEP or any(row[at] for row in cells)]
    columns = [columns[at] for at in full]
    cells = [[row[at] for at in full] for row in cells]
    layout = lay_out(columns, cells, width_of_terminal())
    places = [columns.index(column) for column in layout.columns]
    # Gaps are columns of their own: releases of rich differ in whether the last column has one.
    table = Table(box=None, padding=0, show_edge=False, header_style="bold")
    for at, (column, width) in enumerate(zip(layout.columns, layout.widths, strict=True)):
        if at:
            table.add_column(width=GAP)
        title = Text(_fitted(column.title, width))
        table.add_column(title, justify="right" if column.right else "left", no_wrap=True, width=width)
    for row in cells:
        line: list[Text | str] = []
        for place, width in zip(places, layout.widths, strict=True):
            line += [_styled(_fitted(row[place], width)), ""]
        table.add_row(*line[:-1])
    _print(table, sum(layout.widths) + GAP * len(layout.widths))
    return [column.title for column in layout.hidden]


def draw_card(record: Record, columns: Sequence[Column]) -> None:
    """Print one record as names and values; long values continue below themselves."""
    rows = [(column.title, _lines(column, record)) for column in columns]
    rows = [(name, text) for name, text in rows if text]
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, show_edge=False, show_header=False)
    names = max((cell_len(name) for name, _ in rows), default=0)
    table.add_column(no_wrap=True, width=names, style="bold")
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(Text(name), _styled(text))
    widest = max((cell_len(line) for _, text in rows for line in text.splitlines()), default=0)
    _print(table, min(width_of_terminal(), names + GAP + widest + GAP))


def _lines(column: Column, record: Record) -> str:
    """A value on a card: what has names inside gets a line for each."""
    value = column.of(record)
    if not isinstance(value, Mapping) or column.show is not None:
        return column.text(record)
    inside = [(printable(str(name)), printable(plain(inner))) for name, inner in value.items()]
    width = max((cell_len(name) for name, _ in inside), default=0)
    return "\n".join(f"{set_cell_size(name, width)}  {text}".rstrip() for name, text in inside)


def generic(records: Iterable[Record]) -> list[Column]:
    """Columns for records that a query made: each field that occurs."""
    names = dict.fromkeys(str(name) for record in records for name in record)
    return [Column(name, _field(name), plain, rank=place) for place, name in enumerate(names)]


def _field(name: str) -> Callable[[Record], Value]:
    """A name that a query made may hold a dot, which does not lead anywhere."""
    return lambda record: record.get(name)


def _fitted(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…"


def _styled(text: str) -> Text:
    return Text(text, style=STATUS_STYLES.get(text, ""))


def _print(table: Table, width: int) -> None:
    """To stdout; without colours unless it is a terminal, and without blanks at line ends."""
    console = Console(width=max(width, 1), highlight=False, soft_wrap=False, file=sys.stdout)
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    sys.stdout.write("".join(line.rstrip() + "\n" for line in captured.get().splitlines()))

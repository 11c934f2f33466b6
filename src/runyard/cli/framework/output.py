"""Data on stdout in the format that was asked for; everything else on stderr."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

import click

from runyard.cli.framework.columns import Column, Record, Value, cell, iso, plain, printable, when
from runyard.client import yaml_text

FORMATS = ("table", "json", "tsv", "yaml")


@dataclass(frozen=True)
class Output:
    """How results are written."""

    format: str = "table"
    query: str = ""

    def rows(
        self, records: Sequence[Record], columns: Sequence[Column], *, none: str = "Nothing found."
    ) -> None:
        """Write a list of records; a table and tab-separated lines show the columns, the others everything."""
        if self.query:
            self.data(_asked(self.query, records))
        elif self.format == "table":
            if not records:
                note(none)
                return
            hidden = _tables().draw_rows(records, columns)
            if hidden:
                note(
                    f"Not shown for want of room: {', '.join(hidden)}. A wider terminal or -o json has them."
                )
        elif self.format == "tsv":
            for record in records:
                _line("\t".join(_exact(column, record) for column in columns))
        else:
            self._document(records)

    def record(self, record: Record, columns: Sequence[Column]) -> None:
        """Write one record; a table becomes names and values, one below the other."""
        if self.query:
            self.data(_asked(self.query, record))
        elif self.format == "table":
            _tables().draw_card(record, columns)
        elif self.format == "tsv":
            _line("\t".join(_exact(column, record) for column in columns))
        else:
            self._document(record)

    def data(self, value: Value) -> None:
        """Write what a query found, whatever its shape is."""
        if self.format in ("json", "yaml"):
            self._document(value)
            return
        items = value if isinstance(value, list) else [value]
        if self.format == "table" and items and all(isinstance(item, Mapping) for item in items):
            draw = _tables()
            columns = draw.generic(items)
            if isinstance(value, list):
                draw.draw_rows(items, columns)
            else:
                draw.draw_card(value, columns)
            return
        for item in items:
            if item is not None:
                _line(self._one_line(item))

    def _one_line(self, item: Value) -> str:
        """An element that is no table: TSV has the values of an object or list side by side."""
        if self.format == "table":
            return printable(plain(item))
        if isinstance(item, Mapping):
            return "\t".join(cell(inner) for inner in item.values())
        if isinstance(item, list):
            return "\t".join(cell(inner) for inner in item)
        return cell(item)

    def _document(self, value: Value) -> None:
        text = yaml_text.dump(value) if self.format == "yaml" else as_json(value) + "\n"
        click.echo(text, nl=False)


def note(text: str) -> None:
    """Something a person wants to know: on stderr, where no program takes it for data."""
    click.echo(text, err=True)


def as_json(value: Value) -> str:
    """Indented; numbers that JSON does not have stand as text."""
    return json.dumps(_finite(value), indent=2, ensure_ascii=False, default=str)


def _finite(value: Value) -> Value:
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    if isinstance(value, Mapping):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(inner) for inner in value]
    return value


def _asked(query: str, value: Value) -> Value:
    return _module("runyard.cli.framework.query").search(query, value)


def _exact(column: Column, record: Record) -> str:
    """A cell for programs: times in UTC, numbers in full."""
    value = column.of(record)
    return iso(value) if column.show is when else cell(value)


def _line(text: str) -> None:
    click.echo(text)


def _tables() -> ModuleType:
    return _module("runyard.cli.framework.table")


def _module(name: str) -> ModuleType:
    """Libraries that most calls do not need are loaded by those that do."""
    return importlib.import_module(name)

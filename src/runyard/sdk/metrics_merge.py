"""What `get_metrics` answers, from the points and records of a run. Pure.

scalar once / several times          the value / a list in the order of logging
a later scalar of another type       None in its place, and a warning; int and float are one type
list, several times                  one list; of one element: the element; empty: absent
row once / several times             column → scalar / column → list
table, and rows after it             column → list; missing cells are None
image, chart once / several times    its address / a list
a name used for two of these         the first one stays, and a warning
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from runyard.sdk.scalars import from_json, metric_number

LOGGER = logging.getLogger("runyard")
FAMILIES = {"row": "table"}  # a row and a table are the same thing
CHARTS = frozenset({"image", "confusion_matrix", "accuracy_table", "residuals", "predictions"})
NUMBERS = frozenset({"int", "float"})


class Series(NamedTuple):
    """The points of an MLflow metric in the order of its history, as columns."""

    ms: list[int]
    values: list[float | str]


class Record(NamedTuple):
    """A run record."""

    name: str
    kind: str
    ms: int
    body: Mapping[str, Any]


class _Entry(NamedTuple):
    ms: int
    rank: int  # the type of what follows comes before it
    kind: str
    value: Any


def merged(points: Mapping[str, Series], records: Iterable[Record]) -> dict[str, Any]:
    """Values by name, in the order in which names were first logged.

    Args:
        points: by name; each series has at least one.
        records: in the order in which they came.
    """
    entries: dict[str, list[_Entry]] = {}
    for record in records:
        if record.kind != "error":
            entries.setdefault(record.name, []).append(_entry(record))
    first: dict[str, int] = {name: series.ms[0] for name, series in points.items()}
    for name, found in entries.items():
        if name in points:
            columns = zip(points[name].ms, points[name].values, strict=True)
            found[:0] = [_Entry(ms, 1, "scalar", metric_number(value)) for ms, value in columns]
        found.sort(key=lambda one: one[:2])
        first[name] = found[0].ms
    values = {
        name: _value(name, entries[name]) if name in entries else _plain(points[name])
        for name in sorted(first, key=first.__getitem__)
    }
    return {name: value for name, value in values.items() if value is not ABSENT}


def _plain(series: Series) -> Any:
    """What a name has that nothing but points was logged under, which may be millions."""
    return _single([metric_number(value) for value in series.values])


class _Absent:
    """Nothing was logged under the name."""


ABSENT = _Absent()


def _entry(record: Record) -> _Entry:
    if record.kind == "scalar" and "value" not in record.body:
        return _Entry(record.ms, 0, "type", record.body.get("type"))
    return _Entry(record.ms, 1, record.kind, record.body)


def _value(name: str, entries: Sequence[_Entry]) -> Any:
    kinds = [FAMILIES.get(entry.kind, entry.kind) for entry in entries if entry.kind != "type"]
    if not kinds:
        return ABSENT
    first = kinds[0]
    if any(kind != first for kind in kinds):
        LOGGER.warning(
            "Metric %r was logged as %s and later as %s; only the first is kept.",
            name,
            first,
            ", ".join(sorted(set(kinds) - {first})),
        )
    kept = [
        entry for entry in entries if entry.kind == "type" or FAMILIES.get(entry.kind, entry.kind) == first
    ]
    if first == "scalar":
        return _single(_scalars(name, kept))
    bodies = [entry.value for entry in kept if entry.kind != "type"]
    if first == "list":
        cells = [from_json(cell) for body in bodies for cell in body.get("value", [])]
        return _single(cells) if cells else ABSENT
    if first == "table":
        return _table(bodies, whole=any(entry.kind == "table" for entry in kept))
    return _single([body.get("artifact") for body in bodies])


def _scalars(name: str, entries: Sequence[_Entry]) -> list[Any]:
    """Values of the first type, None for those of another."""
    declared = "float"
    typed: list[tuple[str, Any]] = []
    for entry in entries:
        if entry.kind == "type":
            declared = str(entry.value)
        elif isinstance(entry.value, Mapping):
            value = from_json(entry.value["value"])
            typed.append(("none" if value is None else type(value).__name__, value))
        else:
            typed.append((declared, _as(declared, entry.value)))
    first = typed[0][0]
    strangers = sorted({kind for kind, _ in typed if not _same(kind, first)})
    if strangers:
        LOGGER.warning(
            "Metric %r was logged as %s and later as %s; the later values are None.",
            name,
            first,
            ", ".join(strangers),
        )
    return [value if _same(kind, first) else None for kind, value in typed]


def _same(one: str, other: str) -> bool:
    return one == other or (one in NUMBERS and other in NUMBERS)


def _as(kind: str, value: float) -> Any:
    if kind == "bool":
        return bool(value)
    return int(value) if kind == "int" and value.is_integer() else value


def _table(bodies: Sequence[Mapping[str, Any]], *, whole: bool) -> dict[str, Any]:
    """Columns; a row that lacks one has None there."""
    columns: dict[str, list[Any]] = {}
    height = 0
    for body in bodies:
        cells = {
            name: [from_json(cell) for cell in (found if isinstance(found, list) else [found])]
            for name, found in body.get("columns", {}).items()
        }
        added = max((len(column) for column in cells.values()), default=0)
        for name in cells:
            columns.setdefault(name, [None] * height)
        for name, column in columns.items():
            found = cells.get(name, [])
            column += found + [None] * (added - len(found))
        height += added
    return dict(columns) if whole or height != 1 else {name: column[0] for name, column in columns.items()}


def _single(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values

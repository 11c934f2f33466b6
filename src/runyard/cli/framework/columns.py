"""What a table shows of a record, and how values look to a person and to a program."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from runyard.client.yaml_text import escaped

KEEP = 0  # never cut, never hidden

Value = Any  # decoded JSON: str, int, float, bool, None, lists and objects of them
Record = Mapping[str, Value]


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        title: what stands above it.
        source: the field, dotted for a field of a field, or a function of the record.
        show: how a person reads the value.
        rank: KEEP, or when it goes if the terminal is too narrow: the highest rank first.
        least: width below which the column is rather hidden than cut.
    """

    title: str
    source: str | Callable[[Record], Value]
    show: Callable[[Value], str] | None = None
    rank: int = 1
    least: int = 8
    right: bool = False

    def of(self, record: Record) -> Value:
        """The value of one record."""
        if callable(self.source):
            return self.source(record)
        return field(record, self.source)

    def text(self, record: Record) -> str:
        """What a person sees."""
        return printable((self.show or plain)(self.of(record)))


def field(record: Record, path: str) -> Value:
    """The field of a record; a dot leads into a field of a field. None where there is nothing."""
    found: Value = record
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def plain(value: Value) -> str:
    """Any value in one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, Mapping):
        return ", ".join(
            f"{name}={_inside(inner)}" if inner != "" else str(name) for name, inner in value.items()
        )
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_inside(inner) for inner in value)
    return str(value)


def _inside(value: Value) -> str:
    """A value in another one."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return f"{{{plain(value)}}}"
    return f"[{plain(value)}]" if isinstance(value, Sequence) else plain(value)


def number(value: Value) -> str:
    """A number in at most seven significant digits; exact in the other formats."""
    if value is None:
        return ""
    if isinstance(value, float):
        if not math.isfinite(value):
            return {math.inf: "inf", -math.inf: "-inf"}.get(value, "NaN")
        return f"{value:.0f}" if 1e6 <= abs(value) < 1e15 else f"{value:.7g}"
    return str(value)


def when(ms: Value) -> str:
    """A moment in local time."""
    if not isinstance(ms, (int, float)) or ms <= 0:
        return ""
    try:
        return datetime.fromtimestamp(ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return str(ms)


def iso(ms: Value) -> str:
    """A moment in UTC for programs."""
    if not isinstance(ms, (int, float)) or ms <= 0:
        return ""
    try:
        return (
            datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        )
    except (ValueError, OverflowError, OSError):
        return str(ms)


def duration(ms: Value) -> str:
    """How long something took."""
    if not isinstance(ms, (int, float)) or ms < 0:
        return ""
    seconds = ms / 1000
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")]
    shown = [f"{count}{unit}" for count, unit in parts if count]
    return " ".join(shown[:2])


def size(count: Value) -> str:
    """A number of bytes."""
    if not isinstance(count, (int, float)):
        return ""
    left = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if left < 1024:
            return f"{left:.0f} {unit}" if unit == "B" else f"{left:.1f} {unit}"
        left /= 1024
    return f"{left:.1f} TiB"


def first_line(text: Value) -> str:
    """The first line of a longer text."""
    lines = str(text or "").strip().splitlines()
    return lines[0] + (" …" if len(lines) > 1 else "") if lines else ""


def printable(text: str) -> str:
    """Text in which nothing can move the cursor or change colours: what runs are called is anybody's choice."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    return letter if letter in "\u200d\u00a0\u3000" else escaped(letter)


def cell(value: Value) -> str:
    """A value in a tab-separated line: exact, and without a tab or line break."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return number(value)
    if isinstance(value, (Mapping, list, tuple)):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")

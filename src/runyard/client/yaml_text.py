"""Decoded JSON as YAML 1.2 that 1.1 readers understand too: enough to print it, and 60 lines instead of a library."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Bare words that no reader takes for anything else: no numbers, dates, booleans, nulls, merge keys.
BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_./ -]*[A-Za-z0-9_./-]|[A-Za-z_]")
NOT_TEXT = re.compile(r"(?:y|yes|n|no|on|off|true|false|null)", re.IGNORECASE)


def dump(value: Any) -> str:
    """The text, with a line break at its end."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _below(f"{_scalar(str(name))}:", inner, "  ")
    elif _is_list(value) and value:
        for inner in value:
            yield from _item(inner)
    else:
        yield _scalar(value)


def _below(head: str, inner: Any, indent: str) -> Iterator[str]:
    """A name and what it means: beside it, or indented below it."""
    if (isinstance(inner, Mapping) or _is_list(inner)) and inner:
        yield head
        yield from (indent + line for line in _lines(inner))
    else:
        yield f"{head} {_scalar(inner)}"


def _item(inner: Any) -> Iterator[str]:
    """One element: its first line after the dash, the others below it."""
    lead = "- "
    for line in _lines(inner):
        yield lead + line
        lead = "  "


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _scalar(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if _is_list(value):
        return "[]"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        if BARE.fullmatch(value) and not NOT_TEXT.fullmatch(value):
            return value
        return _quoted(value)
    return json.dumps(value)


def _float(value: float) -> str:
    if not math.isfinite(value):
        return {math.inf: ".inf", -math.inf: "-.inf"}.get(value, ".nan")
    text = repr(value)
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")
    return re.sub(r"e(\d)", r"e+\1", text)


def _quoted(text: str) -> str:
    """JSON's quotes are YAML's; characters that YAML does not print stand as escapes."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else escaped(letter) for letter in quoted)


def escaped(letter: str) -> str:
    """A character by its number, whatever it is."""
    return f"\\U{ord(letter):08x}" if ord(letter) > 0xFFFF else json.dumps(letter)[1:-1]

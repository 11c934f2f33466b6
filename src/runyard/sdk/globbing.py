"""Patterns of paths: `*`, `?` and `[…]` stay within a component, `**` crosses them."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[*?\[]")


def is_pattern(path: str) -> bool:
    """Whether a path holds a wildcard."""
    return _SPECIAL.search(path) is not None


def fixed_part(path: str) -> str:
    """The directory that all matches lie in: the components before the first wildcard, without the last name."""
    names = path.split("/")
    fixed: list[str] = []
    for name in names[:-1]:
        if is_pattern(name):
            break
        fixed.append(name)
    return "/".join(fixed)


def pattern(path: str) -> re.Pattern[str]:
    """What matches a whole path."""
    text, position = "", 0
    while position < len(path):
        rest = path[position:]
        if rest.startswith("**/"):
            text, position = text + "(?:[^/]+/)*", position + 3
        elif rest.startswith("**"):
            text, position = text + ".*", position + 2
        elif rest[0] in "*?":
            text, position = text + ("[^/]*" if rest[0] == "*" else "[^/]"), position + 1
        elif rest[0] == "[" and "]" in rest[2:]:
            end = rest.index("]", 2)
            inner = rest[1:end].replace("\\", "\\\\")
            text += "[" + ("^" + inner[1:] if inner.startswith("!") else inner) + "]"
            position += end + 1
        else:
            text, position = text + re.escape(rest[0]), position + 1
    return re.compile(text, re.DOTALL)

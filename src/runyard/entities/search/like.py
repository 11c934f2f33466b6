"""SQL's LIKE in Python: time proportional to text times pattern, whatever the pattern."""

from __future__ import annotations

_UPPER = {ord(char): char.lower() for char in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def matches(text: str, pattern: str, *, ignore_case: bool = False) -> bool:
    """True if pattern (`%` any text, `_` any character, nothing else special) covers all of text.

    ignore_case folds ASCII letters only, as SQLite does.
    """
    if ignore_case:
        text, pattern = text.translate(_UPPER), pattern.translate(_UPPER)
    at = place = 0
    star, resume = -1, 0
    while at < len(text):
        if place < len(pattern) and pattern[place] == "%":
            star, resume = place, at
            place += 1
        elif place < len(pattern) and pattern[place] in ("_", text[at]):
            at, place = at + 1, place + 1
        elif star >= 0:
            resume += 1
            at, place = resume, star + 1
        else:
            return False
    return not pattern[place:].strip("%")

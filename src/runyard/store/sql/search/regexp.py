"""RLIKE on SQLite."""

from __future__ import annotations

from collections.abc import Callable

from runyard.entities.search.regex import Regex

WORK_LIMIT = 20_000_000  # about ten seconds


class RegexFunction:
    """SQLite's `regexp(pattern, value)` for one connection.

    A query whose patterns cost too much is interrupted, as if its time limit had passed. Call `reset`
    before each.
    """

    def __init__(self, interrupt: Callable[[], None]) -> None:
        self._interrupt = interrupt
        self._compiled: dict[str, Regex] = {}

    def reset(self) -> None:
        """Forget what earlier queries cost."""
        self._compiled.clear()

    def __call__(self, pattern: str, value: str | None) -> bool:
        if value is None:
            return False
        regex = self._compiled.get(pattern)
        if regex is None:
            regex = self._compiled[pattern] = Regex(pattern)
        if sum(known.work for known in self._compiled.values()) > WORK_LIMIT:
            self._interrupt()
            return False
        return regex.found_in(value)

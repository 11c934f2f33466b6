"""Sort keys and the condition "after this row", for any noun.

A key that can be absent has a rank before its value: 0 a value, 1 NaN, 2 missing. Ranks ascend in both
directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runyard.errors import InvalidInput
from runyard.store.sql.search.cursor import Position
from runyard.store.sql.search.fragments import Sql, join

VALUE, NAN, MISSING = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Key:
    """A sort key: expressions over the tables of a statement. `rank` is "" where the value is never NULL."""

    value: str
    ascending: bool
    rank: str = ""

    @property
    def columns(self) -> list[str]:
        """What to select, as it stands in a position."""
        return [self.rank, self.value] if self.rank else [self.value]

    @property
    def order(self) -> list[str]:
        """What to sort by."""
        value = self.value if self.ascending else f"{self.value} DESC"
        return [self.rank, value] if self.rank else [value]


def nullable(value: str, ascending: bool) -> Key:
    """A key whose NULL means missing."""
    return Key(value, ascending, f"CASE WHEN {value} IS NULL THEN {MISSING} ELSE {VALUE} END")


def width(keys: Sequence[Key]) -> int:
    """Values that a position of these keys holds."""
    return sum(len(key.columns) for key in keys)


def order_by(keys: Sequence[Key]) -> str:
    """The ORDER BY list."""
    return ", ".join(part for key in keys for part in key.order)


def check_position(position: Position, keys: Sequence[Key]) -> None:
    """Raises InvalidInput for a position that another release made for other keys."""
    if len(position) != width(keys):
        raise InvalidInput("Invalid page token: made by another version. Start again without a token.")


def after(keys: Sequence[Key], position: Sequence[Any]) -> Sql:
    """Rows after position, in the order of keys.

    A position shorter than keys skips all rows equal in its part.
    """
    key, rest = keys[0], keys[1:]
    used = len(key.columns)
    greater, equal = _beyond(key, position[:used])
    if len(position) <= used or not rest:
        return greater
    later = after(rest, position[used:])
    return join(" OR ", [greater, join(" AND ", [equal, later]).wrap("(", ")")]).wrap("(", ")")


def _beyond(key: Key, position: Sequence[Any]) -> tuple[Sql, Sql]:
    sign = ">" if key.ascending else "<"
    if not key.rank:
        return Sql(f"{key.value} {sign} ?", (position[0],)), Sql(f"{key.value} = ?", (position[0],))
    rank, value = position
    if rank == VALUE:
        greater = Sql(f"({key.rank} > {VALUE} OR {key.value} {sign} ?)", (value,))
        return greater, Sql(f"{key.value} = ?", (value,))
    return Sql(f"{key.rank} > ?", (rank,)), Sql(f"{key.rank} = ?", (rank,))

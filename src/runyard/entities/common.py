"""Words that several nouns share."""

from __future__ import annotations

import enum
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Stage(enum.IntEnum):
    """Whether a record is in use or softly deleted."""

    ACTIVE = 0
    DELETED = 1

    @property
    def text(self) -> str:
        """As MLflow writes it: active, deleted."""
        return self.name.lower()


class ViewType(enum.IntEnum):
    """Which stages a search sees; MLflow's numbers."""

    ACTIVE_ONLY = 1
    DELETED_ONLY = 2
    ALL = 3


class Tag(msgspec.Struct, frozen=True):
    """Text that may be overwritten."""

    key: str
    value: str = ""


class Param(msgspec.Struct, frozen=True):
    """Text that is set once."""

    key: str
    value: str = ""


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some records, and the token that continues after them (None on the last page)."""

    items: list[T]
    next_page_token: str | None = None

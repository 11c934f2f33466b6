"""What was deleted and can still come back."""

from __future__ import annotations

import enum

import msgspec


class TrashKind(enum.IntEnum):
    """Kinds of records that are deleted softly, in the order in which they are listed."""

    EXPERIMENT = 0
    RUN = 1
    MODEL = 2

    @property
    def text(self) -> str:
        """As the API spells it."""
        return self.name.lower()


class TrashedItem(msgspec.Struct, frozen=True):
    """A deleted record.

    Attributes:
        record_id: its row.
        id: as clients know it.
        experiment_id: that it is, or is in.
        location: the URI where its files are.
        deleted_by: the name of who deleted it, where that is known.
    """

    kind: TrashKind
    record_id: int
    id: str
    name: str
    experiment_id: int
    experiment_name: str
    deleted_ms: int
    location: str
    deleted_by: str | None = None

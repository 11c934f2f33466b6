"""What the service of uploads asks of a store; the rules of store.contracts hold."""

from __future__ import annotations

import enum
from typing import NamedTuple, Protocol


class Turn(enum.Enum):
    """Whether an upload may begin."""

    NOW = "now"
    LATER = "later"  # another one of the same file is under way
    NEVER = "never"  # a newer version is there, or on its way
    UNKNOWN = "unknown"  # nobody knows the journal


class UploadPlace(NamedTuple):
    """A file that a journal uploads."""

    workspace_id: int
    journal: str
    path: str


class UploadStore(Protocol):
    """The order of a journal's uploads to one path."""

    async def begin(self, place: UploadPlace, seq: int, upload: str, dead_before_ms: int) -> Turn:
        """Whether the file of a record may be uploaded; from then on those of older records may not begin.

        Args:
            upload: an id of this try, which is under way when it may.
            dead_before_ms: an upload without a sign since then is not under way any more.
        """
        ...

    async def keep(self, place: UploadPlace, upload: str) -> bool:
        """A sign of an upload; False when it does not count as under way any more."""
        ...

    async def end(self, place: UploadPlace, upload: str) -> None:
        """It is not under way any more."""
        ...

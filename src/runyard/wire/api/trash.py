"""The trash as our API spells it. Kinds are experiment, run and model."""

from __future__ import annotations

import msgspec

from runyard.entities.common import Page
from runyard.entities.trash import TrashedItem
from runyard.wire.mlflow.scalars import Int32, Int64


class ListTrash(msgspec.Struct):
    kind: str | None = None
    max_results: Int32 = 100
    page_token: str | None = None


class TrashName(msgspec.Struct):
    kind: str
    id: str


class TrashNames(msgspec.Struct):
    items: list[TrashName]


class PurgeTrash(msgspec.Struct):
    """Either `items`, or all that was deleted at least `older_than_ms` ago."""

    items: list[TrashName] | None = None
    older_than_ms: Int64 | None = None


class TrashMessage(msgspec.Struct):
    kind: str
    id: str
    name: str
    experiment_id: str
    experiment_name: str
    deleted_ms: int
    deleted_by: str | None = None

    @classmethod
    def of(cls, item: TrashedItem) -> TrashMessage:
        """The message of one."""
        return cls(
            item.kind.text,
            item.id,
            item.name,
            str(item.experiment_id),
            item.experiment_name,
            item.deleted_ms,
            item.deleted_by,
        )


class TrashPage(msgspec.Struct):
    items: list[TrashMessage]
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[TrashedItem]) -> TrashPage:
        """The message of a page."""
        return cls([TrashMessage.of(one) for one in page.items], page.next_page_token)


class TrashSize(msgspec.Struct):
    """`whole` is false where there are more files than were counted."""

    kind: str
    id: str
    files: int
    bytes: int
    whole: bool


class KeptItem(msgspec.Struct):
    kind: str
    id: str
    reason: str


class Restored(msgspec.Struct):
    restored: list[TrashName]
    kept: list[KeptItem]


class Purged(msgspec.Struct):
    """`more`: call again for the rest."""

    purged: list[TrashName]
    kept: list[KeptItem]
    more: bool

"""Saved views as our API spells them."""

from __future__ import annotations

from typing import Any

import msgspec

from runyard.entities.common import Page
from runyard.entities.saved_view import SavedView
from runyard.wire.mlflow.scalars import Int32


class ListViews(msgspec.Struct):
    page: str | None = None
    experiment_id: str | None = None
    max_results: Int32 = 1_000
    page_token: str | None = None


class CreateView(msgspec.Struct):
    name: str
    page: str
    state: dict[str, Any]
    experiment_id: str | int | None = None
    shared: bool = False


class ViewId(msgspec.Struct):
    view_id: str


class UpdateView(msgspec.Struct):
    """What is left out stays."""

    view_id: str
    name: str | None = None
    page: str | None = None
    state: dict[str, Any] | None = None
    experiment_id: str | int | None = None
    shared: bool | None = None


class ViewMessage(msgspec.Struct):
    id: str
    name: str
    page: str
    experiment_id: str | None
    shared: bool
    owner: str
    own: bool
    state: dict[str, Any]
    created_ms: int
    updated_ms: int

    @classmethod
    def of(cls, view: SavedView, reader_uuid: str) -> ViewMessage:
        """The message of one view; `own` tells whether it is the reader's."""
        return cls(
            view.id,
            view.name,
            view.page,
            None if view.experiment_id is None else str(view.experiment_id),
            view.shared,
            view.owner,
            view.owner_uuid == reader_uuid,
            msgspec.json.decode(view.state, type=dict[str, Any]),
            view.created_ms,
            view.updated_ms,
        )


class ViewPage(msgspec.Struct):
    items: list[ViewMessage]
    next_page_token: str | None = None

    @classmethod
    def of(cls, page: Page[SavedView], reader_uuid: str) -> ViewPage:
        """The message of a page."""
        return cls([ViewMessage.of(one, reader_uuid) for one in page.items], page.next_page_token)

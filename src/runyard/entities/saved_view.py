"""Saved views: what a page shows, under a name."""

from __future__ import annotations

import msgspec


class NewView(msgspec.Struct, frozen=True):
    """What a caller decides.

    Attributes:
        page: which page's state it is.
        experiment_id: None: of the whole workspace.
        shared: whether others see it.
        state: JSON text.
    """

    name: str
    page: str
    experiment_id: int | None
    shared: bool
    state: str


class SavedView(msgspec.Struct, frozen=True):
    """A view that is kept; times are milliseconds UTC. `owner` is a name, `owner_uuid` the principal, who may be gone."""

    id: str
    name: str
    page: str
    experiment_id: int | None
    shared: bool
    owner: str
    owner_uuid: str
    state: str
    created_ms: int
    updated_ms: int

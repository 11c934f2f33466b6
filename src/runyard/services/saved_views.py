"""Rules for saved views: whose they are, who sees them, how large they may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from runyard.entities.common import Page
from runyard.entities.saved_view import NewView, SavedView
from runyard.errors import InvalidInput, NotAllowed, NotFound, shown
from runyard.services.checks import check_length, check_max_results, check_text, experiment_of
from runyard.services.context import Context
from runyard.store.view_contracts import ViewStore

READ, WRITE = "runs/read", "runs/write"
NAME_LIMIT = 200
STATE_BYTES = 64 * 1024
PAGE_LIMIT = 1_000
LIMIT = 1_000  # views that one principal has in a workspace
_PAGE = re.compile(r"[a-z][a-z0-9_-]{0,49}")


class ViewFields(msgspec.Struct, frozen=True):
    """What a request says of a view; None: nothing."""

    name: str | None = None
    page: str | None = None
    experiment_id: str | int | None = None
    shared: bool | None = None
    state: Mapping[str, Any] | None = None


class SavedViewService:
    """A view is its owner's. When it is shared, whoever reads runs in its place sees it, and whoever writes runs there may
    change and remove it; to share one needs that right, too.
    """

    def __init__(self, store: ViewStore) -> None:
        self._store = store

    async def create(self, ctx: Context, fields: ViewFields) -> SavedView:
        """Raises: InvalidInput, NotAllowed; NotFound for the experiment."""
        for name in ("name", "page", "state"):
            if getattr(fields, name) is None:
                raise InvalidInput.missing(name)
        new = NewView(
            _name(fields.name or ""),
            _page(fields.page or ""),
            _experiment(ctx, fields.experiment_id),
            bool(fields.shared),
            _state(fields.state or {}),
        )
        _require_place(ctx, new)
        return await self._store.create(ctx.workspace_id, ctx.principal, new, LIMIT)

    async def list(
        self,
        ctx: Context,
        page: str | None,
        experiment_id: str | int | None,
        *,
        max_results: int,
        page_token: str | None,
    ) -> Page[SavedView]:
        """Those that the caller sees, oldest first; a page may have fewer, where some are in experiments of others."""
        size = check_max_results(max_results, PAGE_LIMIT)
        wanted = None if page is None else _page(page)
        found = await self._store.list(
            ctx.workspace_id,
            ctx.principal.uuid,
            wanted,
            _experiment(ctx, experiment_id),
            max_results=size,
            page_token=page_token,
        )
        return Page([one for one in found.items if _sees(ctx, one)], found.next_page_token)

    async def get(self, ctx: Context, view_id: str) -> SavedView:
        """Raises: NotFound, also for what the caller does not see."""
        check_text("view_id", view_id)
        found = await self._store.find(ctx.workspace_id, view_id)
        if found is None or not _sees(ctx, found):
            raise NotFound(f"There is no saved view {shown(view_id, 100)} here.")
        return found

    async def update(self, ctx: Context, view_id: str, fields: ViewFields) -> SavedView:
        """Change what the request says, and leave the rest.

        Raises: NotFound, InvalidInput, NotAllowed.
        """
        old = await self.get(ctx, view_id)
        _require_change(ctx, old)
        experiment = fields.experiment_id
        new = NewView(
            old.name if fields.name is None else _name(fields.name),
            old.page if fields.page is None else _page(fields.page),
            old.experiment_id if experiment in (None, "") else _experiment(ctx, experiment),
            old.shared if fields.shared is None else fields.shared,
            old.state if fields.state is None else _state(fields.state),
        )
        _require_place(ctx, new)
        if old.owner_uuid != ctx.principal.uuid and not new.shared:
            raise NotAllowed("Only its owner can make a shared view private again.")
        return await self._store.replace(ctx.workspace_id, view_id, new)

    async def delete(self, ctx: Context, view_id: str) -> None:
        """Raises: NotFound, NotAllowed."""
        _require_change(ctx, await self.get(ctx, view_id))
        await self._store.delete(ctx.workspace_id, view_id)


def _sees(ctx: Context, view: SavedView) -> bool:
    """Their own where they read at all; the state may name what is in the experiments that it is of."""
    if view.owner_uuid == ctx.principal.uuid and view.experiment_id is None:
        return True
    if not view.shared and view.owner_uuid != ctx.principal.uuid:
        return False
    return ctx.grants.permits(READ, view.experiment_id)


def _require_place(ctx: Context, new: NewView) -> None:
    """Raises: NotFound where they may not read, NotAllowed where they may not share."""
    if new.experiment_id is not None and not ctx.grants.permits(READ, new.experiment_id):
        raise NotFound(f"No Experiment with id={new.experiment_id} exists")
    if new.shared and not ctx.grants.permits(WRITE, new.experiment_id):
        raise NotAllowed(
            f"{ctx.principal.name} may not do {WRITE} here, so shares no views. Keep it for yourself: shared false."
        )


def _require_change(ctx: Context, view: SavedView) -> None:
    if view.owner_uuid != ctx.principal.uuid and not ctx.grants.permits(WRITE, view.experiment_id):
        raise NotAllowed(f"{ctx.principal.name} may not do {WRITE} here, so changes no views of others.")


def _experiment(ctx: Context, value: str | int | None) -> int | None:
    return None if value in (None, "") else experiment_of(ctx, value or 0)


def _name(name: str) -> str:
    if not name.strip():
        raise InvalidInput("A saved view needs a name that is not blank.")
    check_length("name", name, NAME_LIMIT)
    check_text("name", name)
    return name


def _page(page: str) -> str:
    if not _PAGE.fullmatch(page):
        raise InvalidInput(
            f"Invalid value {shown(page, 100)} for parameter 'page' supplied: up to 50 lower-case letters, digits, '-' and "
            "'_', the first a letter."
        )
    return page


def _state(state: Mapping[str, Any]) -> str:
    try:
        encoded = msgspec.json.encode(state)
    except (ValueError, OverflowError, RecursionError):
        raise InvalidInput("The parameter 'state' holds what cannot be kept as JSON.") from None
    if len(encoded) > STATE_BYTES:
        raise InvalidInput(
            f"The parameter 'state' has {len(encoded)} bytes as JSON; {STATE_BYTES} is the most."
        )
    return encoded.decode()

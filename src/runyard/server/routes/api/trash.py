"""What was deleted: look at it, bring it back, or have it removed for good."""

from __future__ import annotations

from runyard.errors import InvalidInput
from runyard.server.routing import Route, api
from runyard.services.context import Context
from runyard.services.trash import PURGE, Name, Outcome, TrashService
from runyard.wire.api.trash import (
    KeptItem,
    ListTrash,
    Purged,
    PurgeTrash,
    Restored,
    TrashName,
    TrashNames,
    TrashPage,
    TrashSize,
)


def routes(service: TrashService) -> list[Route]:
    """All of them."""

    async def listing(ctx: Context, body: ListTrash) -> TrashPage:
        """List deleted experiments, runs and logged models, the last deleted first; runs of a deleted experiment go with it."""
        page = await service.list(ctx, body.kind, max_results=body.max_results, page_token=body.page_token)
        return TrashPage.of(page)

    async def size(ctx: Context, body: TrashName) -> TrashSize:
        """Count the files of something in the trash, and their bytes; not beyond 10,000 files."""
        found = await service.size(ctx, body.kind, body.id)
        return TrashSize(body.kind, body.id, found.files, found.bytes, found.whole)

    async def restore(ctx: Context, body: TrashNames) -> Restored:
        """Restore what is named, and tell what was kept where it was and why."""
        outcome = await service.restore(ctx, _names(body.items))
        return Restored(_done(outcome), _kept(outcome))

    async def purge(ctx: Context, body: PurgeTrash) -> Purged:
        """Remove for good what is named, or what was deleted long ago: records and files, in the background."""
        if (body.items is None) == (body.older_than_ms is None):
            raise InvalidInput("Name either 'items' or 'older_than_ms'.")
        if body.items is not None:
            outcome = await service.purge(ctx, _names(body.items))
        else:
            outcome = await service.purge_older(ctx, body.older_than_ms or 0)
        return Purged(_done(outcome), _kept(outcome), outcome.more)

    return [
        *api("GET", "/trash", ListTrash, listing, "runs/read", filtered=True),
        *api("GET", "/trash/size", TrashName, size, "runs/read", filtered=True),
        *api("POST", "/trash/restore", TrashNames, restore, "runs/delete", filtered=True),
        *api("POST", "/trash/purge", PurgeTrash, purge, PURGE, filtered=True),
    ]


def _names(items: list[TrashName]) -> list[Name]:
    return [Name(one.kind, one.id) for one in items]


def _done(outcome: Outcome) -> list[TrashName]:
    return [TrashName(*one) for one in outcome.done]


def _kept(outcome: Outcome) -> list[KeptItem]:
    return [KeptItem(*one.item, one.reason) for one in outcome.kept]

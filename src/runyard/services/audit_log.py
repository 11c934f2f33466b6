"""Reading the audit log: pages, export, and whether it is whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from runyard.entities.audit import AuditEntry, AuditQuery, ChainPiece
from runyard.entities.common import Page
from runyard.entities.workspace import Workspace
from runyard.services.checks import check_max_results, check_text
from runyard.services.context import Context

PAGE_LIMIT = 1_000
PIECE = 1_000  # lines read at a time


FindWorkspace = Callable[[str], Awaitable[Workspace | None]]


class AuditReader(Protocol):
    """Reads lines; ids ascend in the order of writing."""

    async def search(
        self, query: AuditQuery, *, max_results: int, page_token: str | None
    ) -> Page[AuditEntry]:
        """A page, newest first."""
        ...

    async def after(self, query: AuditQuery, last_id: int, limit: int) -> Sequence[AuditEntry]:
        """The next lines that fit, oldest first."""
        ...

    async def check(self, last_id: int, last_hash: str, limit: int) -> ChainPiece:
        """Whether the next lines are what was written, each following the one before it."""
        ...


class Verdict(msgspec.Struct, frozen=True):
    """What `verify` found. Whoever keeps entries and last_hash elsewhere can tell later that no line was cut off.

    Attributes:
        entries: lines from the first on that are what was written.
        first_broken: id of the first line that was changed, or that follows a removed one.
    """

    intact: bool
    entries: int
    last_id: int
    last_hash: str
    first_broken: int | None


class AuditLogService:
    """Checks, then asks the store, never for much at once.

    Args:
        workspaces: finds a workspace by its name.
    """

    def __init__(self, store: AuditReader, workspaces: FindWorkspace) -> None:
        self._store = store
        self._workspaces = workspaces

    async def of_workspace(self, ctx: Context, query: AuditQuery) -> AuditQuery:
        """The query for lines of the caller's workspace only; none of an earlier one of the same name."""
        found = await self._workspaces(ctx.workspace)
        born_ms = 0 if found is None else found.created_ms
        return msgspec.structs.replace(
            query, workspace=ctx.workspace, since_ms=max(query.since_ms or 0, born_ms)
        )

    async def search(
        self, ctx: Context, query: AuditQuery, max_results: int, page_token: str | None
    ) -> Page[AuditEntry]:
        """A page, newest first."""
        _check(query)
        size = check_max_results(max_results, PAGE_LIMIT)
        return await self._store.search(query, max_results=size, page_token=page_token)

    async def export(self, ctx: Context, query: AuditQuery) -> AsyncIterator[Sequence[AuditEntry]]:
        """All lines that fit, oldest first, in pieces."""
        _check(query)
        last_id = 0
        while piece := await self._store.after(query, last_id, PIECE):
            yield piece
            last_id = piece[-1].id

    async def verify(self, ctx: Context) -> Verdict:
        """Walk the whole chain. Cost: every line is read and hashed once; other requests are answered meanwhile."""
        count, last_id, last_hash = 0, 0, ""
        while True:
            piece = await self._store.check(last_id, last_hash, PIECE)
            count, last_id, last_hash = count + piece.count, piece.last_id, piece.last_hash
            if piece.broken_id is not None or piece.count < PIECE:
                return Verdict(piece.broken_id is None, count, last_id, last_hash, piece.broken_id)
            await asyncio.sleep(0)


def _check(query: AuditQuery) -> None:
    for name in ("principal", "workspace", "action", "outcome", "name"):
        check_text(name, getattr(query, name) or "")

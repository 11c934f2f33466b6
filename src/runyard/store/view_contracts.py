"""What saved views ask of a store; the rules of store.contracts hold."""

from __future__ import annotations

from typing import Protocol

from runyard.entities.common import Page
from runyard.entities.principal import Principal
from runyard.entities.saved_view import NewView, SavedView


class ViewStore(Protocol):
    """Saved views of a workspace."""

    async def create(self, workspace_id: int, owner: Principal, new: NewView, limit: int) -> SavedView:
        """Raises: NotFound for the experiment; InvalidInput when the owner has `limit` views here already."""
        ...

    async def find(self, workspace_id: int, view_id: str) -> SavedView | None: ...

    async def list(
        self,
        workspace_id: int,
        owner_uuid: str,
        page: str | None,
        experiment_id: int | None,
        *,
        max_results: int,
        page_token: str | None,
    ) -> Page[SavedView]:
        """Shared ones and the owner's own, oldest first; fewer on a page where they are large.

        Cost: rows of the page, and those of others that are private.
        """
        ...

    async def replace(self, workspace_id: int, view_id: str, new: NewView) -> SavedView:
        """Raises: NotFound."""
        ...

    async def delete(self, workspace_id: int, view_id: str) -> None:
        """Raises: NotFound."""
        ...

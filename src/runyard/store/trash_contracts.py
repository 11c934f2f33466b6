"""What the trash asks of a store; the rules of store.contracts hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runyard.entities.common import Page
from runyard.entities.trash import TrashedItem, TrashKind


class TrashStore(Protocol):
    """Deleted experiments, runs and logged models of a workspace. Runs of a deleted experiment are part of that one."""

    async def list(
        self,
        workspace_id: int,
        kinds: Sequence[TrashKind],
        *,
        before_ms: int | None,
        max_results: int,
        page_token: str | None,
    ) -> Page[TrashedItem]:
        """Kind by kind, each with what was deleted last first; nothing that is being purged.

        Cost: the page, and those runs of deleted experiments that were deleted meanwhile.
        Args:
            before_ms: only what was deleted before.
        """
        ...

    async def find(self, workspace_id: int, kind: TrashKind, id: str) -> TrashedItem | None:
        """One of them; None where it is not in the trash."""
        ...

    async def who_deleted(self, workspace: str, items: Sequence[TrashedItem]) -> Sequence[str | None]:
        """Names from the audit log. Cost: a few lines of it for each item."""
        ...

    async def versions_from(self, workspace_id: int, item: TrashedItem) -> Sequence[tuple[str, int]]:
        """Versions of registered models that were made from it, up to a few; they may need its files."""
        ...

    async def is_shared_place(self, workspace_id: int, experiment_id: int) -> bool:
        """Whether files of other experiments are in, above or below the place that an experiment has chosen for its own."""
        ...

    async def restore_model(self, workspace_id: int, model_id: str) -> None:
        """Raises: NotFound."""
        ...

    async def purge(self, workspace_id: int, item: TrashedItem, files: str) -> bool:
        """Have it removed in the background, from the next moment on out of reach of `restore`.

        An experiment's name is free at once. Durable once it returned; twice is fine.

        Args:
            files: directory among the workspace's files that goes with it; empty: none.
        Returns: whether it was in the trash.
        """
        ...

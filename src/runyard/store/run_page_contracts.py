"""What the services ask of a store about the page of a run. The rules of store/contracts.py hold."""

from __future__ import annotations

from typing import Protocol

from runyard.entities.run_page import RunPage
from runyard.store.contracts import Seen


class RunPageStore(Protocol):
    """Pages of runs."""

    async def page(
        self, workspace_id: int, run_id: str, seen: Seen | None, models: Seen | None, *, versions: bool
    ) -> RunPage:
        """A run with what belongs to it, all of one moment; at most 100 children, models and versions.

        Args:
            seen: experiments in which a parent may be shown; models: in which logged models may.
            versions: whether versions of registered models may be shown.
        Cost: the run's rows, and those of what is shown.
        Raises: NotFound.
        """
        ...

"""What the services ask of a store: one Protocol per noun.

For every method: an answer to a write means that it survives power loss; each may be called again with the same
arguments without harm unless its docstring says otherwise; a record of another workspace is NotFound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from runyard.entities.common import Page, Tag, ViewType
from runyard.entities.experiment import Experiment


class Seen(NamedTuple):
    """Experiments by id: all but these, or these alone."""

    ids: frozenset[int]
    all_but: bool


class ExperimentStore(Protocol):
    """Experiments and their tags."""

    async def create(
        self,
        workspace_id: int,
        name: str,
        artifact_root: str,
        location: str | None,
        tags: Sequence[Tag],
        *,
        own_path: str | None = None,
    ) -> int:
        """Make an experiment; without location its artifacts go below artifact_root/<id>.

        Args:
            own_path: folded path of the location among the workspace's files, where it is there.
        Raises: AlreadyExists, also for the name of a deleted experiment.
        """
        ...

    async def get(self, workspace_id: int, experiment_id: int) -> Experiment:
        """One experiment, deleted ones included. Cost: its row and tags."""
        ...

    async def get_by_name(self, workspace_id: int, name: str) -> Experiment:
        """As `get`, by name."""
        ...

    async def search(
        self,
        workspace_id: int,
        *,
        view: ViewType,
        filter_string: str,
        order_by: Sequence[str],
        max_results: int,
        page_token: str | None,
        seen: Seen | None = None,
    ) -> Page[Experiment]:
        """A page of experiments; each record that exists for the whole scan is seen exactly once.

        Args:
            seen: leaves others out, before the page is cut.
        """
        ...

    async def rename(self, workspace_id: int, experiment_id: int, name: str) -> None:
        """Raises: InvalidState when deleted, AlreadyExists."""
        ...

    async def delete(self, workspace_id: int, experiment_id: int) -> None:
        """Soft; its runs go with it. Raises: NotFound when deleted already."""
        ...

    async def restore(self, workspace_id: int, experiment_id: int) -> None:
        """All its runs come back. Raises: NotFound unless deleted."""
        ...

    async def set_tag(self, workspace_id: int, experiment_id: int, tag: Tag) -> None:
        """Raises: InvalidInput when the experiment is deleted."""
        ...

    async def delete_tag(self, workspace_id: int, experiment_id: int, key: str) -> None:
        """Raises: NotFound when there is no such tag."""
        ...

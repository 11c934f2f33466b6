"""What the search of datasets asks of a store; the rules of store.contracts hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runyard.entities.dataset_summary import DatasetSummary


class DatasetSearchStore(Protocol):
    """Datasets that runs named as their inputs."""

    async def search(
        self, workspace_id: int, experiment_ids: Sequence[int], limit: int
    ) -> list[DatasetSummary]:
        """At most limit summaries, each once, by experiment, name, digest and context; unknown ids find nothing."""
        ...

"""The search of datasets as MLflow's UI asks for it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runyard.entities.dataset_summary import DatasetSummary


class SearchDatasets(msgspec.Struct):
    experiment_ids: list[str | int] | None = None


class DatasetSummaryMessage(msgspec.Struct, omit_defaults=True):
    """proto DatasetSummary."""

    experiment_id: str
    name: str
    digest: str
    context: str | None = None


class DatasetSummaries(msgspec.Struct, omit_defaults=True):
    dataset_summaries: list[DatasetSummaryMessage] = []

    @classmethod
    def of(cls, found: Sequence[DatasetSummary]) -> DatasetSummaries:
        """The message of all that was found."""
        return cls(
            [
                DatasetSummaryMessage(str(one.experiment_id), one.name, one.digest, one.context)
                for one in found
            ]
        )

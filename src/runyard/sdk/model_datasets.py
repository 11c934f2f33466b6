"""What data a model was made with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runyard.sdk.dataset_base import DatasetBase
from runyard.sdk.exceptions import UserErrorException

UsedDatasets = Sequence[tuple[str, DatasetBase]] | None


def used_datasets(
    pairs: UsedDatasets, sample_input: DatasetBase | None, sample_output: DatasetBase | None
) -> dict[str, list[dict[str, Any]]]:
    """What data a model was made with, as its record has it. Raises: UserErrorException for unregistered ones."""
    every = [*(pairs or []), *_samples(sample_input, sample_output)]
    found: dict[str, list[dict[str, Any]]] = {}
    for scenario, dataset in every:
        if dataset.id is None:
            raise UserErrorException(
                "A dataset of a model must be registered: dataset = dataset.register(ws, name)."
            )
        found.setdefault(str(scenario), []).append({"name": dataset.name, "id": dataset.id})
    return found


def _samples(
    sample_input: DatasetBase | None, sample_output: DatasetBase | None
) -> list[tuple[str, DatasetBase]]:
    given = (("sample_input", sample_input), ("sample_output", sample_output))
    return [(scenario, dataset) for scenario, dataset in given if dataset is not None]

"""Runyard's TabularDataset."""

from runyard.sdk.dataset_tabular import TabularDataset

__all__ = ["TabularDataset"]

"""Runyard's FileDataset."""

from runyard.sdk.dataset_file import FileDataset

__all__ = ["FileDataset"]

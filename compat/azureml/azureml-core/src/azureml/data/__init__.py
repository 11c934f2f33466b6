"""Datasets, as scripts for Azure ML's SDK v1 import them."""

from azureml.data.file_dataset import FileDataset
from azureml.data.tabular_dataset import TabularDataset

__all__ = ["FileDataset", "TabularDataset"]

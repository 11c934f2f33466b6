"""Runyard's Dataset."""

from runyard.sdk.dataset import Dataset

__all__ = ["Dataset"]

"""Runyard's DataReference."""

from runyard.sdk.data_reference import DataReference

__all__ = ["DataReference"]

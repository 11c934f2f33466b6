"""Runyard's Datastore."""

from runyard.sdk.datastore import Datastore

__all__ = ["Datastore"]

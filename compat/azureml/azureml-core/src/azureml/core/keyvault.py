"""Runyard's Keyvault."""

from runyard.sdk.keyvault import Keyvault

__all__ = ["Keyvault"]

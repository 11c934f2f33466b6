"""Runyard's ResourceConfiguration."""

from runyard.sdk.run_configuration import ResourceConfiguration

__all__ = [
    "ResourceConfiguration",
]

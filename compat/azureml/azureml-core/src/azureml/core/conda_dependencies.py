"""Runyard's CondaDependencies."""

from runyard.sdk.conda_dependencies import CondaDependencies

__all__ = [
    "CondaDependencies",
]

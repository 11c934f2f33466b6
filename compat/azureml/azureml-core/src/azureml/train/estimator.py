"""Runyard's Estimator."""

from runyard.sdk.estimator import Estimator

__all__ = [
    "Estimator",
]

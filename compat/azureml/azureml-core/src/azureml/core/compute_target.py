"""Runyard's ComputeTarget, and the error of one that is not there."""

from runyard.sdk.compute_target import ComputeTarget
from runyard.sdk.exceptions import ComputeTargetException

__all__ = [
    "ComputeTarget",
    "ComputeTargetException",
]

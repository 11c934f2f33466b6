"""Runyard's estimator of scikit-learn."""

from runyard.sdk.estimator import SKLearn

__all__ = [
    "SKLearn",
]

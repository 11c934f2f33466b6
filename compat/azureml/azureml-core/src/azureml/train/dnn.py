"""Runyard's estimators of deep learning."""

from runyard.sdk.estimator import PyTorch, TensorFlow
from runyard.sdk.run_configuration import MpiConfiguration as Mpi

__all__ = [
    "Mpi",
    "PyTorch",
    "TensorFlow",
]

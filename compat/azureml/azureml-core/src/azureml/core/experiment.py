"""Runyard's Experiment."""

from runyard.sdk.experiment import Experiment

__all__ = ["Experiment"]

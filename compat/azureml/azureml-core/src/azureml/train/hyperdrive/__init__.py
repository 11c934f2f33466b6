"""Runyard's sweeps."""

from runyard import sweeps
from runyard.sweeps import *  # noqa: F403

HyperDriveRunConfig = sweeps.HyperDriveConfig  # its name in earlier releases

__all__ = [*sweeps.__all__, "HyperDriveRunConfig"]

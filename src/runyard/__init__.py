"""Runyard: a self-hosted machine-learning workspace."""

from runyard.version import __version__

__all__ = ["__version__"]

"""The Python SDK: one file per noun. All nouns are loaded together, since they make one another."""

from runyard.sdk import workspace

__all__ = ["workspace"]

"""Runyard's ScriptRunConfig."""

from runyard.sdk.script_run_config import ScriptRunConfig

__all__ = [
    "ScriptRunConfig",
]

"""Runyard's ScriptRun."""

from runyard.sdk.script_run import ScriptRun

__all__ = [
    "ScriptRun",
]

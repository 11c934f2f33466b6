"""A run that was submitted."""

from __future__ import annotations

from runyard.sdk.run import Run


class ScriptRun(Run):
    """A submitted run: what `Experiment.submit` gives. It can do what every run can."""

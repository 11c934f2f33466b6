"""What is said of a sweep whose trials do not log what they are compared by. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runyard.entities.job import JobState
from runyard.entities.sweep import SweepConfig, Trial
from runyard.errors import shown

NAMES = 10  # of metrics that a note has
NAME_CHARS = 60


def is_blind(trials: Sequence[Trial]) -> bool:
    """Trials have completed, and none has a point of the primary metric."""
    return any(one.state is JobState.COMPLETED for one in trials) and not any(one.points for one in trials)


def note_of(config: SweepConfig, logged: Sequence[str]) -> str:
    """The note for such a sweep.

    Args:
        logged: the metrics that its trials have instead; of more than NAMES the first are named.
    """
    names = ", ".join(shown(name, NAME_CHARS) for name in logged[:NAMES])
    more = ", …" if len(logged) > NAMES else ""
    instead = f"logged were: {names}{more}" if logged else "they logged no metric"
    return (
        f"No trial logged the primary metric {shown(config.metric)}, so that none is the best ({instead}). "
        "`runyard sweep resubmit --metric` names another."
    )

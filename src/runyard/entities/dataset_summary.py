"""A dataset as the list of an experiment's datasets shows it."""

from __future__ import annotations

import msgspec


class DatasetSummary(msgspec.Struct, frozen=True):
    """One dataset in one role; context is what runs used it for, such as training."""

    experiment_id: int
    name: str
    digest: str
    context: str | None = None
